import pytest
from test_configuration import SCHEMA, SMALLEST, complaint, study
from visgen.configuration.checks.visual_genetic import (
    alignment_of,
    recognised_rank,
    size_of_anchors,
    stage2_of,
    training_of,
)
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
VARIANT, PLAIN = "visual_genetic.variants.aligned", "visual_genetic.variants.plain"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"visual_genetic.seeds": [1], "visual_genetic.rank": "genus"},
        {f"{VARIANT}.anchors": "small", "visual_genetic.size": 7},
        {f"{VARIANT}.margin": "anchors", f"{VARIANT}.layer": "extra"},
        {f"{VARIANT}.margin": -0.25, f"{VARIANT}.cross_entropy": 1},
        {f"{VARIANT}.anchors": "small", f"{VARIANT}.layer": "genetic"},
        {f"{VARIANT}.weight_decay": 0.1, f"{VARIANT}.sampling": "balanced"},
        {f"{VARIANT}.regime": "ltr", f"{VARIANT}.norm_share": 0.1},
        {f"{VARIANT}.regime": "frozen", f"{VARIANT}.weight_decay": 0.1},
        {f"{PLAIN}.stage2": "supervised", f"{PLAIN}.schedule": "constant"},
        {f"{PLAIN}.regime": "control", f"{PLAIN}.stage2": "projection"},
        {f"{PLAIN}.stage2": "features"},
        {"visual_genetic.unseen": {"variants": ["plain"]}},
        {"visual_genetic": None},
        {"backbones.small.layers": [1, 2]}
        | {f"visual_genetic.variants.{name}.regime": "frozen" for name in ("plain", "aligned")},
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
            "visual_genetic.size: found 256, expected 7, the size of genetics.anchors.small; with "
            "layer: genetic they may differ",
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
        *(
            (
                {f"{VARIANT}.weight_decay": 0.1, f"{VARIANT}.regime": regime},
                "aligned.weight_decay: goes with the regimes wd, ltr, frozen only; leave it out",
            )
            for regime in ("control", "naive")
        ),
        *(
            (
                {f"{VARIANT}.norm_share": 0.1, f"{VARIANT}.regime": regime},
                "aligned.norm_share: goes with the regime ltr only; leave it out",
            )
            for regime in ("control", "naive", "wd", "frozen")
        ),
        (
            {f"{VARIANT}.stage2": "supervised"},
            "aligned.stage2: found 'supervised', expected none beside anchors",
        ),
        *(
            (
                {f"{PLAIN}.{option}": value} | more,
                f"plain.{option}: goes with anchors or stage2: supervised only; leave it out",
            )
            for option, value in (("sampling", "natural"), ("weight_decay", 0.1))
            for more in ({}, {f"{PLAIN}.stage2": "features"}, {f"{PLAIN}.stage2": "projection"})
        ),
        *(
            (
                {f"{PLAIN}.{option}": value, f"{PLAIN}.stage2": "supervised"},
                f"plain.{option}: goes with anchors only; leave it out",
            )
            for option, value in (
                ("margin", 0.3),
                ("loss", "cosine"),
                ("cross_entropy", 1),
                ("layer", "genetic"),
                ("permutations", 19),
            )
        ),
        (
            {f"{PLAIN}.stage2": "aligned"},
            "plain.stage2: found 'aligned', expected one of supervised, projection, features",
        ),
        (
            {f"{VARIANT}.sampling": "even"},
            "aligned.sampling: found 'even', expected one of natural, balanced",
        ),
        (
            {f"{VARIANT}.schedule": "linear"},
            "aligned.schedule: found 'linear', expected one of constant, cosine",
        ),
        (
            {f"{VARIANT}.layer": "two"},
            "aligned.layer: found 'two', expected one of none, extra, genetic",
        ),
        ({f"{VARIANT}.norm_share": 1.5}, "aligned.norm_share: found 1.5, expected"),
        (
            {f"{VARIANT}.loss": "reciprocal", f"{VARIANT}.margin": 0.1},
            "aligned.margin: goes with loss: cosine only; leave it out",
        ),
        (
            {"visual_genetic.alignment": {"norm_share": 0.1}},
            "visual_genetic.alignment.norm_share: no variant has a regime that it goes with, ltr",
        ),
        (
            {"visual_genetic.alignment": {"weight_decay": 0.1}}
            | {f"{name}.regime": "naive" for name in (PLAIN, VARIANT)},
            "visual_genetic.alignment.weight_decay: no variant has a regime that it goes with, wd",
        ),
        (
            {"visual_genetic.alignment": {"epochs": 4}},
            "config key visual_genetic.alignment.epochs: is no more; its place has "
            "visual_genetic.alignment.steps",
        ),
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
        ("frozen", {"batch_size": 8, "epochs": 3, "weight_decay": 0.1}, {}),
    ],
)
def test_a_regime_takes_no_option_that_it_does_not_use(regime, pretraining, balancing):
    all_of_them = {"batch_size": 8, "precision": "auto", "epochs": 3, "weight_decay": 0.1}
    section = {"pretraining": all_of_them, "balancing": {"beta": 0.9}, "augmentation": {"noise": 1}}
    expected = {"pretraining": pretraining, "balancing": balancing}
    expected["augmentation"] = {} if regime in ("control", "frozen") else {"noise": 1}
    assert training_of(regime, section) == expected


ALIGNMENT = {
    "steps": 30,
    "batch_size": 7,
    "sampling": "natural",
    "learning_rate": 0.1,
    "schedule": "cosine",
    "momentum": 0.9,
    "weight_decay": 0.3,
    "norm_share": 0.2,
    "views": 2,
    "margin": 0.5,
    "cross_entropy": 0.4,
}
OPTIONAL = ("stage2", "sampling", "schedule", "weight_decay", "norm_share")
OPTIONAL += ("margin", "loss", "cross_entropy", "layer")


def variant_of(regime, anchors=None, permutations=0, **given):
    own = {"regime": regime, "anchors": anchors, "permutations": permutations}
    return dict.fromkeys(OPTIONAL) | own | given


def options_of(regime, anchors=None, **given):
    return alignment_of(variant_of(regime, anchors, **given), {"alignment": ALIGNMENT})


@pytest.mark.parametrize(
    ("regime", "taken"),
    [
        ("control", {"weight_decay": 0.0, "norm_share": None, "views": 2}),
        ("naive", {"weight_decay": 0.0, "norm_share": None, "views": 2}),
        ("wd", {"weight_decay": 0.3, "norm_share": None, "views": 2}),
        ("ltr", {"weight_decay": 0.3, "norm_share": 0.2, "views": 2}),
        ("frozen", {"weight_decay": 0.3, "norm_share": None, "views": 0}),
    ],
)
def test_stage_2_decays_and_has_views_where_the_regime_does(regime, taken):
    added = {"loss": "cosine", "layer": "none", "stage2": "anchors", "permutations": 7}
    assert options_of(regime, "real", permutations=7) == ALIGNMENT | added | taken
    supervised = options_of(regime, stage2="supervised")
    of_anchors = {"margin", "cross_entropy", "loss", "layer"}
    expected = ALIGNMENT | added | taken | {"stage2": "supervised", "permutations": 0}
    assert supervised == {k: v for k, v in expected.items() if k not in of_anchors}
    for stage2 in ("projection", "features"):
        assert options_of(regime, stage2=stage2) == {"stage2": stage2}


def test_reciprocal_triplets_have_no_margin_that_could_run_them_again():
    assert options_of("ltr", "real", loss="reciprocal")["margin"] is None


def test_a_variant_s_own_options_come_before_those_of_the_section():
    own = {"margin": "anchors", "loss": "cosine", "cross_entropy": 0, "layer": "extra"}
    own |= {"sampling": "balanced", "schedule": "constant", "weight_decay": 0, "norm_share": 0}
    assert own.items() <= options_of("ltr", "real", **own).items()


@pytest.mark.parametrize(
    ("variant", "stage2"),
    [
        (variant_of("control"), "features"),
        (variant_of("wd"), "projection"),
        (variant_of("frozen"), "projection"),
        (variant_of("control", stage2="projection"), "projection"),
        (variant_of("frozen", stage2="features"), "features"),
        (variant_of("naive", stage2="supervised"), "supervised"),
        (variant_of("control", "real"), "anchors"),
    ],
)
def test_a_variant_without_a_word_does_what_its_regime_is_good_for(variant, stage2):
    assert stage2_of(variant) == stage2


@pytest.mark.parametrize(
    ("options", "size"),
    [({"source": "kmers"}, 64), ({"source": "tree"}, 256), ({"source": "sgt", "size": 5}, 5)],
)
def test_anchors_have_the_size_of_their_vectors(options, size):
    genetics = {"sgt": {"letters": 2}, "kmers": {"letters": 3}}
    assert size_of_anchors({"size": None} | options, genetics) == size
