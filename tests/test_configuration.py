import copy
import datetime
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from visgen.configuration.checks.models import check_models
from visgen.configuration.checks.paths import check_files
from visgen.configuration.duplicates import check_duplicates
from visgen.configuration.key_table import key_table
from visgen.configuration.reading import checked_config
from visgen.configuration.removed import REMOVED
from visgen.configuration.schema import load_schema
from visgen.simulate.ranks import RANKS

ROOT = Path(__file__).parents[1]
SHARED = Path(__file__).parents[2] / "shared"
SCHEMA = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
SMALLEST = {
    "dataset": "drawer",
    "inputs": {"images": "photographs", "meta": "meta.csv", "ranks": ["family", "genus"]},
    "backbones": {"small": {"model": "test_resnet", "weights": "none"}},
}
SIMULATION = {
    "dataset": "demo",
    "simulation": {},
    "inputs": {
        "ranks": list(RANKS),
        "tree_rank": "species",
        "sequence_rank": "species",
    },
    "backbones": {"small": {"model": "test_resnet", "weights": "none"}},
}
TUNED = {"projection": "none", "optimiser": "adam", "fine_tune": {}}
ABSENT = object()


VISUAL_GENETIC = {
    "backbone": "small",
    "alignment": {"views": 0, "steps": 30},
    "variants": {"own": {"stage2": "features", "regime": "frozen"}},
}


def study(changes, base=SMALLEST):
    config = copy.deepcopy(base)
    for dotted, value in changes.items():
        *sections, last = dotted.split(".")
        part = config
        for name in sections:
            part = part.setdefault(name, {})
        if value is ABSENT:
            del part[last]
        else:
            part[last] = value
    return config


def complaint(config):
    with pytest.raises(ValueError) as caught:
        checked_config(config, SCHEMA)
    message = str(caught.value)
    assert "\n" not in message
    return message


def subschemas(schema, path="config"):
    yield path, schema
    for kind in ("properties", "patternProperties"):
        for name, part in schema.get(kind, {}).items():
            yield from subschemas(part, f"{path}.{name}")
    for kind in ("items", "additionalProperties"):
        if isinstance(schema.get(kind), dict):
            yield from subschemas(schema[kind], f"{path}.{kind}")


def test_schema_is_itself_valid():
    Draft202012Validator.check_schema(SCHEMA)


def test_every_part_of_the_schema_has_a_description():
    assert [path for path, part in subschemas(SCHEMA) if not part.get("description")] == []


def test_no_section_lets_an_unknown_key_live():
    # The arguments of a timm model are timm's own: its keys are checked when it is built.
    open_sections = [
        path
        for path, part in subschemas(SCHEMA)
        if "object" in part.get("type", ()) and "additionalProperties" not in part
    ]
    assert [path.rsplit(".", 1)[1] for path in open_sections] == ["model_args"]
    for path, part in subschemas(SCHEMA):
        assert part.get("additionalProperties") is not True, path


def test_every_default_fits_its_own_schema():
    for path, part in subschemas(SCHEMA):
        if "default" in part and part["default"] != {}:
            assert Draft202012Validator(part).is_valid(part["default"]), path


def test_defaults_are_filled_in_at_all_levels():
    config = checked_config(SMALLEST, SCHEMA)
    assert config["simulation"] is None  # at the top
    assert config["inputs"]["tree"] is None  # in a section that was given
    assert config["splits"] == {"seeds": [1, 2, 3], "stratify_by": None, "test": 0.2, "val": 0.1}
    assert config["features"]["augmentation"]["rotation"] == 15  # in a section of a section
    small = {"model": "test_resnet", "weights": "none", "model_args": {}}
    small |= {"preprocessing": {"crop_mode": "border", "crop_pct": 1.0}, "layers": None}
    small |= {"statistics": ["mean"]}
    assert config["backbones"]["small"] == small  # in a section with a name of one's own
    forest = config["classification"]["classifiers"]["random_forest"]
    given = {"method": "random_forest", "trees": 100, "class_weight": "none"}
    assert forest.items() >= given.items()  # inside a default
    assert forest["tune"] == {"folds": 3, "halving": None, "grid": {}}
    assert forest["resample"] is None


def test_given_values_stay():
    config = checked_config(
        study({"splits.seeds": [7, 5], "features.augmentation.flip": 0}), SCHEMA
    )
    assert config["splits"]["seeds"] == [7, 5]
    assert config["features"]["augmentation"]["flip"] == 0


def backwards(value):
    """Return a configuration with the keys of all its sections the other way round."""
    if not isinstance(value, dict):
        return value
    return {key: backwards(value[key]) for key in reversed(value)}


def test_the_order_of_keys_and_defaults_that_are_written_out_change_nothing():
    """Parameters of a rule are compared as text: another order would run it again."""
    config = study({"visual_genetic": VISUAL_GENETIC})
    alignment = VISUAL_GENETIC["alignment"] | {"momentum": 0.9, "norm_share": None}
    written = study({"visual_genetic.alignment": alignment, "splits": {"val": 0.1}}, config)
    expected = checked_config(config, SCHEMA)
    for other in (written, backwards(config), backwards(written)):
        assert repr(checked_config(other, SCHEMA)) == repr(expected)


def test_checking_changes_neither_the_config_nor_the_schema():
    given, schema = copy.deepcopy(SMALLEST), copy.deepcopy(SCHEMA)
    checked_config(given, schema)["splits"]["seeds"].append(11)
    assert (given, schema) == (SMALLEST, SCHEMA)


@pytest.mark.parametrize("path", REMOVED)
def test_a_key_that_is_no_more_says_what_replaced_it(path):
    key = path.replace("*", "mine")
    message = complaint(study({key: 1}))
    assert message.startswith(f"config key {key}: is no more; ") and REMOVED[path] in message
    assert f"`{path.replace('*', '<name>')}`" not in key_table(SCHEMA)


def test_one_seed_stands_for_all():
    assert checked_config(SMALLEST, SCHEMA)["seed"] == 1
    assert complaint(study({"seed": 0})) == "config key seed: found 0, expected integer, at least 1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"feature": {}},
            "config key feature: unknown; did you mean 'features'? legal keys here: ",
        ),
        (
            {"backbones.small.modle": "x"},
            "config key backbones.small.modle: unknown; did you mean 'model'? legal keys here: "
            "model, weights, model_args, preprocessing, layers, statistics",
        ),
        ({"splits.seed": [1]}, "config key splits.seed: unknown; did you mean 'seeds'?"),
        ({"splits.sead": 1}, "config key splits.sead: unknown; did you mean 'seeds'?"),
        ({"splits.zzz": 1}, "config key splits.zzz: unknown; legal keys here: seeds, stratify_by"),
        ({"dataset": 5}, "config key dataset: found 5, expected string, of the form ^"),
        ({"dataset": "a/b"}, "config key dataset: found 'a/b', expected string, of the form ^"),
        ({"features": None}, "config key features: found None, expected keys with values"),
        (
            {"features.batch_size": "many"},
            "config key features.batch_size: found 'many', expected integer, at least 1",
        ),
        ({"features.batch_size": 32.0}, "found 32.0, expected integer, at least 1"),
        ({"features.batch_size": True}, "found True, expected integer, at least 1"),
        (
            {"splits.seeds": []},
            "config key splits.seeds: found [], expected list, items: at least 1",
        ),
        ({"splits.seeds": [3, 3]}, "expected list, items: at least 1, none twice"),
        ({"splits.seeds": [3, "x"]}, "config key splits.seeds.1: found 'x', expected integer"),
        (
            {"splits.test": 1},
            "config key splits.test: found 1, expected number, more than 0, less than 1",
        ),
        ({"splits.test": "much"}, "config key splits.test: found 'much', expected number"),
        ({"splits.test": float("nan")}, "config key splits.test: found nan, expected number"),
        (
            {"ingest.background": [1, 2, 300]},
            "config key ingest.background.2: found 300, expected integer, at least 0, at most 255",
        ),
        (
            {"features.precision": "float16"},
            "config key features.precision: found 'float16', expected one of auto, float32",
        ),
        ({"backbones": {}}, "config key backbones: found {}, expected keys with values, entries: "),
        (
            {"backbones.with space": {"model": "x", "weights": "none"}},
            "config key backbones: the name 'with space' is not of the form ^[A-Za-z0-9]",
        ),
        (
            {"inputs.columns": {"genus": 3}},
            "inputs.columns.genus: found 3, expected string or list",
        ),
        (
            {"inputs.columns": {"colour": "hue"}},
            "config key inputs.columns.colour: unknown; legal keys here: "
            "filename, specimen, view, source, split, family, genus",
        ),
    ],
)
def test_a_mistake_is_one_line_with_the_key_and_what_is_legal(changes, message):
    assert message in complaint(study(changes))


@pytest.mark.parametrize(
    ("missing", "about"),
    [
        ("dataset", "Name of the study"),
        ("inputs", "The files of the study"),
        ("inputs.ranks", "Taxonomic ranks, coarse to fine"),
        ("backbones", "Frozen networks"),
        (
            "backbones.small.weights",
            "imagenet (those that timm has for the model, downloaded once), hub (downloaded",
        ),
    ],
)
def test_a_missing_key_is_named_with_its_meaning(missing, about):
    assert complaint(study({missing: ABSENT})).startswith(f"config key {missing}: missing; {about}")


def test_a_name_that_yaml_reads_as_a_number_is_refused():
    config = study({})
    config["backbones"][18] = {"model": "test_resnet", "weights": "none"}
    assert complaint(config) == "config key backbones.18: the name 18 is no text; put it in quotes"


@pytest.mark.parametrize("key", ["inputs.tree_rank", "inputs.sequence_rank", "splits.stratify_by"])
def test_an_unknown_rank_is_refused_with_the_known_ones(key):
    expected = f"config key {key}: found 'famliy', expected one of family, genus"
    assert complaint(study({key: "famliy"})) == expected


def test_an_unknown_rank_to_classify_is_refused():
    message = complaint(study({"classification.ranks": ["genus", "tribe"]}))
    assert message.startswith("config key classification.ranks.1: found 'tribe', expected one of")


@pytest.mark.parametrize("key", ["images", "meta", "tree", "sequences", "path_pattern"])
def test_a_simulated_study_takes_no_inputs(key):
    message = complaint(study({f"inputs.{key}": "mine"}, SIMULATION))
    assert message.startswith(f"config key inputs.{key}: found 'mine', expected nothing")


@pytest.mark.parametrize(
    ("key", "value"), [("ranks", ["family", "species"]), ("tree_rank", "genus")]
)
def test_a_simulated_study_has_its_own_ranks(key, value):
    changes = {"inputs.tree_rank": "species", "inputs.sequence_rank": "species"}
    message = complaint(study(changes | {f"inputs.{key}": value}, SIMULATION))
    assert message.startswith(f"config key inputs.{key}: found {value!r}, expected ")


def test_a_simulated_study_needs_the_rank_of_its_sequences():
    message = complaint(study({"inputs.sequence_rank": ABSENT}, SIMULATION))
    assert message.startswith("config key inputs.sequence_rank: found None, expected 'species'")


@pytest.mark.parametrize("empty", [None, ""])
def test_a_study_needs_images(empty):
    assert complaint(study({"inputs.images": empty})).startswith(
        "config key inputs.images: missing"
    )


@pytest.mark.parametrize(
    "changes",
    [{"inputs.meta": None}, {"inputs.path_pattern": "(?P<family>.)(?P<genus>.)"}],
)
def test_labels_come_from_a_table_or_from_paths(changes):
    message = complaint(study(changes))
    assert message.endswith("inputs.meta and inputs.path_pattern: expected exactly one of the two")


def test_a_study_has_a_tree_or_distances():
    changes = {"inputs.tree": "t.nwk", "inputs.distances": "d.csv", "inputs.tree_rank": "family"}
    assert "inputs.tree and inputs.distances: expected at most one" in complaint(study(changes))


@pytest.mark.parametrize(
    ("key", "rank"),
    [("tree", "tree_rank"), ("distances", "tree_rank"), ("sequences", "sequence_rank")],
)
def test_a_tree_or_sequences_need_their_rank(key, rank):
    assert complaint(study({f"inputs.{key}": "file"})) == (
        f"config key inputs.{rank}: missing; needed with inputs.{key}, "
        "expected one of family, genus"
    )


def test_a_bad_regular_expression_is_refused():
    message = complaint(study({"inputs.specimen_pattern": "(?P<specimen>"}))
    assert message.startswith("config key inputs.specimen_pattern: found '(?P<specimen>', no reg")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"inputs.specimen_pattern": "(?P<shell>.)"}, "['shell'], expected specimen"),
        ({"inputs.sequence_pattern": "(.+)"}, "[], expected taxon"),
        (
            {"inputs.meta": None, "inputs.path_pattern": "(?P<family>.)/"},
            "['family'], expected family, genus",
        ),
        (
            {"inputs.meta": None, "inputs.path_pattern": "(?P<family>.)(?P<genus>.)(?P<sex>.)"},
            "['family', 'genus', 'sex'], expected family, genus",
        ),
    ],
)
def test_a_pattern_needs_its_groups_and_no_others(changes, found):
    assert f"found the named groups {found}" in complaint(study(changes))


def test_a_path_pattern_may_name_the_specimen():
    pattern = "(?P<family>[^/]+)/(?P<genus>[^/]+)/(?P<specimen>[^/_]+)_(?P<view>[^/]+)$"
    config = study({"inputs.meta": None, "inputs.path_pattern": pattern})
    assert checked_config(config, SCHEMA)["inputs"]["path_pattern"] == pattern


@pytest.mark.parametrize("key", ["meta", "tree", "distances", "sequences"])
def test_a_missing_file_is_named(tmp_path, key):
    changes = {
        "inputs.images": str(tmp_path),
        "inputs.meta": None,
        "inputs.path_pattern": "(?P<family>.)(?P<genus>.)",
    }
    config = checked_config(study(changes), SCHEMA)
    check_files(config)
    config["inputs"][key] = str(tmp_path / "gone")
    message = f"config key inputs.{key}: found '{tmp_path}/gone', which is no file"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_files(config)


def test_a_missing_folder_of_images_is_named(tmp_path):
    meta = tmp_path / "meta.csv"
    meta.touch()
    config = checked_config(study({"inputs.images": str(meta), "inputs.meta": str(meta)}), SCHEMA)
    with pytest.raises(ValueError, match=r"config key inputs.images: found .*, which is no folder"):
        check_files(config)


@pytest.mark.parametrize("weights", ["imagnet", "no.pth"])
def test_missing_weights_are_named_with_the_other_choices(weights):
    config = checked_config(study({"backbones.small.weights": weights}, SIMULATION), SCHEMA)
    with pytest.raises(ValueError) as caught:
        check_files(config)
    assert str(caught.value) == (
        f"config key backbones.small.weights: found {weights!r}, which is no file "
        "(nor is it imagenet or hub or bundled or none or simclr)"
    )


@pytest.mark.parametrize(
    ("model", "weights", "expected"),
    [
        ("hf-hub:timm/resnet18", "none", "'hub'"),
        ("hf_hub:timm/resnet18@v1", "imagenet", "'hub'"),
        ("resnet18", "hub", "another choice"),
    ],
)
def test_models_of_a_hub_and_no_others_have_its_weights(model, weights, expected):
    changes = {"backbones.small": {"model": model, "weights": weights}}
    assert complaint(study(changes)) == (
        f"config key backbones.small.weights: found {weights!r}, expected {expected}, since "
        f"backbones.small.model is {model!r}"
    )


@pytest.mark.parametrize("weights", ["none", "imagenet", "hub", "simclr"])
def test_a_clip_model_is_a_file(weights):
    changes = {"backbones.small": {"model": "open_clip", "weights": weights}}
    assert complaint(study(changes)) == (
        f"config key backbones.small.weights: found {weights!r}, expected a file that open_clip "
        "wrote, since backbones.small.model is 'open_clip'"
    )


def test_a_clip_model_has_its_config_beside_it(tmp_path):
    (tmp_path / "clip.safetensors").write_text("weights")
    changes = {"model": "open_clip", "weights": str(tmp_path / "clip.safetensors")}
    config = checked_config(study({"backbones.small": changes}, SIMULATION), SCHEMA)
    with pytest.raises(ValueError, match=r"small\.weights, beside it: found '.*open_clip_config\."):
        check_files(config)
    (tmp_path / "open_clip_config.json").write_text("{}")
    check_files(config)
    check_models(config["backbones"])


@pytest.mark.parametrize(
    "model",
    ["hf-hub:resnet18", "hf-hub:../resnet18", "timm/resnet18", "hub:timm/a", "hf-hub:a/b/c"],
)
def test_a_model_that_is_no_name_is_refused(model):
    assert "backbones.small.model" in complaint(study({"backbones.small.model": model}))


def test_missing_initial_weights_are_named_where_they_are_used(tmp_path):
    changes = {"simclr.initial_weights": "gone.pth"}
    check_files(checked_config(study(changes, SIMULATION), SCHEMA))
    config = checked_config(
        study(changes | {"backbones.small.weights": "simclr"}, SIMULATION), SCHEMA
    )
    with pytest.raises(ValueError, match=r"config key simclr.initial_weights: found 'gone.pth'"):
        check_files(config)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model_args": {"pad_type": "same"}},
            "config key backbones.other.model_args: found {'pad_type': 'same'}, expected {} as in "
            "backbones.small, since weights are learned once for the model test_resnet",
        ),
        (
            {"preprocessing": {"mean": [0.5, 0.5, 0.5]}},
            "config key backbones.other.preprocessing.mean: found [0.5, 0.5, 0.5], expected None",
        ),
        (
            {"preprocessing": {"crop_mode": "squash"}},
            "config key backbones.other.preprocessing.crop_mode: found squash, expected border",
        ),
    ],
)
def test_backbones_that_share_learned_weights_agree_on_what_was_learned(changes, message):
    base = study({"backbones.small.weights": "simclr"})
    other = {"model": "test_resnet", "weights": "simclr"}
    shared = study({"backbones.other": other | {"layers": [0]}}, base)
    checked_config(shared, SCHEMA)
    assert complaint(study({"backbones.other": other | changes}, base)).startswith(message)
    checked_config(study({"backbones.other": other | changes | {"weights": "none"}}, base), SCHEMA)


def test_learning_cannot_start_from_itself():
    message = complaint(study({"simclr.initial_weights": "simclr"}))
    assert message.startswith("config key simclr.initial_weights: found 'simclr', expected none")


def test_the_default_study_is_legal(monkeypatch):
    monkeypatch.chdir(ROOT)
    check_files(checked_config(yaml.safe_load(Path("config/config.yaml").read_text()), SCHEMA))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the moth data are not beside the checkout")
def test_the_moth_study_is_legal(monkeypatch):
    monkeypatch.chdir(ROOT)
    check_files(checked_config(yaml.safe_load(Path("config/moths.yaml").read_text()), SCHEMA))


def test_shares_that_leave_nothing_to_train_on_are_refused():
    message = complaint(study({"splits.test": 0.6, "splits.val": 0.5}))
    assert message.startswith("config keys splits.test and splits.val: found 0.6 and 0.5")


def test_a_rank_with_the_name_of_another_column_is_refused():
    message = complaint(study({"inputs.ranks": ["split", "genus"]}))
    assert message.startswith("config key inputs.ranks: a rank cannot be called 'split'")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "most_frequent", "trees": 5}, "rf.trees: most_frequent has no such option"),
        ({"method": "linear_svm", "max_features": 5}, "rf.max_features: linear_svm has no such"),
        ({"method": "nearest_centroid", "C": 5}, "rf.C: nearest_centroid has no such option"),
        (
            {"method": "random_forest", "tune": {"grid": {"C": [1, 2]}}},
            "rf.tune.grid.C: random_forest has no such option; legal keys here: trees",
        ),
        (
            {"method": "lda", "tune": {"halving": "trees"}},
            "rf.tune.halving: found 'trees', but lda has none; expected specimens or nothing",
        ),
        (
            {"method": "random_forest", "tune": {"halving": "trees", "grid": {"trees": [1, 2]}}},
            "rf.tune.halving: found 'trees', but tune.grid.trees chooses their number",
        ),
        (
            {
                "method": "random_forest",
                "resample": {"method": "raise", "to": 9, "with": "repeats"},
            },
            "rf.resample.with: found 'repeats', which needs features.repeats of 1 or more",
        ),
        (
            {"method": "random_forest", "resample": {"method": "reduce", "to": 9, "with": "noise"}},
            "rf.resample.with: reduce adds nothing; leave it out",
        ),
        (
            {
                "method": "random_forest",
                "resample": {
                    "method": "raise",
                    "to": 9,
                    "reduce_first": {"method": "reduce", "to": 7},
                },
            },
            "rf.resample.reduce_first.to: found 7, expected at least the 9 that taxa are raised to",
        ),
        (
            {
                "method": "random_forest",
                "resample": {
                    "method": "reduce",
                    "to": 5,
                    "reduce_first": {"method": "reduce", "to": 7},
                },
            },
            "rf.resample.reduce_first: reduce raises nothing after it; leave it out",
        ),
        ({"method": "lda", "neighbours": 3}, "rf.neighbours: lda has no such option"),
        (
            {"method": "nearest_neighbours", "tune": {"grid": {"gamma": [1]}}},
            "rf.tune.grid.gamma: nearest_neighbours has no such option; legal keys here: "
            "neighbours, best_features, pca",
        ),
        (
            {"method": "random_forest", "resample": {"method": "raise"}},
            "rf.resample.to: missing; Number of training images",
        ),
        (
            {"method": "random_forest", "max_features": "all"},
            "rf.max_features: found 'all', expected string or number",
        ),
        ({"method": "forest"}, "rf.method: found 'forest', expected one of random_forest"),
    ],
)
def test_an_option_that_a_classifier_does_not_have_is_refused(options, message):
    found = complaint(study({"classification.classifiers": {"rf": options}}))
    assert f"config key classification.classifiers.{message}" in found


def test_an_unknown_reference_is_refused():
    found = complaint(study({"classification.reference": "oracle"}))
    assert found.startswith("config key classification.reference: found 'oracle', expected one of")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"classification.classifiers": {"scores.tsv": {"method": "uniform"}}},
            "config key classification.classifiers.scores.tsv: the name would be that of a file",
        ),
        ({"inputs.ranks": ["all", "genus"]}, "config key inputs.ranks: found 'all', which stands"),
        ({"classification.ranks": ["genus", "genus"]}, "config key classification.ranks: found"),
        (
            {
                "classification.classifiers": {
                    "rf": {"method": "random_forest", "tune": {"grid": {"min_samples_leaf": [0]}}}
                }
            },
            "config key classification.classifiers.rf.tune.grid.min_samples_leaf.0: found 0",
        ),
    ],
)
def test_what_would_fail_in_a_job_fails_before_it(changes, message):
    assert complaint(study(changes)).startswith(message)


def test_a_published_table_is_checked_before_any_job(tmp_path):
    path = tmp_path / "published.tsv"
    config = checked_config(study({"published": str(path)}), SCHEMA)
    config["inputs"] |= {"images": str(tmp_path), "meta": None}
    path.write_text("source\trank\n")
    with pytest.raises(ValueError, match="found the columns source, rank, expected source, rank, "):
        check_files(config)
    path.write_text("source\trank\tvariant\tmetric\tvalue\tnote\nX\tgenus\trf\tmcc\thigh\t\n")
    with pytest.raises(ValueError, match="line 2: value 'high' is no number"):
        check_files(config)
    path.write_text(
        "source\trank\tvariant\tagainst\tmetric\tvalue\tnote\nX\tgenus\trf\tlr\tmcc\tlow\t\n"
    )
    with pytest.raises(ValueError, match="line 2: value 'low' is no number"):
        check_files(config)


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"pooling": "attention"}, "v.guidance: missing; attention has to be learned"),
        ({"pooling": "mean", "per_taxon": 9}, "v.per_taxon: goes with guidance only"),
        ({"pooling": "mean", "backbones": ["small"]}, "v.backbones: goes with guidance only"),
        (
            {"pooling": "mean", "backbones": ["vit"], "guidance": {"method": "ridge"}},
            "v.backbones: found 'vit', expected one of efficientnet_lite0",
        ),
        (
            {"pooling": "mean", "guidance": {"projection": "none"}},
            "v.guidance.projection: found 'none', which with the pooling mean leaves nothing",
        ),
        (
            {"pooling": "mean", "guidance": {"largest": 1.7}},
            "v.guidance.largest: goes with the loss mse only",
        ),
        (
            {"pooling": "mean", "guidance": {"learning_rate": 0.1}},
            "v.guidance.learning_rate: goes with the optimiser adam only",
        ),
        (
            {"pooling": "attention", "guidance": {"projection": "none", "components": 3}},
            "v.guidance.components: goes with a projection only",
        ),
        (
            {"pooling": "mean", "guidance": {"hidden": 3}},
            "v.guidance.hidden: goes with gated_attention or two_layer only",
        ),
        (
            {"pooling": "mean", "guidance": {"watched": 0, "patience": 3}},
            "v.guidance.patience: goes with watched taxa only",
        ),
        ({"pooling": "mean", "guidance": {"loss": "hinge"}}, "v.guidance.loss: found 'hinge'"),
        (
            {"pooling": "median", "per_taxon": 9, "guidance": TUNED},
            "v.pooling: found 'median', expected 'mean', the only one that goes with fine_tune",
        ),
        (
            {"pooling": "mean", "per_taxon": 9, "guidance": TUNED | {"projection": "linear"}},
            "v.guidance.projection: found 'linear', expected 'none'",
        ),
        (
            {"pooling": "mean", "per_taxon": 9, "guidance": TUNED | {"optimiser": "lbfgs"}},
            "v.guidance.optimiser: found 'lbfgs', expected 'adam'",
        ),
        ({"pooling": "mean", "guidance": TUNED}, "v.per_taxon: missing; fine_tune holds so many"),
        (
            {"pooling": "mean", "guidance": {"method": "ridge", "penalty": 0.1}},
            "v.guidance.penalty: goes with the method descent only",
        ),
        (
            {"pooling": "mean", "guidance": {"axes": [3]}},
            "v.guidance.axes: goes with the method ridge only",
        ),
        (
            {"pooling": "attention", "guidance": {"method": "ridge"}},
            "v.pooling: found 'attention', which has to be learned; ridge takes mean, median",
        ),
        (
            {"pooling": "mean", "centre": False, "guidance": {"method": "ridge"}},
            "v.centre: ridge centres on known taxa",
        ),
        (
            {"pooling": "mean", "guidance": {"penalty": [0.1, 1], "watched": 0}},
            "v.guidance.penalty: found a list, from which watched taxa choose; expected one",
        ),
        (
            {"pooling": "mean", "whiten": True, "guidance": {"method": "ridge"}},
            "v.whiten: goes with unguided variants that look at images only",
        ),
        (
            {"pooling": "random", "whiten": True},
            "v.whiten: goes with unguided variants that look at images only",
        ),
        (
            {"pooling": "mean", "guidance": {"method": "lasso"}},
            "v.guidance.method: found 'lasso', expected one of descent, ridge",
        ),
    ],
)
def test_guidance_that_would_be_in_vain_is_refused(variant, message):
    config = yaml.safe_load(Path("config/config.yaml").read_text())
    config["embedding"] = {"variants": {"mean": {"pooling": "mean"}, "v": variant}}
    with pytest.raises(ValueError, match=re.escape(f"config key embedding.variants.{message}")):
        checked_config(config, SCHEMA)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"variants": {"r": {"pooling": "random"}}}, "embedding.variants: found none that is nei"),
        (
            {"reference": "r", "variants": {"m": {"pooling": "mean"}, "r": {"pooling": "random"}}},
            "embedding.reference: found 'r', expected one of m",
        ),
    ],
)
def test_guidance_is_measured_against_an_unguided_variant(section, message):
    config = yaml.safe_load(Path("config/config.yaml").read_text()) | {"embedding": section}
    with pytest.raises(ValueError, match=re.escape(f"config key {message}")):
        checked_config(config, SCHEMA)


def test_joined_layers_are_not_fine_tuned():
    variant = {"pooling": "mean", "per_taxon": 9, "guidance": TUNED}
    variants = {"mean": {"pooling": "mean"}, "v": variant}
    changes = {"embedding.variants": variants, "backbones.small.layers": [2, 3]}
    assert complaint(study(changes)) == (
        "config key embedding.variants.v.guidance.fine_tune: does not go with the joined layers "
        "of backbones.small; leave one of the two out"
    )
    variant["backbones"] = ["whole"]
    changes["backbones.whole"] = {"model": "test_resnet", "weights": "none"}
    assert checked_config(study(changes), SCHEMA)["embedding"]["variants"]["v"]["backbones"]


def test_fine_tuning_has_defaults():
    variant = {"pooling": "mean", "per_taxon": 9, "guidance": TUNED}
    variants = {"mean": {"pooling": "mean"}, "v": variant}
    filled = checked_config(study({"embedding.variants": variants}), SCHEMA)
    found = filled["embedding"]["variants"]["v"]["guidance"]["fine_tune"]
    assert found == {"stages": 1, "images_per_taxon": 8}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: config key a: is there twice, first in line 1; keep one"),
        ("a:\n  b: {c: 1, d: 2,\n    c: 3}\n", "line 3: config key a.b.c: is there twice"),
        ("a:\n  - {b: 1, b: 2}\n", "line 2: config key a.b: is there twice, first in line 2"),
        ('a: 1\n"a": 2\n', "line 2: config key a: is there twice"),
    ],
)
def test_a_key_that_is_there_twice_is_refused_with_both_lines(tmp_path, text, message):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(f"{path}: {message}")):
        check_duplicates(path)


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_no_preset_has_a_key_twice(path):
    check_duplicates(path)


#: Keys whose text is free: files and folders of the user's own, patterns, names in their files, and
#: names that have to be among those of another key.
FREE = [
    "config.embedding.variants.<name>.backbones.items",  # one of the backbones, checked
    "config.inputs.images",
    "config.inputs.meta",
    "config.inputs.columns.additionalProperties",
    "config.inputs.columns.additionalProperties.items",
    "config.inputs.missing_values.items",
    "config.inputs.path_pattern",
    "config.inputs.specimen_pattern",
    "config.inputs.tree",
    "config.inputs.distances",
    "config.inputs.tree_rank",
    "config.inputs.sequences",
    "config.inputs.sequence_rank",
    "config.inputs.sequence_table",
    "config.inputs.synonyms",
    "config.inputs.sequence_pattern",
    "config.splits.stratify_by",
    "config.features.store",
    "config.genetics.anchors.<name>.fallback.items",
    "config.genetics.tree.outgroup.items",
    "config.backbones.<name>.weights",
    "config.simclr.initial_weights",
    "config.classification.classifiers.<name>.ranks.items",
    "config.classification.ranks.items",
    "config.classification.reference",
    "config.published",
    "config.embedding.reference",
    "config.naming.backbone",
    "config.naming.images",
    "config.naming.meta",
    "config.naming.place",
    "config.naming.relatives",
    "config.naming.restrict",
    "config.naming.specimen_pattern",
    "config.prior.apart.items",
    "config.prior.backbone",
    "config.prior.rank",
    "config.visual_genetic.backbone",
    "config.visual_genetic.rank",
    "config.visual_genetic.variants.<name>.anchors",
    "config.visual_genetic.unseen.variants.items",
    "config.embedding.views",
]


def test_every_name_that_becomes_a_path_has_a_form():
    # A new key of free text belongs here only if no rule makes a path of it.
    free = [
        re.sub(r"\.\^[^ ]*?\$(?=\.|$)", ".<name>", path)
        for path, part in subschemas(SCHEMA)
        if "string" in part.get("type", ()) and not {"pattern", "enum"} & set(part)
    ]
    assert sorted(free) == sorted(FREE)


NAMED = {
    "dataset": lambda name: {"dataset": name},
    "inputs.ranks": lambda name: {"inputs.ranks": ["family", name]},
    "genetics.anchors": lambda name: {"genetics.anchors": {name: {}}},
    "backbones": lambda name: {"backbones": {name: {"model": "test_resnet", "weights": "none"}}},
    "backbones.small.model": lambda name: {"backbones.small.model": name},
    "classification.classifiers": lambda name: {
        "classification.classifiers": {name: {"method": "uniform"}}
    },
    "embedding.variants": lambda name: {"embedding.variants": {name: {"pooling": "mean"}}},
    "visual_genetic.variants": lambda name: {
        "visual_genetic": {"backbone": "small", "variants": {name: {"regime": "control"}}}
    },
}
ODD = [
    "../x",
    "a/b",
    "a\\b",
    "..",
    ".x",
    "-x",
    " x",
    "x ",
    "x\n",
    "x\0",
    "a b",
    "{x}",
    "é",
    "",
    "x" * 65,
]


@pytest.mark.parametrize("key", NAMED)
def test_a_name_that_would_be_no_plain_folder_is_refused(key):
    checked_config(study(NAMED[key]("x" * 64)), SCHEMA)
    for name in ODD:
        assert complaint(study(NAMED[key](name))).startswith(f"config key {key}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"inputs.ranks": ["Genus", "genus"]},
            "config key inputs.ranks: found 'Genus' and 'genus', which are one file on disks that",
        ),
        (
            {"embedding.variants": {"a": {"pooling": "mean"}, "A": {"pooling": "random"}}},
            "config key embedding.variants: found 'a' and 'A', which are one file",
        ),
        (NAMED["backbones"]("chosen.tsv"), "config key backbones.chosen.tsv: the name would be"),
        (
            NAMED["embedding.variants"]("scores.PNG"),
            "config key embedding.variants.scores.PNG: the",
        ),
        (
            NAMED["visual_genetic.variants"]("regimes"),
            "config key visual_genetic.variants.regimes: found the name 'regimes', which is taken",
        ),
        (NAMED["dataset"]("Con"), "config key dataset: found the name 'Con', which is taken by"),
    ],
)
def test_names_do_not_meet_each_other_nor_files_of_the_workflow(changes, message):
    assert complaint(study(changes)).startswith(message)


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({"simclr.learning_rate": "1e-3"}, 0.001),
        ({"features.batch_size": "3"}, 3),
        ({"splits.seeds": ["4", "7"]}, [4, 7]),
        ({"genetics.filters.max_length": "900"}, 900),
        ({"inputs.tree": "null"}, None),
        ({"visual_genetic": "~"}, None),
    ],
)
def test_text_is_what_it_means_where_no_text_will_do(changes, value):
    key = next(iter(changes))
    found = checked_config(study(changes), SCHEMA)
    for part in key.split("."):
        found = found[part]
    assert found == value


def test_text_is_a_truth_value_where_no_text_will_do():
    variants = {"mean": {"pooling": "mean", "centre": "false"}}
    found = checked_config(study({"embedding.variants": variants}), SCHEMA)
    assert found["embedding"]["variants"]["mean"]["centre"] is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features.batch_size": "010"}, "found '010', expected integer, at least 1"),
        ({"features.batch_size": "1.5"}, "found '1.5', expected integer"),
        ({"seed": 2**31}, "found 2147483648, expected integer, at least 1, at most 2147483647"),
        ({"simclr.learning_rate": 10**400}, "expected number, more than 0"),
        ({"simclr.learning_rate": float("inf")}, "found inf, expected number"),
        (
            {"inputs.missing_values": [False]},
            "found False, expected string; YAML takes yes, no, on",
        ),
        ({"dataset": datetime.date(2024, 1, 2)}, "found 2024-01-02, expected string"),
        ({"dataset": datetime.date(2024, 1, 2)}, "; YAML takes it for a date: quote text"),
        ({"features": None}, "config key features: found None, expected keys with values; nothing"),
        ({"inputs.path_pattern": "x\n"}, "found 'x\\n', expected text without line breaks"),
    ],
)
def test_a_value_is_shown_as_it_was_written(changes, message):
    assert message in complaint(study(changes))


WRONG = [None, "x", [], {}, [None], {"a": {"a": None}}, True, float("nan"), 10**400, b"x", ("a",)]


def test_a_wrong_value_is_one_line_wherever_it_is():
    # A value a key, in turn: every key with every value takes ten times as long.
    for number, (path, _) in enumerate(subschemas(SCHEMA)):
        keys = path.split(".")[1:]
        if not keys or {"items", "additionalProperties"} & set(keys) or "^" in path:
            continue
        value = WRONG[number % len(WRONG)]
        try:
            checked_config(study({".".join(keys): value}), SCHEMA)
        except ValueError as error:
            assert re.fullmatch("config keys? .+", str(error)), path


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("taxa.cvs", "which is no file; did you mean '{}/taxa.csv'?"),
        ("", "which is no file, but a folder"),
        ("{x}.csv", "expected a path without {{ }}"),
        ("empty.csv", "which is empty"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, path, message):
    for name in ("taxa.csv", "{x}.csv"):
        (tmp_path / name).write_text("x")
    (tmp_path / "empty.csv").touch()
    changes = {"inputs.images": str(tmp_path), "inputs.meta": str(tmp_path / path)}
    with pytest.raises(ValueError, match=re.escape(message.format(tmp_path))):
        check_files(checked_config(study(changes), SCHEMA))


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shells").touch()
    config = checked_config(study({"features.store": "shells/features"}, SIMULATION), SCHEMA)
    with pytest.raises(ValueError, match=r"config key features.store: needs .* is a file"):
        check_files(config)
    Path("results").mkdir()
    Path("results/demo").touch()
    with pytest.raises(ValueError, match=r"config key dataset: needs the folder 'results/demo'"):
        check_files(checked_config(SIMULATION, SCHEMA))


@pytest.mark.parametrize(
    ("variant", "how", "key"),
    [
        ({"pooling": "attention", "guidance": {}}, "join", "pooling"),
        ({"pooling": "mean", "guidance": {}, "per_taxon": 9}, "join", "per_taxon"),
        ({"pooling": "mean", "per_taxon": 9, "guidance": TUNED}, "outside", "guidance.fine_tune"),
    ],
)
def test_views_are_told_apart_only_where_each_variant_can(variant, how, key):
    variants = {"mean": {"pooling": "mean"}, "v": variant}
    assert complaint(study({"embedding.variants": variants, "embedding.views": how})) == (
        f"config key embedding.variants.v.{key}: does not go with embedding.views {how!r}; leave "
        "one of the two out"
    )
    checked_config(study({"embedding.variants": variants}), SCHEMA)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"statistics": ["deviation"]}, "small.statistics: goes with layers only"),
        ({"layers": ["final", 1]}, "small.layers: found ['final', 1], expected 'final' last"),
        ({"layers": ["last"]}, "small.layers.0: found 'last', expected"),
    ],
)
def test_statistics_need_layers_and_the_final_one_comes_last(changes, message):
    changes = {f"backbones.small.{key}": value for key, value in changes.items()}
    assert f"config key backbones.{message}" in complaint(study(changes))
    taken = {"layers": [1, "final"], "statistics": ["deviation"]}
    checked_config(study({f"backbones.small.{key}": part for key, part in taken.items()}), SCHEMA)
