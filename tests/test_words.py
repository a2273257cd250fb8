"""Every word that a configuration may have is known to the code that it chooses, and no other."""

import ast
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import timm
import torch
import yaml
from timm.data import create_transform
from visgen.classification.classifiers import keeping
from visgen.classification.classifiers import options as classifying
from visgen.classification.classifiers.kept.methods import check_method, method_asked
from visgen.classification.classifiers.kept.steps import apply_step, check_step
from visgen.classification.classifiers.methods import build_members
from visgen.classification.classifiers.resampling import resample_training
from visgen.classification.classifiers.transforms import Transform
from visgen.classification.networks import options as learning
from visgen.classification.networks.metric_losses import _loss_of_rank
from visgen.classification.networks.training import make_optimiser
from visgen.configuration.checks.visual_genetic import size_of_anchors, training_of
from visgen.configuration.schema import load_schema
from visgen.embedding.guidance import options as guiding
from visgen.embedding.guidance.descent import _optimiser
from visgen.embedding.guidance.losses import make_loss
from visgen.embedding.guidance.models import build_model
from visgen.embedding.options import FIXED_POOLINGS, LEARNED_POOLINGS, POOLINGS, is_learned
from visgen.embedding.pooling import pool
from visgen.embedding.ridge.choosing import _score
from visgen.embedding.ridge.options import CRITERIA
from visgen.features.options import INITIAL_WEIGHTS, WEIGHTS
from visgen.genetics.anchors.averages import average_sequences
from visgen.genetics.anchors.measuring import _own_vectors
from visgen.genetics.anchors.options import AVERAGES, ENCODINGS, SOURCES, SPACES
from visgen.genetics.anchors.spaces import to_space
from visgen.genetics.sequences.filters import DUPLICATES, REVERSE_COMPLEMENTS
from visgen.genetics.sequences.ingest import _mark_same_bases, _orient
from visgen.genetics.trees import options as inferring
from visgen.genetics.trees.alignment import align
from visgen.genetics.trees.engines import PROGRAMS
from visgen.genetics.trees.iqtree import iqtree_command
from visgen.genetics.trees.raxml import raxml_command
from visgen.genetics.trees.sequence_distances import IN_SCIKIT_BIO
from visgen.genetics.vectors import options as encoding
from visgen.genetics.vectors.encodings import TRANSFORMS, _embed, embed_sgt
from visgen.genetics.vectors.files import SequenceVectors
from visgen.machine.devices import pick_precision
from visgen.machine.options import PRECISIONS
from visgen.specimens.ingest import ingest
from visgen.specimens.options import CONTRADICTIONS
from visgen.visual_genetic.cross_modal import options as aligning
from visgen.visual_genetic.cross_modal.losses import make_terms
from visgen.visual_genetic.cross_modal.network import Projection
from visgen.visual_genetic.regimes import options as metric
from visgen.visual_genetic.regimes.losses import POWERS, make_metric_loss
from visgen.visual_genetic.regimes.pictures import CHANNELS

ROOT = Path(__file__).parents[1]
SCHEMA_FILE = ROOT / "workflow/schemas/config.schema.yaml"


def cases(source):
    """Return the words that the match statements of some code tell apart."""
    return {
        pattern.value.value
        for pattern in ast.walk(ast.parse(textwrap.dedent(source)))
        if isinstance(pattern, ast.MatchValue)
    }


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (build_members, classifying.RANK_METHODS),
        (Transform._step, classifying.TRANSFORMS),
        (keeping._as_arrays, classifying.RANK_METHODS),
        (check_method, classifying.RANK_METHODS),
        (method_asked, classifying.RANK_METHODS),
        (check_step, {*classifying.TRANSFORMS, "best_features", "pca"}),
        (apply_step, {*classifying.TRANSFORMS, "best_features", "pca"}),
        (make_optimiser, learning.OPTIMISERS),
        (_loss_of_rank, learning.METRIC_LOSSES),
        (pool, FIXED_POOLINGS),
        (build_model, {"equal", *LEARNED_POOLINGS, *guiding.PROJECTIONS}),
        (make_loss, guiding.LOSSES),
        (_score, CRITERIA),
        (_optimiser, guiding.OPTIMISERS),
        (make_metric_loss, metric.LOSSES),
        (make_terms, aligning.LOSSES),
        (Projection.__init__, aligning.LAYERS),
        (pick_precision, PRECISIONS),
        (_own_vectors, SOURCES),
        (align, {*inferring.ALIGNERS, *inferring.CHOICES}),
        (embed_sgt, encoding.SYMBOLS),
        (_embed, encoding.SCALINGS),
        (_mark_same_bases, DUPLICATES),
        (_orient, REVERSE_COMPLEMENTS),
        (ingest, CONTRADICTIONS),
    ],
)
def test_the_code_tells_the_legal_words_apart_and_no_others(function, words):
    assert cases(inspect.getsource(function)) == set(words)


def test_sequences_are_embedded_by_each_encoding():
    assert cases((ROOT / "workflow/scripts/embed_sequences.py").read_text()) == set(ENCODINGS)
    genetics = {"sgt": {"letters": 3}, "kmers": {"letters": 5}}
    sizes = [size_of_anchors({"source": one, "size": None}, genetics) for one in ENCODINGS]
    assert sizes == [4**6, 4**5]


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (POWERS, metric.DISTANCES),
        (CHANNELS, metric.COLOURS),
        (IN_SCIKIT_BIO, inferring.MODELS),
        ({*PROGRAMS, "nj"}, inferring.ENGINES),
        (TRANSFORMS, encoding.ENGINES),
        (LEARNED_POOLINGS, filter(is_learned, POOLINGS)),
        (INITIAL_WEIGHTS, set(WEIGHTS) - {"hub", "simclr"}),
    ],
)
def test_tables_have_the_legal_words_and_no_others(known, words):
    assert set(known) == set(words)


def n_different(results):
    return len({repr(result) for result in results})


def test_every_average_and_space_of_anchors_differs():
    values = np.random.default_rng(1).normal(size=(7, 3))
    taxa = np.array(["Arca"] * 3 + ["Lima"] * 4)
    vectors = SequenceVectors(np.arange(7).astype(str), taxa, ["a", "b", "c"], values)
    means = average_sequences(vectors, "mean")
    assert n_different(average_sequences(vectors, one).to_numpy() for one in AVERAGES) == 2
    spaces = [to_space(means, means.mean() / 2, values, one, None).to_numpy() for one in SPACES]
    assert n_different(spaces) == len(SPACES)


def test_every_regime_is_trained_differently():
    section = {
        "pretraining": {"batch_size": 2, "precision": "auto", "weight_decay": 0.1},
        "balancing": {"beta": 0.9},
        "augmentation": {"noise": 0.1},
    }
    regimes = [training_of(regime, section) for regime in metric.REGIMES]
    assert n_different(regimes) == len(metric.REGIMES)


@pytest.mark.parametrize("command", [iqtree_command, raxml_command])
def test_every_search_for_a_tree_is_a_different_command(command):
    given = {"model": "GTR", "bootstraps": 0, "seed": 1, "threads": 1}
    commands = [command("program", "a.fasta", search=one, **given) for one in inferring.SEARCHES]
    assert n_different(commands) == len(inferring.SEARCHES)


def test_every_way_of_resampling_differs():
    rows = pd.DataFrame({"id": np.repeat(np.arange(13), 3), "repeat": np.tile([0, 1, 2], 13)})
    rows["position"], rows["taxon"] = np.arange(39), (rows["id"] > 2).astype(int)
    rows["stratum"] = rows["id"] // 4

    def found(method, **given):
        rows_of = resample_training(rows, method, 5, seed=1, **given)
        return rows_of.positions.tolist(), rows_of.altered.tolist()

    methods, sources = classifying.RESAMPLINGS, classifying.RAISED_WITH
    assert n_different(found(method) for method in methods) == len(methods)
    assert n_different(found("raise", source=one) for one in sources) == len(sources)
    for source in sources.keys() - {"copies"}:
        ways = [found("raise", source=source, augment=one) for one in classifying.ALTERED]
        assert n_different(ways) == len(classifying.ALTERED)


@pytest.mark.parametrize(("key", "value"), [("source", "mixup"), ("augment", "none")])
def test_an_unknown_way_of_resampling_is_refused(key, value):
    with pytest.raises(ValueError, match=f"resampling {key} '{value}' is unknown"):
        resample_training(pd.DataFrame(), "raise", 5, seed=1, **{key: value})


@pytest.mark.parametrize(
    ("option", "words"),
    [("max_features", classifying.MAX_FEATURES), ("class_weight", classifying.CLASS_WEIGHTS)],
)
def test_every_word_of_a_forest_can_be_fitted(option, words):
    x = np.random.default_rng(1).normal(size=(11, 7))
    for word in words:
        (tree,) = build_members("random_forest", seed=1, trees=1, **{option: word})
        tree.fit(x, np.arange(11) % 3)


def test_options_and_transforms_belong_to_known_methods():
    assert classifying.METHODS_WITH["C"] == ("linear_svm", "rbf_svm", "logistic_regression")
    assert classifying.SUITABLE.keys() <= {*classifying.METHOD_OPTIONS, classifying.NETWORK}
    for steps in classifying.SUITABLE.values():
        assert set(steps) <= classifying.TRANSFORMS.keys()


@pytest.mark.parametrize("margin", aligning.MARGINS)
def test_every_margin_in_words_is_a_margin(margin):
    terms = make_terms(torch.eye(3), "cosine", margin)
    assert torch.equal(terms.margins, torch.eye(3))


def test_pictures_can_be_made_square_in_every_way():
    backbones = load_schema(SCHEMA_FILE)["properties"]["backbones"]
    (one,) = backbones["patternProperties"].values()
    keys = one["properties"]["preprocessing"]["properties"]
    made = [create_transform(32, crop_mode=word) for word in keys["crop_mode"]["enum"]]
    assert n_different(made) == len(made) > 2, timm.__version__


def lists_of_words(part, place=""):
    if isinstance(part, dict):
        if isinstance(part.get("enum"), list):
            yield place.rsplit(".", 1)[1]
        for key, value in part.items():
            yield from lists_of_words(value, f"{place}.{key}")


def test_only_words_of_timm_are_written_into_the_schema():
    raw = yaml.safe_load(SCHEMA_FILE.read_text())
    assert set(lists_of_words(raw)) == {"crop_mode"}


def loaded(tmp_path, text):
    path = tmp_path / "schema.yaml"
    path.write_text(text)
    return load_schema(path)


@pytest.fixture
def toys(monkeypatch):
    words = {
        "KNOTS": ("reef", "bend"),
        "SAILS": {"jib": "in front", "main": "", "spinnaker": ["in front", "downwind"]},
        "RIGS": {"sloop": ("jib", "main")},
    }
    monkeypatch.setitem(sys.modules, "visgen.toys", SimpleNamespace(**words))


@pytest.mark.usefixtures("toys")
def test_words_take_the_place_of_references(tmp_path):
    found = loaded(
        tmp_path,
        """
        description: "{toys.SAILS}, or not; {toys.KNOTS}."
        properties:
          one: {type: [string, "null"], enum: {words: toys.KNOTS}}
          two: {type: [string, number], pattern: {words: toys.SAILS}}
          three: {items: {enum: {words: toys.RIGS.sloop}}, enum: [1, 2]}
          enum: {description: "{toys.RIGS.sloop}"}
        """,
    )
    sails = "jib (in front), main, spinnaker (in front and downwind)"
    assert found["description"] == f"{sails}, or not; reef, bend."
    one, two, three, enum = found["properties"].values()
    assert one["enum"] == ["reef", "bend", None]
    assert two["pattern"] == "^(jib|main|spinnaker)$"
    assert three == {"items": {"enum": ["jib", "main"]}, "enum": [1, 2]}
    assert enum == {"description": "jib, main"}


@pytest.mark.parametrize(
    "reference",
    [
        "toys.KNOT",
        "toy.KNOTS",
        "toys.RIGS.ketch",
        "toys.KNOTS.reef",
        "losses",
    ],
)
@pytest.mark.parametrize(
    "kind", ["enum: {words: %s}", "pattern: {words: %s}", 'description: "{%s}"']
)
@pytest.mark.usefixtures("toys")
def test_a_reference_to_no_words_is_named_with_its_place(tmp_path, kind, reference):
    with pytest.raises(ValueError) as caught:
        loaded(tmp_path, f"properties: {{loss: {{{kind % reference}}}}}")
    assert str(caught.value) == (
        f"schema: properties.loss: there are no words {reference!r} in visgen"
    )


def test_a_configuration_is_checked_without_loading_what_learns():
    code = (
        "import sys; from visgen.configuration.reading import checked_config; "
        "from visgen.configuration.checks.paths import check_files; "
        "from visgen.configuration.schema import load_schema; load_schema(sys.argv[1]); "
        "print({'torch', 'numpy', 'pandas', 'scipy', 'sklearn', 'skbio'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(SCHEMA_FILE)],
        env={"PYTHONPATH": str(ROOT / "workflow/lib")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


def test_every_option_of_guidance_goes_with_one_method_or_with_both():
    variant = load_schema(SCHEMA_FILE)["properties"]["embedding"]["properties"]["variants"][
        "patternProperties"
    ]
    ((_, one),) = variant.items()
    keys = set(one["properties"]["guidance"]["properties"]) - {"method", "refits"}
    assert set(guiding.OPTIONS) == set(guiding.METHODS)
    descent, ridge = (set(guiding.OPTIONS[method]) for method in ("descent", "ridge"))
    assert descent | ridge == keys and not descent & ridge
