"""Which rules a change may run again: asked of Snakemake, of a study whose files are empty.

Plans go by names, dates and records of what was run with what; no file of a study is read for them.
What stops where an ingest has made the same bytes again only runs tell.
"""

import re

import pytest
from planner import Planner
from test_own_images import CONFIG as OWN_IMAGES
from workflow_copy import (
    TINY,
    changed,
    copy_workflow,
    every_rule,
    planned_jobs,
    rules_of,
    write_config,
)

# What follows from what, up to the report; each set goes on from those above it.
REPORT = {"write_provenance", "write_report"}
SCORES = REPORT | {"write_metrics"}
SHOWN = REPORT | {"choose_examples"}
PAGE_OF_NAMES = {"write_naming"}
NAMED = REPORT | PAGE_OF_NAMES | {"name_specimens", "plot_naming"}
NAME_SCORES = SCORES | {"score_naming", "write_model_card", "plot_naming"}
DEGRADED_SCORES = SCORES | {"score_degraded"}
DEGRADED = DEGRADED_SCORES | {"extract_degraded"}
NAMES = NAMED | NAME_SCORES | DEGRADED_SCORES | {"train_naming"}
VERSIONS = NAMES | {"extract_versions"}
CHOICE = SCORES | NAMES | SHOWN | {"score_predictions", "plot_classification"}
CONFIDENCE = SCORES | {"measure_confidence", "plot_classification"}
CLASSIFICATION = CHOICE | CONFIDENCE
CLASSIFIERS = CLASSIFICATION | {"train_classifier", "train_network"}
EMBEDDING = SCORES | {"score_embedding", "plot_embedding"}
HELD_OUT = SCORES | {"score_held_out", "plot_embedding"}
REFITS = HELD_OUT | {"train_held_out"}
PLACED = REPORT | {"place_taxa", "plot_embedding"}
RIDGE = HELD_OUT | PLACED | {"train_ridge"}
FOLDS = REFITS | RIDGE | {"embed_held_out"}
GUIDED = REFITS | SHOWN | {"train_embedding"}
UNGUIDED = EMBEDDING | HELD_OUT | {"embed_taxa", "embed_held_out"}
IMAGES_OF_TAXA = GUIDED | RIDGE | UNGUIDED | {"split_taxa", "split_taxa_again"}
PRIOR = SCORES | {"score_prior", "plot_prior"}
RARE = PRIOR | SHOWN | {"predict_rare"}
PRIORS = RARE | {"train_prior"}
VISUAL_GENETIC = SCORES | {"score_visual_genetic", "plot_visual_genetic"}
VARIANTS = VISUAL_GENETIC | {"train_variant"}
VIEWS = VARIANTS | {"pool_views"}
FROZEN = VARIANTS | {"train_frozen"}
REGIMES = VIEWS | FROZEN | {"train_regime"}
MAPS = SCORES | {"map_images"}
# What is drawn beside the inputs tells how images were framed for their features.
FEATURES = CLASSIFIERS | GUIDED | RIDGE | UNGUIDED | PRIORS | FROZEN | MAPS
FEATURES |= {"extract_features", "extract_degraded", "extract_versions", "plot_inputs"}
COVERAGE = {"measure_coverage", "plot_inputs", "plot_genetics"}
SPLITS = CLASSIFIERS | VISUAL_GENETIC | RARE | COVERAGE | {"split_specimens", "extract_degraded"}
PARTS = SPLITS | REGIMES
WEIGHTS = FEATURES | REGIMES | {"train_simclr"}
SEQUENCE_SCORES = SCORES | {"score_sequences", "plot_genetics"}
ANCHORS = SEQUENCE_SCORES | {"measure_anchors"}
VECTORS = SEQUENCE_SCORES | {"embed_sequences"}
TREE = SEQUENCE_SCORES | {"infer_tree"}
SEQUENCES = VECTORS | ANCHORS | VARIANTS | TREE | COVERAGE
SEQUENCES |= {"ingest_sequences", "align_sequences"}
# Species of which there is no more than a sequence are candidates for new specimens.
SEQUENCES |= NAMED | {"train_naming", "write_model_card"}
# New images leave sequences, their vectors and the tree as they are.
SPECIMENS = WEIGHTS | PARTS | ANCHORS | COVERAGE
SPECIMENS |= {"ingest_specimens", "measure_distances", "split_taxa", "split_taxa_again"}
PHOTOGRAPHS = NAMED | {"ingest_unnamed"}
FIGURES = REPORT | {"plot_inputs", "plot_genetics", "plot_classification", "plot_embedding"}
FIGURES |= {"plot_prior", "plot_visual_genetic", "plot_naming"} | MAPS
ALL = SPECIMENS | SEQUENCES | PHOTOGRAPHS | {"simulate_study"}
# What draws nothing by chance, or has seeds of its own.
UNSEEDED = {"simulate_study", "ingest_specimens", "split_specimens", "measure_coverage"}
UNSEEDED |= {"measure_distances", "ingest_sequences", "align_sequences", "embed_sequences"}
UNSEEDED |= {"measure_anchors", "ingest_unnamed"}

#: What is changed in the configuration, and the rules that run for it.
CHANGES = [
    ("figures.dots_per_inch", 70, FIGURES | {"choose_examples"}),  # maps and their table are one
    ("compute.threads", 2, REPORT),
    ("features.store", "elsewhere", REPORT),
    ("classification.bootstraps", 200, CHOICE),
    ("classification.reference", "most_frequent", CHOICE),
    ("classification.confidence", 0.8, CONFIDENCE),
    ("classification.tail", 30, CONFIDENCE),
    ("classification.ranks", ["family"], CLASSIFIERS | VERSIONS | {"extract_degraded"}),
    ("published", "config/bivalvia.published.tsv", REPORT | {"plot_visual_genetic"}),
    (
        "classification.classifiers.random_forest.trees",
        11,
        CLASSIFICATION | {"train_classifier"},
    ),
    (
        "classification.classifiers.joint.network.epochs",
        4,
        CLASSIFICATION | {"train_network"},
    ),
    (
        "classification.classifiers.stratified",
        {"method": "stratified"},
        CHOICE | {"train_classifier"},
    ),
    ("embedding.permutations", 199, EMBEDDING),
    ("embedding.refits", 3, FOLDS),
    ("embedding.variants.mean.centre", False, UNGUIDED),
    ("embedding.folds", 4, FOLDS | {"split_taxa", "split_taxa_again"}),
    ("embedding.deals", 4, RIDGE | {"split_taxa_again", "embed_held_out"}),
    ("embedding.variants.guided.guidance.epochs", 4, GUIDED),
    ("embedding.variants.guided.guidance.refits", 3, REFITS),
    ("embedding.variants.ridge.guidance.criterion", "nearest", RIDGE),
    ("embedding.confidence", 0.8, PLACED),
    ("embedding.min_images", 4, IMAGES_OF_TAXA),
    ("embedding.views", "outside", IMAGES_OF_TAXA),
    ("splits.val", 0.3, PARTS),
    ("splits.seeds", [1, 2, 3], SPLITS),
    ("inputs.sequence_pattern", "(?P<taxon>.*)", SEQUENCES),
    ("genetics.filters.min_length", 50, SEQUENCES),
    ("genetics.sgt.kappa", 2.0, VECTORS | ANCHORS | VARIANTS),
    ("genetics.kmers.letters", 3, VECTORS),
    ("genetics.anchors.raw.average", "mean", ANCHORS),
    ("genetics.tree.bootstraps", 6, TREE),
    ("genetics.bootstraps", 200, SEQUENCE_SCORES),
    ("prior.bootstraps", 99, PRIOR),
    ("prior.permutations", 3, RARE),
    ("prior.relatives", ["taxonomy"], PRIORS),
    ("visual_genetic.tail", 9, VISUAL_GENETIC),
    ("visual_genetic.neighbours", [1, 3], VARIANTS),
    ("visual_genetic.pretraining.epochs", 4, FROZEN),  # control is not trained
    ("visual_genetic.alignment.steps", 30, VARIANTS),
    ("visual_genetic.alignment.weight_decay", 0.1, VARIANTS),
    ("visual_genetic.alignment.views", 2, VIEWS),
    ("visual_genetic.augmentation.rotation", 3, VIEWS),
    ("visual_genetic.variants.aligned.sampling", "balanced", VARIANTS),
    ("visual_genetic.variants.aligned.permutations", 3, VARIANTS),
    ("visual_genetic.hidden", 21, REGIMES),
    ("naming.specimen_pattern", "(?P<specimen>.*)_", PHOTOGRAPHS),
    ("naming.confidence", 0.8, NAMED | NAME_SCORES | DEGRADED_SCORES),
    ("naming.withheld", 0.2, NAME_SCORES),
    ("naming.degraded", ["grey", "cropped"], DEGRADED),
    ("naming.degraded_images", 7, DEGRADED),
    ("naming.augment", ["grey", "blurred"], VERSIONS),
    # these name to all ranks, classifiers to some: other specimens are shown in versions
    ("naming.with", "prior", VERSIONS | DEGRADED),
    ("naming.with", "visual_genetic.frozen", VERSIONS | DEGRADED),
    ("features.repeats", 1, CLASSIFIERS | {"extract_repeats"}),
    ("seed", 2, ALL - UNSEEDED),
    ("simclr.epochs", 3, WEIGHTS),
    ("simclr.image_size", 48, WEIGHTS),
    ("backbones.tiny.preprocessing.image_size", 48, FEATURES | REGIMES),
    ("backbones.tiny.preprocessing.crop_mode", "squash", WEIGHTS),
    ("ingest.background", [0, 0, 0], SPECIMENS | PHOTOGRAPHS),
    ("ingest.contradictions", "keep", SPECIMENS),
    ("simulation.signal", 0.5, ALL),
]


def may_share_a_plan(change, other):
    """Tell whether no rule runs for two changes but those that run for nearly all.

    A change for which nothing else may run is not beside one for which more does.
    """
    if bool(change[2] - SCORES) != bool(other[2] - SCORES):
        return False
    shared = change[2] & other[2]
    return change[0] != other[0] and shared == change[2] & SCORES == other[2] & SCORES


def in_few_plans(changes):
    """Put changes together that may be made at once: a plan takes seconds."""
    plans = []
    for change in changes:
        fits = (plan for plan in plans if all(may_share_a_plan(change, other) for other in plan))
        plan = next(fits, None)
        if plan is None:
            plans.append([change])
        else:
            plan.append(change)
    return plans


@pytest.fixture(scope="module")
def planner(tmp_path_factory):
    """Return a planner of the tiny study after a run that left files of no content."""
    planner = Planner(copy_workflow(tmp_path_factory.mktemp("study")))
    finish(planner, TINY)
    yield planner
    planner.close()


def finish(planner, config):
    """Leave empty files as a whole run of a study would leave full ones."""
    summary = planner.run(*write_config(planner.folder, config), "--cores", "1", "--summary")
    assert summary.returncode == 0, summary.stdout
    for path in re.findall(r"^(re\S+)\t.*\tupdate pending$", summary.stdout, re.M):
        path = planner.folder / path
        if path.suffix:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        else:
            path.mkdir(parents=True)
    words = write_config(planner.folder, config)
    done = planner.run(*words, "--cores", "1", "--touch", "--forceall")
    assert done.returncode == 0, done.stdout


def rules_to_run(planner, config):
    words = write_config(planner.folder, config)
    return set(planned_jobs(planner.run(*words, "--cores", "2", "--dry-run")))


def test_an_unchanged_study_has_nothing_to_do(planner):
    assert rules_to_run(planner, TINY) == set()


PLANS = [
    # Most changes that need a plan of their own run nearly all.
    pytest.param(plan, marks=[pytest.mark.slow] * (len(plan) == 1))
    for plan in in_few_plans(CHANGES)
]


@pytest.mark.parametrize("changes", PLANS, ids=lambda c: " ".join(k for k, *_ in c))
def test_a_change_of_config_runs_what_depends_on_it(planner, changes):
    config = TINY
    for key, value, _ in changes:
        config = changed(config, key, value)
    if rules_to_run(planner, config) != set().union(*(rules for *_, rules in changes)):
        for key, value, rules in changes:
            assert rules_to_run(planner, changed(TINY, key, value)) == rules, key
        pytest.fail("each of these changes runs what it should, together they do not")


def test_without_degraded_pictures_nothing_is_degraded(planner):
    assert rules_to_run(planner, changed(TINY, "naming.degraded", [])) == SCORES


def test_a_scaling_of_its_own_measures_one_set_of_anchors_anew(planner):
    words = write_config(planner.folder, changed(TINY, "genetics.anchors.raw", {"scaling": "none"}))
    planned = planned_jobs(planner.run(*words, "--cores", "2", "--dry-run"))
    assert set(planned) == ANCHORS | {"embed_sequences"}
    assert planned["embed_sequences"] == planned["measure_anchors"] == 1


def test_a_guided_variant_more_or_less_costs_no_other_its_fits(planner):
    variants = dict(TINY["embedding"]["variants"])
    more = variants | {
        "ridge_2": variants["ridge"],
        "guided_2": variants["guided"],
    }
    words = write_config(planner.folder, changed(TINY, "embedding.variants", more))
    planned = planned_jobs(planner.run(*words, "--cores", "2", "--dry-run"))
    assert set(planned) == RIDGE | GUIDED
    fits = ("train_ridge", "train_embedding", "train_held_out")
    assert [planned[rule] for rule in fits] == [1, 1, 1]
    del variants["guided"]
    assert rules_to_run(planner, changed(TINY, "embedding.variants", variants)) == HELD_OUT | SHOWN


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("figures/classification/scores.py", {"write_report", "plot_classification"}),
        ("specimens/splits.py", PARTS),
        ("provenance.py", REPORT),
        ("embedding/placement/calibration.py", {"place_taxa", "plot_embedding", "write_report"}),
        ("genetics/anchors/spaces.py", ANCHORS | VARIANTS),
        ("machine/threads.py", ALL),
    ],
)
def test_an_edit_of_the_library_runs_what_reaches_it(planner, module, rules):
    path = planner.folder / "workflow" / "lib" / "visgen" / module
    text = path.read_text()
    path.write_text(text + "\n# edited\n")
    try:
        assert rules_to_run(planner, TINY) == rules
    finally:
        path.write_text(text)


def test_every_rule_is_reached_by_a_study_but_those_that_are_asked_for(planner):
    files = sorted((planner.folder / "workflow" / "rules").glob("*.smk"))
    rules = {name for file in files for name in rules_of(file)}
    words = write_config(planner.folder, every_rule() | {"dataset": "other"})
    planned = set(planned_jobs(planner.run(*words, "--cores", "2", "--dry-run")))
    # The backbones of this study have not the same variants, so that one rule is there twice.
    asked_for = {"fetch_weights", "convert_weights", "publish"}
    assert planned == rules - asked_for | {"plot_embedding_1"}


def test_a_photograph_to_name_trains_nothing_and_a_new_image_of_ones_own_is_noticed(planner):
    images = planner.folder / "shells" / "Arca_noae"
    images.mkdir(parents=True)
    (images / "Arca_noae_m1_1.png").write_bytes(b"")
    drawer = planner.folder / "drawer"
    drawer.mkdir()
    (drawer / "one.png").write_bytes(b"")
    config = OWN_IMAGES | {"naming": {"images": "drawer"}}
    finish(planner, config)
    assert rules_to_run(planner, config) == set()
    (drawer / "two.png").write_bytes(b"")
    assert rules_to_run(planner, config) == PHOTOGRAPHS - {"write_provenance"}
    (images / "Arca_noae_m2_1.png").write_bytes(b"")
    rules = rules_to_run(planner, config)
    assert {"ingest_specimens", "extract_features", "train_classifier"} <= rules
    # Without tree and sequences nothing is asked for that they are needed for.
    assert not rules & {"embed_taxa", "score_held_out", "measure_distances", "score_sequences"}


def test_the_default_study_has_at_most_64_jobs(planner):
    planned = planned_jobs(planner.run("--cores", "2", "--dry-run", "--resources", "gpu=1"))
    assert sum(planned.values()) + 1 <= 64  # with all
