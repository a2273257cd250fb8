"""What a configuration may say of names, and which files follow from it."""

import re
from pathlib import Path

import pytest
import yaml
from test_configuration import SCHEMA, SMALLEST, complaint, study
from visgen.configuration.plan_of_naming import NamingPlan
from visgen.configuration.reading import checked_config
from workflow_copy import changed

DEMO = yaml.safe_load(Path("config/config.yaml").read_text())


def with_naming(section, **changes):
    """Return the demo's configuration with another section naming, and other keys beside."""
    config = DEMO | {"naming": section}
    for key, value in changes.items():
        config = changed(config, key.replace("__", "."), value)
    return config


def plan_of(section, **changes):
    return NamingPlan(checked_config(with_naming(section, **changes), SCHEMA))


VARIANTS = {
    "features": {"regime": "frozen", "stage2": "features"},
    "frozen": {"regime": "frozen"},
    "untrained": {"regime": "control"},
    "aligned": {"regime": "control", "anchors": "centred"},
    "told": {"regime": "control", "anchors": "centred", "cross_entropy": 0.5},
    "trained": {"regime": "wd", "anchors": "centred"},
}


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ({"with": "forest"}, {}, "with: found 'forest', expected"),
        ({"with": "visual_genetic.real"}, {"visual_genetic": None}, "with: found"),
        (
            {"with": "visual_genetic.features"},
            {},
            "with: found 'visual_genetic.features', expected one of classification, prior, "
            "visual_genetic.frozen, visual_genetic.told, visual_genetic.trained",
        ),
        (
            {"with": "visual_genetic.frozen", "seeds": [2]},
            {},
            "seeds: found 2, expected one of 1",
        ),
        (
            {"with": "visual_genetic.frozen", "backbone": "small"},
            {"backbones__small": {"model": "test_resnet", "weights": "none"}},
            "backbone: found 'small', but with visual_genetic.frozen it is that of the network",
        ),
        (
            {"with": "visual_genetic.trained"},
            {},
            "degraded: found ['grey', 'blurred', 'cropped', 'outline'], expected an empty list",
        ),
        (
            {"with": "visual_genetic.trained", "degraded": []},
            {"visual_genetic__colour": "grey"},
            "with: found 'visual_genetic.trained', whose network sees grey",
        ),
        ({"relatives": "tree"}, {}, "relatives: found 'tree', which goes with naming.with: prior"),
        ({"with": "prior"}, {"prior": None}, "with: found 'prior', which needs a section prior"),
        ({"backbone": "vit"}, {}, "backbone: found 'vit', expected one of"),
        ({"seeds": [9]}, {}, "seeds: found 9, expected one of"),
        ({"place": "here"}, {}, "place: found 'here', which needs a table"),
        ({"images": "drawer"}, {}, "images: found 'drawer', but a simulated study has"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(section, changes, message):
    if changes.get("visual_genetic", 0) is not None:
        changes = {"visual_genetic__variants": VARIANTS, "visual_genetic__unseen": None} | changes
    with pytest.raises(ValueError, match=re.escape(f"config key naming.{message}")):
        checked_config(with_naming(section, **changes), SCHEMA)


@pytest.mark.parametrize("key", ["meta", "specimen_pattern", "restrict"])
def test_what_needs_photographs_is_refused_without(key):
    found = complaint(study({"naming": {key: "x"}}, SMALLEST))
    assert found.startswith(f"config key naming.{key}: found 'x', which needs photographs")


def test_names_by_a_network_depend_on_its_own_files_alone():
    plan = plan_of(
        {"with": "visual_genetic.real"},
        visual_genetic__seeds=[1, 2],
        visual_genetic__unseen={"variants": ["real"]},
    )
    assert plan.ranks == ["subclass", "order", "family", "genus", "species"]
    assert (plan.backbone, plan.chosen, plan.classifiers) == ("efficientnet_lite0", [], {})
    assert (plan.relatives, plan.sees_anew, plan.image_size) == ([], False, None)
    assert plan.seeds == [1, 2]
    kept = plan.networks(plan.kept_runs)
    own = "results/demo/visual_genetic/real/seed-1"
    assert kept == {
        "networks": [f"{own}/checkpoint.safetensors"],
        "network_images": [f"{own}/embeddings.npz"],
        "regimes": ["results/demo/visual_genetic/regimes/frozen/seed-1/checkpoint.safetensors"],
        "pooled": [],
    }
    scopes = ("visual_genetic", "unseen_species", "unseen_genera")
    assert plan.scored_runs == [(scope, seed) for scope in scopes for seed in (1, 2)]
    assert plan.withheld_taxa == ["results/demo/visual_genetic/withheld.tsv"]


def test_a_variant_that_was_trained_on_all_taxa_alone_says_nothing_of_new_ones():
    plan = plan_of({"with": "visual_genetic.frozen"})
    assert plan.scored_runs == plan.known_runs == [("visual_genetic", 1)]
    assert plan.withheld_taxa == []


def test_a_network_that_was_trained_to_see_brings_its_own_features():
    plan = plan_of(
        {"with": "visual_genetic.trained", "degraded": []},
        visual_genetic__variants=VARIANTS,
        visual_genetic__unseen=None,
        visual_genetic__image_size=96,
    )
    assert plan.networks(plan.kept_runs)["pooled"] == [
        "results/demo/visual_genetic/regimes/wd/seed-1/pooled.npz"
    ]
    assert (plan.sees_anew, plan.image_size) == (True, 96)
    assert plan.looking == {
        key: plan.config["visual_genetic"]["pretraining"][key]
        for key in ("batch_size", "precision")
    }


def test_other_heads_have_no_networks():
    for head in ("prior", "classification"):
        plan = plan_of({"with": head})
        assert plan.kept_runs == plan.scored_runs == plan.known_runs == []
        assert not any(plan.networks([]).values()) and plan.withheld_taxa == []
