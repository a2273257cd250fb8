import copy
from pathlib import Path

import pytest
import yaml
from test_configuration import SCHEMA, SIMULATION, SMALLEST, study
from visgen.configuration.plan import Plan, given
from visgen.configuration.reading import checked_config
from visgen.embedding.guidance.options import OPTIONS
from visgen.features.options import BUNDLED_MODEL, WEIGHTS

CONFIGS = Path(__file__).parents[1] / "config"
GUIDED = {
    "mean": {"pooling": "mean"},
    "raw": {"pooling": "mean", "centre": False},
    "random": {"pooling": "random"},
    "attention": {"pooling": "attention", "guidance": {"refits": 7}},
    "projected": {"pooling": "mean", "guidance": {}},
}
TUNED = {
    "pooling": "mean",
    "per_taxon": 5,
    "guidance": {"projection": "none", "optimiser": "adam", "fine_tune": {}},
}
LARGE = {"model": "test_resnet", "weights": "none"}
VISUAL_GENETIC = {
    "backbone": "small",
    "variants": {
        "control": {"regime": "control"},
        "plain": {"regime": "ltr"},
        "aligned": {"regime": "ltr", "anchors": "raw", "margin": 0.3, "permutations": 3},
    },
}


def plan(changes=None, base=SIMULATION):
    return Plan(checked_config(study(changes or {}, base), SCHEMA))


def visual_genetic(changes=None):
    keys = {
        "visual_genetic": copy.deepcopy(VISUAL_GENETIC),
        "genetics.anchors": {"raw": {}, "other": {}},
    }
    return plan(keys | (changes or {})).visual_genetic


def test_a_simulated_study_has_its_files_where_they_are_made():
    made = plan()
    assert made.results == "results/demo" and made.simulated == "resources/simulated/demo"
    assert made.inputs["images"] == "resources/simulated/demo/images"
    assert made.images_made == ["resources/simulated/demo/images"]
    assert made.inputs["tree"] == made.trusted_tree == "resources/simulated/demo/tree.nwk"
    assert made.study_files == [
        "resources/simulated/demo/meta.csv",
        "resources/simulated/demo/tree.nwk",
        "resources/simulated/demo/sequences.fasta",
    ]
    assert made.tree_distances == made.sequenced_distances == ["results/demo/distances/species.tsv"]
    assert made.has_sequences and made.has_tree and not made.is_inferred


def test_a_plan_leaves_the_configuration_as_it_is():
    config = checked_config(study({}, SIMULATION), SCHEMA)
    before = str(config)
    assert Plan(config).inputs["tree"] and Plan(config).score_tables
    assert str(config) == before


def test_a_study_of_ones_own_without_tree_and_sequences_asks_for_neither():
    made = plan(base=SMALLEST)
    assert made.simulated is None and made.images_made == []
    assert made.tree_distances == [] and made.trusted_tree is None
    assert not made.has_sequences and not made.has_tree
    assert made.visual_genetic is None
    assert made.score_tables == [
        "results/drawer/classification/small/scores.tsv",
        "results/drawer/classification/small/confidence.tsv",
        "results/drawer/features/small/map.scores.tsv",
    ]


def test_an_inferred_tree_is_trusted_by_nobody_and_lies_with_the_sequences():
    own = {
        "inputs.sequences": "rdna.fasta",
        "inputs.sequence_rank": "genus",
        "inputs.tree": "inferred",
        "inputs.tree_rank": "genus",
        "genetics.tree": {"engine": "nj"},
    }
    made = plan(own, SMALLEST)
    assert made.inputs["tree"] == "results/drawer/genetics/tree.nwk"
    assert made.is_inferred and made.infers_tree and made.trusted_tree is None
    assert plan(own | {"inputs.tree": "given.nwk"}, SMALLEST).trusted_tree == "given.nwk"
    of_family = plan(own | {"inputs.tree": "given.nwk", "inputs.tree_rank": "family"}, SMALLEST)
    assert of_family.trusted_tree is None and of_family.sequenced_distances == []
    simulated = plan({"inputs.tree": "inferred", "genetics.tree": {"engine": "nj"}})
    assert simulated.inputs["tree"] == "results/demo/genetics/tree.nwk"
    assert simulated.trusted_tree == "resources/simulated/demo/tree.nwk"


def test_every_part_of_a_study_has_its_table_of_scores():
    changes = {
        "backbones.large": LARGE,
        "visual_genetic": VISUAL_GENETIC,
        "genetics.anchors": {"raw": {}},
    }
    assert plan(changes).score_tables == [
        "results/demo/classification/small/scores.tsv",
        "results/demo/classification/small/confidence.tsv",
        "results/demo/classification/large/scores.tsv",
        "results/demo/classification/large/confidence.tsv",
        "results/demo/classification/backbones.tsv",
        "results/demo/features/small/map.scores.tsv",
        "results/demo/features/large/map.scores.tsv",
        "results/demo/genetics/scores.tsv",
        "results/demo/visual_genetic/scores.tsv",
        "results/demo/visual_genetic/spaces.tsv",
        "results/demo/embedding/small/scores.tsv",
        "results/demo/embedding/large/scores.tsv",
        "results/demo/embedding/held_out.tsv",
    ]


def test_the_plainest_vectors_see_images_and_not_the_tree():
    variants = {
        "random": {"pooling": "random"},
        "guided": {"pooling": "mean", "guidance": {}},
        "mean": {"pooling": "mean"},
    }
    made = plan({"backbones.large": LARGE, "embedding.variants": variants}).embedding
    assert made.plainest == [("small", "mean"), ("large", "mean")]


def test_weights_come_from_a_hub_a_training_a_file_or_nowhere():
    backbones = {
        "none": {"model": "test_resnet", "weights": "none"},
        "hub": {"model": "resnet18", "weights": "imagenet"},
        "owned": {"model": "hf-hub:timm/resnet18@v1", "weights": "hub"},
        "file": {"model": "resnet18", "weights": "mine.safetensors"},
        "learned": {"model": "resnet50", "weights": "simclr"},
    }
    made = plan({"backbones": backbones, "simclr.initial_weights": "imagenet"}).features
    assert made.weights_of("none") == []
    assert made.weights_of("hub") == ["resources/weights/resnet18.safetensors"]
    owned = "resources/weights/hf-hub%3Atimm%2Fresnet18%40v1.safetensors"
    assert made.weights_of("owned") == [owned]
    assert made.weights_of("file") == ["mine.safetensors"]
    assert made.weights_of("learned") == ["results/demo/simclr/resnet50/weights.safetensors"]
    assert made.learned_models == ["resnet50"]
    assert made.initial_weights_of("resnet50") == ["resources/weights/resnet50.safetensors"]
    assert made.weights_files == [
        "mine.safetensors",
        owned,
        "resources/weights/resnet18.safetensors",
        "resources/weights/resnet50.safetensors",
        "results/demo/simclr/resnet50/weights.safetensors",
    ]


def test_the_tower_of_a_clip_model_is_converted_from_a_file_and_the_config_beside_it():
    clip = {"model": "open_clip", "weights": "data/clip/open_clip_model.safetensors"}
    made = plan({"backbones": {"clip": clip}}).features
    assert made.weights_of("clip") == ["results/demo/weights/clip.safetensors"]
    source = ["data/clip/open_clip_config.json", "data/clip/open_clip_model.safetensors"]
    assert [made.open_clip_config_of("clip"), made.open_clip_weights_of("clip")] == source
    assert made.weights_files == [*source, "results/demo/weights/clip.safetensors"]


def test_no_word_for_weights_is_taken_for_a_file():
    for word in WEIGHTS:
        model = "hf-hub:timm/resnet18" if word == "hub" else BUNDLED_MODEL
        made = plan({"backbones.small": {"model": model, "weights": word}})
        assert word not in made.features.weights_of("small")


def features_plan(changes):
    return plan(changes).features


def test_what_a_model_is_trained_as_changes_with_what_decides_its_weights_alone():
    base = {
        "backbones.small": {
            "model": "test_resnet",
            "weights": "simclr",
            "preprocessing": {"image_size": 64, "mean": [0.5, 0.5, 0.5]},
        },
        "simclr.image_size": 32,
    }
    trained = features_plan(base).trained_as("test_resnet")
    assert trained["preprocessing"]["image_size"] == 32
    assert trained["preprocessing"]["mean"] == [0.5, 0.5, 0.5]
    assert features_plan(base | {"simclr.epochs": 3}).trained_as("test_resnet") == trained
    larger = features_plan(base | {"simclr.image_size": 48})
    assert larger.trained_as("test_resnet") != trained
    assert larger.simclr_options == features_plan(base).simclr_options
    assert (
        features_plan(base | {"simclr.epochs": 3}).simclr_options
        != features_plan(base).simclr_options
    )


def test_classifiers_learn_from_repeats_where_there_are_any_and_taxa_only_where_brought_to_a_size():
    variants = GUIDED | {"sized": {"pooling": "mean", "per_taxon": 5, "guidance": {}}}
    clean = [f"results/demo/features/small/clean-{shard}.parquet" for shard in range(3)]
    repeats = [path.replace("clean", "repeats") for path in clean]
    changes = {"features.shards": 3, "embedding.variants": variants}
    without, repeated = features_plan(changes), features_plan(changes | {"features.repeats": 2})
    assert without.training_features("small") == without.clean_features("small") == clean
    assert repeated.clean_features("small") == clean
    assert repeated.training_features("small") == clean + repeats
    assert repeated.taxon_features("small", "projected") == clean
    assert repeated.taxon_features("small", "sized") == clean + repeats


def test_baselines_are_chosen_only_where_nothing_sees_the_images():
    blind = {"most_frequent": {"method": "most_frequent"}, "uniform": {"method": "uniform"}}
    seeing = blind | {
        "svm": {"method": "linear_svm"},
        "near": {"method": "nearest_centroid"},
    }
    made = plan({"classification.classifiers": seeing})
    assert made.classification.classifiers == ["most_frequent", "uniform", "svm", "near"]
    assert made.classification.baselines == ["most_frequent", "uniform"]
    assert (
        made.classification.candidates == ["svm", "near"] and made.classification.reference == "svm"
    )
    assert plan({"classification.classifiers": blind}).classification.candidates == [
        "most_frequent",
        "uniform",
    ]
    named = {"classification.classifiers": seeing, "classification.reference": "uniform"}
    assert plan(named).classification.reference == "uniform"


def test_all_ranks_are_classified_unless_some_are_named():
    assert plan().classification.ranks == ["subclass", "order", "family", "genus", "species"]
    assert plan({"classification.ranks": ["order"]}).classification.ranks == ["order"]


def test_variants_are_sorted_by_what_is_done_to_them():
    made = plan({"embedding.variants": GUIDED | {"tuned": TUNED}}).embedding
    assert made.guided == ["attention", "projected", "tuned"]
    assert made.unguided == ["mean", "raw", "random"]
    assert list(made.unguided_options) == made.unguided
    assert made.fine_tuned == ["tuned"] and made.guided_frozen == ["attention", "projected"]
    assert made.ridge == [] and made.descended == made.guided
    assert made.random == ["random"]
    assert made.references["attention"] == "mean" and made.references["raw"] == "mean"


def test_taxa_finer_than_the_tips_are_asked_for_where_images_are_drawn_by_them():
    variants = GUIDED | {"sized": {"pooling": "mean", "per_taxon": 5, "guidance": {}}}
    changes = {
        "embedding.variants": variants,
        "inputs.ranks": ["family", "genus", "species"],
        "inputs.tree": "tree.nwk",
    }

    def labels(variant, rank="family"):
        made = plan(changes | {"inputs.tree_rank": rank}, SMALLEST).embedding.labels_of(variant)
        assert {str(Path(path).parent) for path in made} == {"results/drawer/specimens/labels"}
        return [Path(path).name for path in made]

    assert labels("projected") == ["family.parquet"]
    assert labels("sized") == ["family.parquet", "genus.parquet", "species.parquet"]
    assert labels("sized", "species") == ["species.parquet"]


def test_a_ridge_has_no_losses_and_is_asked_for_none():
    variants = GUIDED | {"ridge": {"pooling": "mean", "guidance": {"method": "ridge", "axes": [3]}}}
    made = plan({"embedding.variants": variants}).embedding
    assert made.guided == ["attention", "projected", "ridge"] and made.ridge == ["ridge"]
    assert made.descended == made.guided_frozen == ["attention", "projected"]
    assert set(made.guidance_of("ridge")["guidance"]) == set(OPTIONS["ridge"])
    assert set(made.guidance_of("projected")["guidance"]) == set(OPTIONS["descent"])
    assert made.references["ridge"] == "mean" and made.refits["ridge"] == made.refits["mean"]


def test_a_variant_is_made_of_the_backbones_it_names_and_of_all_without():
    variants = GUIDED | {"ridge": {"pooling": "mean", "guidance": {"method": "ridge"}}}
    variants["projected"] = variants["projected"] | {"backbones": ["large"]}
    made = plan({"backbones.large": LARGE, "embedding.variants": variants}).embedding
    everywhere = [name for name in variants if name != "projected"]
    assert made.of_backbone("small", variants) == everywhere
    assert made.of_backbone("large", variants) == list(variants)
    assert made.alike == [("", everywhere, ["small"]), ("_1", list(variants), ["large"])]
    folder = "results/demo/embedding"
    assert made.files("a.tsv", ["projected", "ridge"], ["small", "large"]) == [
        f"{folder}/small/ridge/a.tsv",
        f"{folder}/large/projected/a.tsv",
        f"{folder}/large/ridge/a.tsv",
    ]
    every = [("small", "ridge"), ("large", "projected"), ("large", "ridge")]
    assert made.of_backbones(["projected", "ridge"]) == every
    assert made.files("a.tsv", ["projected", "ridge"]) == [
        f"{folder}/{b}/{v}/a.tsv" for b, v in every
    ]
    # Naming one more fits nothing else anew.
    assert "backbones" not in made.guidance_of("projected")
    assert plan({"embedding.variants": GUIDED}).embedding.alike == [("", list(GUIDED), ["small"])]


def test_a_variant_is_refitted_as_often_as_it_or_the_section_says():
    made = plan({"embedding.variants": GUIDED, "embedding.refits": 11}).embedding
    assert made.refits == {"mean": 11, "raw": 11, "random": 11, "attention": 7, "projected": 11}
    assert made.unguided_refits == [11, 11, 11]
    # What only refits take does not fit anew what is drawn.
    assert "refits" not in made.guidance_of("attention")["guidance"]
    assert made.guidance_of("mean")["guidance"] is None
    assert made.variants["attention"]["guidance"]["refits"] == 7


def test_threads_and_a_gpu_go_to_variants_that_weigh_images():
    changes = {"embedding.variants": GUIDED, "compute.threads": 3}
    made = plan(changes).embedding
    assert [made.threads_of(name) for name in ("attention", "projected", "mean")] == [3, 1, 1]
    assert made.weighing == ["attention"]
    assert [made.gpu_of(name) for name in ("attention", "projected", "mean")] == [1, 0, 0]


def test_anchors_know_the_taxonomy_where_they_need_it():
    sets = {"raw": {}, "above": {"fallback": ["genus"]}, "control": {"source": "taxonomy"}}
    made = plan({"genetics.anchors": sets})
    assert made.anchor_taxonomy("raw") == []
    known = ["results/demo/specimens/taxonomy.tsv"]
    assert made.anchor_taxonomy("above") == made.anchor_taxonomy("control") == known


def test_anchors_are_made_of_what_their_source_names():
    sets = {"raw": {}, "words": {"source": "kmers"}, "tree": {"source": "tree"}}
    made = plan({"genetics.anchors": sets})
    assert made.anchor_vectors("raw") == "results/demo/genetics/sgt.npz"
    assert made.anchor_vectors("words") == "results/demo/genetics/kmers.npz"
    assert made.anchor_distances("raw") == []
    assert made.anchor_distances("tree") == ["results/demo/distances/species.tsv"]
    assert made.anchor_files[-1] == "results/demo/genetics/anchors/tree.npz"


@pytest.mark.parametrize(("own", "other"), [("l2", "none"), ("none", "l2")])
def test_a_set_with_a_scaling_of_its_own_has_vectors_of_its_own(own, other):
    sets = {name: {"scaling": name} for name in ("none", "l2")} | {"taken": {}}
    made = plan({"genetics.anchors": sets, "genetics.sgt": {"scaling": own, "kappa": 3}})
    folder = "results/demo/genetics"
    assert made.anchor_vectors("taken") == made.anchor_vectors(own) == f"{folder}/sgt.npz"
    assert made.anchor_vectors(other) == f"{folder}/sgt_{other}.npz"
    options = made.encoding_options("sgt")
    assert options["scaling"] == own and options["kappa"] == 3
    assert made.encoding_options(f"sgt_{other}") == options | {"scaling": other}
    assert made.encoding_options("kmers") == {"letters": 4}
    # What the vectors have said already is no option of the set.
    assert made.anchor_options("none") == made.anchor_options("l2") == made.anchor_options("taken")
    assert {"sgt", "kmers", f"sgt_{other}"} <= set(made.encodings)


def test_recognition_has_its_own_seeds_or_those_of_the_splits():
    assert visual_genetic({"splits.seeds": [3, 5]}).seeds == [3, 5]
    assert visual_genetic({"splits.seeds": [3, 5], "visual_genetic.seeds": [5]}).seeds == [5]


def test_variants_name_their_regime_and_anchors():
    made = visual_genetic()
    assert made.rank == "species" and made.regimes == ["control", "ltr"]
    assert made.anchored == ["aligned"] and made.anchor_sets == ["raw"]
    assert made.anchors_of("plain") is None and made.anchors_file_of("plain") == []
    assert made.anchors_file_of("aligned") == ["results/demo/genetics/anchors/raw.npz"]
    own = {"regime": "ltr", "anchors": "raw", "permutations": 3}
    learning = {"sampling": "natural", "schedule": "cosine"} | {"weight_decay": 0.0}
    own |= {"stage2": "anchors", "norm_share": None}
    assert made.compared["aligned"] == own | learning
    assert made.compared["plain"]["stage2"] == "projection"
    folder = "results/demo/unseen_genera/regimes/ltr/seed-5"
    where = {"scope": "unseen_genera", "variant": "aligned", "seed": "5"}
    assert made.checkpoint_of(**where) == f"{folder}/checkpoint.safetensors"


def test_supervised_variants_know_the_anchors_of_those_that_they_stand_beside():
    made = visual_genetic({
        "visual_genetic.variants.on": {"regime": "ltr", "stage2": "supervised"},
        "visual_genetic.variants.even": {
            "regime": "ltr", "anchors": "other", "sampling": "balanced",
        },
    })  # fmt: skip
    assert made.anchors_beside("on") == made.anchors_files(["raw"])
    assert made.anchors_beside("aligned") == made.anchors_beside("plain") == []


def test_views_are_pooled_for_variants_that_are_aligned_by_them_alone():
    where = {"scope": "visual_genetic", "seed": "1"}
    folder = "results/demo/visual_genetic/regimes/ltr/seed-1"
    with_views = visual_genetic({"visual_genetic.alignment.views": 2})
    assert with_views.pooled_for(variant="aligned", **where) == [
        f"{folder}/pooled.npz",
        f"{folder}/views.npz",
    ]
    assert with_views.pooled_for(variant="plain", **where) == [f"{folder}/pooled.npz"]
    assert with_views.view_options["n_views"] == 2
    without = visual_genetic({"visual_genetic.alignment.views": 0})
    assert without.pooled_for(variant="aligned", **where) == [f"{folder}/pooled.npz"]


def test_what_learns_in_stage_2_is_known_and_which_files_it_needs():
    variants = {
        "seen": {"regime": "frozen", "stage2": "features"},
        "more": {"regime": "frozen", "stage2": "supervised", "sampling": "balanced"},
        "real": {"regime": "frozen", "anchors": "raw", "permutations": 19},
        "plain": {"regime": "control"},
        "aligned": {"regime": "wd", "anchors": "raw"},
    }
    changes = {"visual_genetic.variants": variants, "visual_genetic.alignment.views": 2}
    made = visual_genetic(changes)
    found = {name: (v["stage2"], v["sampling"]) for name, v in made.compared.items()}
    assert found == {
        "seen": ("features", None),
        "more": ("supervised", "balanced"),
        "real": ("anchors", "natural"),
        "plain": ("features", None),
        "aligned": ("anchors", "natural"),
    }
    assert made.regimes == ["frozen", "control", "wd"]
    assert made.learning == ["more", "real", "aligned"] and made.anchored == ["real", "aligned"]
    pooled = {name: made.pooled_for("visual_genetic", name, "1") for name in variants}
    for name, files in pooled.items():
        # Stored features have no views, and what learns nothing needs none.
        regime = variants[name]["regime"]
        folder = f"results/demo/visual_genetic/regimes/{regime}/seed-1"
        names = ("pooled", "views") if name == "aligned" else ("pooled",)
        assert files == [f"{folder}/{part}.npz" for part in names]
    frozen, trained = (made.regime_options(regime) for regime in ("frozen", "wd"))
    assert set(trained) - set(frozen) == {"image_size", "colour"}
    assert set(trained["pretraining"]) - set(frozen["pretraining"]) == {"precision"}


@pytest.mark.parametrize(
    ("key", "value", "concerned"),
    [
        ("pretraining.epochs", 9, {"naive", "wd", "ltr", "frozen"}),
        ("pretraining.weight_decay", 0.5, {"wd", "ltr", "frozen"}),
        ("pretraining.precision", "float32", {"control", "naive", "wd", "ltr"}),
        ("balancing.epochs", 9, {"ltr"}),
        ("augmentation.rotation", 3, {"naive", "wd", "ltr"}),
        ("image_size", 48, {"control", "naive", "wd", "ltr"}),
        ("hidden", 21, {"control", "naive", "wd", "ltr", "frozen"}),
        ("tail", 9, set()),
        ("alignment.steps", 9, set()),
    ],
)
def test_a_regime_is_trained_anew_by_what_it_takes_alone(key, value, concerned):
    before, after = visual_genetic(), visual_genetic({f"visual_genetic.{key}": value})
    regimes = ("control", "naive", "wd", "ltr", "frozen")
    changed = {r for r in regimes if before.regime_options(r) != after.regime_options(r)}
    assert changed == concerned


def test_a_variant_without_anchors_takes_no_option_of_alignment():
    before, after = visual_genetic(), visual_genetic({"visual_genetic.alignment.steps": 9})
    assert before.variant_options("plain") == after.variant_options("plain")
    assert before.variant_options("aligned") != after.variant_options("aligned")
    assert after.variant_options("aligned")["steps"] == 9
    assert after.variant_options("aligned")["margin"] == 0.3


def test_withheld_taxa_are_asked_for_where_a_variant_is_trained_without_them():
    assert visual_genetic().unseen == [] and visual_genetic().withheld_taxa == []
    made = visual_genetic({"visual_genetic.unseen": {"variants": ["plain", "aligned"]}})
    table = ["results/demo/visual_genetic/withheld.tsv"]
    assert made.withheld_taxa == made.withheld_from("unseen_genera") == table
    assert made.withheld_from("visual_genetic") == []
    assert made.unseen_anchored == ["aligned"]


def test_spaces_are_of_the_pair_before_and_after_alignment_and_of_the_first_seed():
    made = visual_genetic({"splits.seeds": [3, 5]})
    folder = "results/demo/visual_genetic"
    assert made.pair == ("plain", "aligned")
    assert made.spaces == [f"{folder}/spaces.tsv"]
    assert made.space_embeddings == [
        f"{folder}/{name}/seed-3/embeddings.npz" for name in ("plain", "aligned")
    ]
    assert made.space_anchors == ["results/demo/genetics/anchors/raw.npz"]


def test_without_an_aligned_variant_there_are_no_spaces():
    made = visual_genetic({"visual_genetic.variants": {"plain": {"regime": "ltr"}}})
    assert made.pair is None
    assert made.spaces == made.space_embeddings == made.space_anchors == []


@pytest.mark.parametrize("name", ["config", "quickstart", "bivalvia", "endless_forams", "moths"])
def test_every_preset_has_a_plan(name):
    made = Plan(checked_config(yaml.safe_load((CONFIGS / f"{name}.yaml").read_text()), SCHEMA))
    assert made.classification.candidates and made.score_tables and made.embedding.references
    assert len(set(made.score_tables)) == len(made.score_tables)


def test_a_path_that_is_not_given_is_no_file():
    assert given(None) == given(False) == [] and given("meta.csv") == ["meta.csv"]
