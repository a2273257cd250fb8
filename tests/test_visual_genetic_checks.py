import pytest
from test_configuration import SCHEMA, SMALLEST, complaint, study
from visgen.configuration.checks.visual_genetic import recognised_rank, size_of_anchors, training_of
from visgen.configuration.reading import checked_config

BASE = study(
    {
        "inputs.sequences": "rdna.fasta",
        "inputs.sequence_rank": "genus",
        "genetics.anchors": {"real": {}, "small": {"size": 7}},
        "visual_genetic": {
            "backbone": "small",
            "variants": {
                "plain": {"regime": "wd"},
                "aligned": {"regime": "wd", "anchors": "real", "permutations": 19},
            },
        },
    },
    SMALLEST,
)
VARIANT = "visual_genetic.variants.aligned"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"visual_genetic.seeds": [1], "visual_genetic.rank": "genus"},
        {f"{VARIANT}.anchors": "small", "visual_genetic.size": 7},
        {f"{VARIANT}.margin": "anchors", f"{VARIANT}.layer": "extra"},
        {f"{VARIANT}.margin": -0.25, f"{VARIANT}.cross_entropy": 1},
        {"visual_genetic.unseen": {"variants": ["plain"]}},
        {"visual_genetic": None},
    ],
)
def test_what_fits_together_is_accepted(changes):
    checked_config(study(changes, BASE), SCHEMA)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"visual_genetic.backbone": "large"}, "backbone: found 'large', expected one of small"),
        (
            {"backbones.small.layers": [1, 2]},
            "visual_genetic.backbone: found 'small', whose layers are joined",
        ),
        ({"visual_genetic.seeds": [7]}, "visual_genetic.seeds: found 7, expected one of 1"),
        ({"visual_genetic.rank": "order"}, "visual_genetic.rank: found 'order', expected one of"),
        (
            {"visual_genetic.rank": "family"},
            "visual_genetic.rank: found 'family', expected 'genus' as in inputs.sequence_rank, "
            "since visual_genetic.variants.aligned has anchors",
        ),
        ({f"{VARIANT}.anchors": "other"}, "anchors: found 'other', expected one of real, small"),
        (
            {f"{VARIANT}.anchors": "small"},
            "visual_genetic.size: found 256, expected 7, the size of genetics.anchors.small",
        ),
        (
            {"genetics.sgt": {"letters": 1}},
            "visual_genetic.size: found 256, expected 16, the size of genetics.anchors.real",
        ),
        ({f"{VARIANT}.anchors": None}, "aligned.permutations: goes with anchors only"),
        (
            {"visual_genetic.variants.plain.margin": 0.3},
            "plain.margin: goes with anchors only; leave it out",
        ),
        ({f"{VARIANT}.margin": "own"}, "aligned.margin: found 'own', expected number or string"),
        ({f"{VARIANT}.regime": "best"}, "regime: found 'best', expected one of control, naive"),
        (
            {"visual_genetic.unseen": {"variants": ["best"]}},
            "visual_genetic.unseen.variants: found 'best', expected one of plain, aligned",
        ),
        (
            {"inputs.sequences": None},
            "visual_genetic.variants.aligned.anchors: needs inputs.sequences",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_in_one_line(changes, message):
    assert message in complaint(study(changes, BASE))


def test_the_recognised_rank_is_that_of_the_sequences_or_the_finest():
    section = {"visual_genetic": {"rank": None}}
    inputs = {"ranks": ["family", "genus", "species"], "sequence_rank": "genus"}
    assert recognised_rank(section | {"inputs": inputs}) == "genus"
    inputs["sequence_rank"] = None
    assert recognised_rank(section | {"inputs": inputs}) == "species"


@pytest.mark.parametrize(
    ("regime", "pretraining", "balancing"),
    [
        ("control", {"batch_size": 8, "precision": "auto"}, {}),
        ("naive", {"batch_size": 8, "precision": "auto", "epochs": 3}, {}),
        ("wd", {"batch_size": 8, "precision": "auto", "epochs": 3, "weight_decay": 0.1}, {}),
        (
            "ltr",
            {"batch_size": 8, "precision": "auto", "epochs": 3, "weight_decay": 0.1},
            {"beta": 0.9},
        ),
    ],
)
def test_a_regime_takes_no_option_that_it_does_not_use(regime, pretraining, balancing):
    all_of_them = {"batch_size": 8, "precision": "auto", "epochs": 3, "weight_decay": 0.1}
    section = {"pretraining": all_of_them, "balancing": {"beta": 0.9}, "augmentation": {"noise": 1}}
    expected = {"pretraining": pretraining, "balancing": balancing}
    expected["augmentation"] = {} if regime == "control" else {"noise": 1}
    assert training_of(regime, section) == expected


@pytest.mark.parametrize(
    ("options", "size"),
    [({"source": "kmers"}, 64), ({"source": "tree"}, 256), ({"source": "sgt", "size": 5}, 5)],
)
def test_anchors_have_the_size_of_their_vectors(options, size):
    genetics = {"sgt": {"letters": 2}, "kmers": {"letters": 3}}
    assert size_of_anchors({"size": None} | options, genetics) == size
