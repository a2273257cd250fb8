import tracemalloc

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits
from visgen.bootstrap import true_taxon
from visgen.classification.classifiers import fitting, methods, rbf_svm
from visgen.classification.classifiers.balanced_tree import BalancedTree
from visgen.classification.classifiers.methods import build_members
from visgen.classification.classifiers.options import BASELINE_METHODS, METHOD_OPTIONS
from visgen.classification.classifiers.ranks import predict_ranks
from visgen.classification.scores.counts import count_guesses
from visgen.classification.scores.guesses import guesses
from visgen.classification.scores.intervals import score_variants
from visgen.classification.trained import finest_label, scorable_taxa
from visgen.configuration.plan import Plan
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from workflow_copy import REPOSITORY, TINY, changed

SCHEMA = load_schema(REPOSITORY / "workflow/schemas/config.schema.yaml")
METHODS = [*METHOD_OPTIONS, *BASELINE_METHODS]
FOREST = {"method": "random_forest", "trees": 13, "seed": 0}


def options(*, seed=1, **given):
    """Options of a classifier, defaults filled in, with the study's seed."""
    config = changed(TINY, "features", {"repeats": 1})
    config = changed(config, "classification.classifiers", {"one": given})
    return Plan(checked_config(config, SCHEMA)).classification.options("one") | {"seed": seed}


def small(method, **given):
    """A classifier of a method with few trees."""
    trees = {"trees": 13} if "trees" in METHOD_OPTIONS.get(method, ()) else {}
    return options(method=method, **trees, **given)


def learnable(n_taxa=5, n_images=41, noise=0.3, n_repeats=1):
    """Images of taxa, taxa in turn, each with a feature of its own; thirds to each part."""
    n = n_taxa * n_images
    ids = pd.Index([f"image {i:04d}" for i in range(n)], name="id")
    numbers = np.arange(n) % n_taxa
    index = pd.MultiIndex.from_product([ids, range(n_repeats)], names=["id", "repeat"])
    rng = np.random.default_rng(1)
    x = np.repeat(np.eye(n_taxa, dtype=np.float32)[numbers], n_repeats, axis=0)
    x += rng.normal(0, noise, x.shape).astype(np.float32)
    parts = np.array(["train", "test", "val"])[np.arange(n) // n_taxa % 3]
    specimens = pd.DataFrame({"family": [f"Taxon {i}" for i in numbers]}, ids)
    specimens["specimen"] = [f"s{i // (2 * n_taxa)}-{i % n_taxa}" for i in range(n)]
    return pd.DataFrame(x, index), specimens, pd.Series(parts, ids)


def predict(given, study=None, *, threads=1, seed=1, ranks=("family",)):
    features, specimens, parts = study or learnable()
    return predict_ranks(features, specimens, list(ranks), {seed: parts}, given, threads=threads)


def table(given, study=None, **more):
    return predict(given, study, **more).predictions[more.get("seed", 1), "family"]


def test_part(given, study=None, **more):
    return table(given, study, **more).query("part == 'test'")


test_part.__test__ = False


@pytest.mark.parametrize("method", METHOD_OPTIONS)
def test_learnable_taxa_are_learned(method):
    found = test_part(small(method))
    assert (found["truth"] == found["predicted"]).mean() > 0.8


@pytest.mark.parametrize("method", METHOD_OPTIONS)
def test_labels_shuffled_in_training_leave_only_what_baselines_have(method):
    features, specimens, parts = learnable(n_images=81)
    train = parts.index[parts == "train"]
    dealt = specimens.copy()
    dealt.loc[train, "family"] = np.random.default_rng(2).permutation(specimens["family"][train])
    tables = {
        name: guesses(test_part(small(name), (features, dealt, parts)))
        for name in (method, "stratified", "uniform")
    }
    specimen = specimens["specimen"].loc[tables[method]["id"]]
    counts = {
        name: count_guesses(found, specimen, heights=np.zeros(len(found)), distances=None)
        for name, found in tables.items()
    }
    taxon = true_taxon(tables[method]["truth"], specimen)
    scores, _ = score_variants(counts, taxon, pairs=[], bootstraps=300, seed=1)
    f1 = {n: next(r for r in rows if r["metric"] == "macro_f1") for n, rows in scores.items()}
    low = min(f1[name]["ci_low"] for name in ("stratified", "uniform"))
    high = max(f1[name]["ci_high"] for name in ("stratified", "uniform"))
    assert low <= f1[method]["value"] <= high
    own = test_part(small(method), (features, specimens, parts))
    assert (own["truth"] == own["predicted"]).mean() > high


@pytest.mark.parametrize("method", METHODS)
def test_names_of_taxa_decide_nothing(method):
    features, specimens, parts = learnable(noise=1)
    names = dict(zip([f"Taxon {i}" for i in range(5)], "DAECB", strict=True))
    renamed = specimens.assign(family=specimens["family"].map(names))
    one = table(small(method), (features, specimens, parts))
    other = table(small(method), (features, renamed, parts))
    assert (one["predicted"].map(names) == other["predicted"]).all()
    for taxon, name in names.items():
        assert np.array_equal(one[taxon], other[name])


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_are_named_and_sum_to_one(method):
    found = table(small(method))
    assert list(found.columns[:4]) == ["part", "id", "truth", "predicted"]
    assert list(found.columns[4:]) == [f"Taxon {i}" for i in range(5)]
    assert np.allclose(found.iloc[:, 4:].sum(axis=1), 1, atol=1e-5)
    assert (found.dtypes.iloc[4:] == "float32").all()


@pytest.mark.parametrize("method", ["random_forest", "balanced_bagging", "balanced_forest"])
def test_same_seed_gives_the_same_bytes_with_one_thread_or_two(method):
    study = learnable(noise=2)
    one, two = (table(small(method), study, threads=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert not one.equals(table(small(method, seed=2), study))


def test_seed_of_the_split_enters_the_classifier():
    study = learnable(noise=2)
    assert not table(options(**FOREST), study).equals(table(options(**FOREST), study, seed=2))


def test_a_forest_is_the_mean_of_its_trees():
    study = learnable(noise=1)
    features, specimens, parts = study
    found = table(options(**FOREST), study)
    train, asked = (features[(parts == p).to_numpy()].to_numpy() for p in ("train", "val"))
    y = specimens["family"][parts == "train"].str[-1].astype(int)
    members = build_members("random_forest", trees=13, seed=1)
    expected = np.mean([tree.fit(train, y).predict_proba(asked) for tree in members], axis=0)
    own = found[found["part"] == "val"].iloc[:, 4:]
    assert np.allclose(own, expected, atol=1e-6)


def test_a_balanced_tree_draws_as_many_of_each_taxon_as_the_smallest_has():
    y = np.repeat([0, 1, 2], [29, 11, 5])
    tree = BalancedTree(random_state=1).fit(np.arange(45, dtype=np.float32)[:, None], y)
    counts = tree.tree_.tree_
    assert counts.weighted_n_node_samples[0] == 15
    assert np.allclose(counts.value[0], [[1 / 3, 1 / 3, 1 / 3]])


def test_no_tree_outlives_its_answers(monkeypatch):
    members = []

    def build(*given, **more):
        members.extend(build_members(*given, **more))
        return members

    monkeypatch.setattr(fitting, "build_members", build)
    table(options(**FOREST))
    assert len(members) == 13
    assert not any(hasattr(member, "estimators_") for member in members)


def test_class_weight_and_balancing_name_the_small_taxon_more_often():
    features, specimens, parts = learnable(n_images=90, noise=1.5)
    rare = (specimens["family"] == "Taxon 3") & (parts == "train")
    kept = ~(rare & (np.arange(len(rare)) % 4 != 3))
    study = features[kept.to_numpy()], specimens[kept], parts[kept]

    def named(**given):
        return (test_part(options(trees=53, **given), study)["predicted"] == "Taxon 3").sum()

    plain = named(method="random_forest")
    assert named(method="balanced_forest") > plain
    assert named(method="balanced_bagging") > plain
    raised = {"method": "raise", "to": 30}
    assert named(method="random_forest", resample=raised) > plain


class Spy:
    """Remembers what it was given; the first feature of an image is its number."""

    def __deepcopy__(self, _):
        return self

    def fit(self, x, y):
        self.x, self.y, self.classes_ = x.copy(), y, np.unique(y)
        return self

    def predict_proba(self, x):
        self.asked = x
        return np.full((len(x), len(self.classes_)), 1 / len(self.classes_))


def spied(monkeypatch, study, **given):
    """Return the ids that were trained on and those that were asked, and the results."""
    spies = []

    def build(*_, **__):
        spies.append(Spy())
        return [spies[-1]]

    monkeypatch.setattr(fitting, "build_members", build)
    features, specimens, parts = study
    numbered = features.copy()
    ids = features.index.get_level_values("id")
    numbered[0] = specimens.index.get_indexer(ids).astype(np.float32)
    found = predict(options(method="random_forest", **given), (numbered, specimens, parts))
    spy = spies[-1]
    trained, asked = (specimens.index[x[:, 0].astype(int)] for x in (spy.x, spy.asked))
    return trained, asked, found, spies


@pytest.mark.parametrize(
    "resample",
    [
        None,
        {"method": "raise", "to": 40},
        {"method": "raise", "to": 40, "with": "repeats"},
        {"method": "reduce", "to": 5},
        {"method": "reduce_by_taxonomy", "to": 5},
    ],
)
def test_no_test_or_validation_image_is_trained_on(monkeypatch, resample):
    study = learnable(n_repeats=2)
    grid = {"grid": {"min_samples_leaf": [1, 2]}}
    trained, asked, _, spies = spied(monkeypatch, study, resample=resample, tune=grid)
    parts = study[2]
    assert set(parts[trained]) == {"train"}
    assert set(asked) == set(parts.index[parts != "train"])
    assert len(spies) == 2 * 3 + 1
    for spy in spies[:-1]:  # those of the inner folds neither train on nor see them
        for x in (spy.x, spy.asked):
            assert set(parts.iloc[x[:, 0].astype(int)]) == {"train"}


def test_inner_folds_hold_whole_specimens(monkeypatch):
    study = learnable()
    *_, spies = spied(monkeypatch, study, tune={"grid": {"min_samples_leaf": [1]}, "folds": 4})
    specimen = study[1]["specimen"].to_numpy()
    assert len(spies) == 5
    for spy in spies[:-1]:
        trained, asked = (set(specimen[x[:, 0].astype(int)]) for x in (spy.x, spy.asked))
        assert trained and asked and not trained & asked


def test_without_resampling_all_repeats_are_trained_on_and_none_is_asked(monkeypatch):
    features, specimens, parts = learnable(n_repeats=3)
    trained, asked, found, _ = spied(monkeypatch, (features, specimens, parts))
    assert trained.value_counts().eq(3).all()
    assert asked.is_unique
    rows = found.training.set_index("taxon")
    assert (rows["n_rows"] == 3 * rows["n_images"]).all()
    assert (rows["n_altered"] == 2 * rows["n_images"]).all()


@pytest.mark.parametrize(("augment", "n_clean"), [("raised", 70), ("all", 0)])
def test_noise_alters_only_the_rows_that_it_may(monkeypatch, augment, n_clean):
    spy = Spy()
    monkeypatch.setattr(fitting, "build_members", lambda *_, **__: [spy])
    features, specimens, parts = learnable()
    before = features.copy()
    resample = {"method": "raise", "to": 40, "with": "noise", "augment": augment, "noise": 0.5}
    found = predict(
        options(method="random_forest", resample=resample), (features, specimens, parts)
    )
    clean = set(map(tuple, features.to_numpy().tolist()))
    assert sum(tuple(row) in clean for row in spy.x.tolist()) == n_clean == 14 * 5 * (n_clean > 0)
    assert set(map(tuple, spy.asked.tolist())) <= clean
    assert (found.training["n_rows"] == 40).all()
    assert (found.training["n_altered"] == (26 if n_clean else 40)).all()
    pd.testing.assert_frame_equal(features, before)


def test_trees_use_the_threads_and_algebra_keeps_its_own(monkeypatch):
    seen = []

    class Nosy(Spy):
        def fit(self, x, y):
            seen.append(max(info["num_threads"] for info in threadpool_info()))
            return super().fit(x, y)

    monkeypatch.setattr(fitting, "build_members", lambda *_, **__: [Nosy()])
    for large, expected in ((0, 2), (10**12, 1)):
        monkeypatch.setattr(fitting, "_LARGE", large)
        with threadpool_limits(2):
            predict(options(method="random_forest"), threads=1)
        assert seen[-1] == expected


def test_images_without_a_label_are_asked_about_and_have_no_truth():
    features, specimens, parts = learnable()
    gaps = specimens.copy()
    gaps.loc[gaps.index[5:9], "family"] = None
    found = table(options(**FOREST), (features, gaps, parts))
    assert set(found["id"]) == set(parts.index[parts != "train"])
    assert found["truth"].isna().sum() == 4 == found.loc[found["truth"].isna()].shape[0]
    assert found["predicted"].notna().all()


def test_a_taxon_that_is_not_in_training_keeps_its_truth_and_has_no_column():
    features, specimens, parts = learnable()
    specimens = specimens.copy()
    parts = parts.mask((specimens["family"] == "Taxon 4") & (parts == "train"), "val")
    found = table(options(**FOREST), (features, specimens, parts))
    assert "Taxon 4" in set(found["truth"]) and "Taxon 4" not in found.columns


def test_taxa_with_one_training_image_stop_no_method():
    features, specimens, parts = learnable(n_taxa=3)
    few = specimens.copy()
    train = parts.index[parts == "train"]
    few.loc[train[:5], "family"] = [f"Single {i}" for i in range(5)]
    for method in METHODS:
        grid = {"tune": {"grid": {"pca": [2]}}} if method in METHOD_OPTIONS else {}
        found = table(small(method, **grid), (features, few, parts))
        assert {f"Single {i}" for i in range(5)} <= set(found.columns)


def test_the_best_options_of_the_grid_are_taken():
    study = learnable(n_images=81)
    grid = {"grid": {"min_samples_leaf": [200, 1]}}
    found = predict(options(**FOREST, tune=grid), study)
    trials = found.tuning.set_index("options")
    assert trials.loc["min_samples_leaf 1", "chosen"]
    assert not trials.loc["min_samples_leaf 200", "chosen"]
    assert trials.loc["min_samples_leaf 200", "balanced_accuracy"] == pytest.approx(0.2, abs=0.01)
    assert (trials["n_specimens"] == study[1]["specimen"][study[2] == "train"].nunique()).all()
    alone = table(options(**FOREST), study)
    pd.testing.assert_frame_equal(found.predictions[1, "family"], alone)


def test_halving_finds_the_best_options_with_few_trees():
    study = learnable(n_images=81)
    tune = {"halving": "trees", "grid": {"min_samples_leaf": [200, 100, 1, 150]}}
    found = predict(options(**FOREST, tune=tune), study)
    trials = found.tuning
    assert trials["options"].str.endswith("trees 2").tolist() == [True] * 4 + [False] * 2
    assert trials["options"].str.endswith("trees 5").tolist() == [False] * 4 + [True] * 2
    assert trials["options"][trials["chosen"]].tolist() == ["min_samples_leaf 1, trees 5"]
    assert set(trials["n_specimens"]) == {study[1]["specimen"][study[2] == "train"].nunique()}
    alone = table(options(**FOREST), study)  # with all 13 trees
    pd.testing.assert_frame_equal(found.predictions[1, "family"], alone)


def test_halving_tries_with_few_specimens_of_every_taxon_whole_ones(monkeypatch):
    study = learnable(n_images=81)
    tune = {"halving": "specimens", "grid": {"min_samples_leaf": [1, 2, 3, 4]}}
    *_, found, spies = spied(monkeypatch, study, tune=tune)
    specimen, part = study[1]["specimen"].to_numpy(), study[2].to_numpy()
    n_each = study[1]["specimen"][part == "train"].nunique() // 5
    sizes = [5 * -(-n_each // 9)] * 4 + [5 * -(-n_each // 3)] * 2
    assert found.tuning["n_specimens"].tolist() == sizes
    assert len(spies) == 3 * 6 + 1
    rounds = []
    for spy in spies[:-1]:
        trained, asked = (specimen[x[:, 0].astype(int)] for x in (spy.x, spy.asked))
        assert not set(trained) & set(asked)
        assert set(part[spy.x[:, 0].astype(int)]) == {"train"}
        assert len(np.unique(spy.y)) == 5
        rounds.append(set(trained) | set(asked))
    assert rounds[0] == rounds[11] < rounds[12] == rounds[17]
    everything = specimen[spies[-1].x[:, 0].astype(int)]
    assert set(everything) == set(specimen[part == "train"])


def test_halving_of_a_single_combination_takes_it():
    tune = {"halving": "specimens", "grid": {"min_samples_leaf": [2]}}
    trials = predict(options(**FOREST, tune=tune)).tuning
    assert trials["chosen"].tolist() == [True]


@pytest.mark.parametrize("method", METHOD_OPTIONS)
def test_only_trees_have_importances_and_they_sum_to_one(method):
    found = predict(small(method)).importances
    assert list(found.columns) == ["seed", "rank", "of", "feature", "importance", "sd"]
    if "trees" not in METHOD_OPTIONS[method]:
        assert found.empty
        return
    assert found["feature"].tolist() == list(range(5)) and set(found["of"]) == {"feature"}
    assert set(found["seed"]) == {1} and set(found["rank"]) == {"family"}
    assert found["importance"].sum() == pytest.approx(1)
    assert (found["sd"] > 0).any()


def test_importances_are_those_of_the_trees():
    study = features, specimens, parts = learnable(noise=1)
    found = predict(options(**FOREST), study).importances
    train = features[(parts == "train").to_numpy()].to_numpy()
    y = specimens["family"][parts == "train"].str[-1].astype(int)
    members = build_members("random_forest", trees=13, seed=1)
    each = np.array([tree.fit(train, y).feature_importances_ for tree in members])
    assert np.allclose(found["importance"], each.mean(axis=0), atol=1e-6)
    assert np.allclose(found["sd"], each.std(axis=0), atol=1e-6)


def test_importances_of_chosen_features_have_the_numbers_of_the_backbone():
    features, specimens, parts = learnable(noise=0.2)
    noise = np.random.default_rng(1).normal(0, 0.2, (len(features), 3))
    wide = np.insert(features.to_numpy(), [0, 2, 5], noise, axis=1)  # columns 0, 3 and 7
    wide = pd.DataFrame(wide.astype(np.float32), features.index)
    study = wide, specimens, parts
    found = predict(options(**FOREST, best_features=5), study).importances
    assert found["feature"].tolist() == [1, 2, 4, 5, 6] and set(found["of"]) == {"feature"}
    found = predict(options(**FOREST, best_features=5, pca=3), study).importances
    assert found["feature"].tolist() == [0, 1, 2] and set(found["of"]) == {"component"}


def test_a_forest_that_never_branches_has_no_importances():
    found = predict(options(**FOREST, min_samples_leaf=200))
    assert found.importances.empty and len(found.predictions) == 1


@pytest.mark.parametrize("method", ["logistic_regression", "linear_svm", "rbf_svm"])
def test_a_fit_that_does_not_converge_is_told_of_and_kept(monkeypatch, method):
    module, name = {
        "logistic_regression": (methods, "LogisticRegression"),
        "linear_svm": (methods, "LinearSVM"),
        "rbf_svm": (rbf_svm, "LinearSVM"),
    }[method]
    made = getattr(module, name)
    monkeypatch.setattr(module, name, lambda **given: made(**given | {"max_iter": 2}))
    study = learnable(noise=1)
    found = predict(options(method=method), study)
    reason = f"{method} did not converge in 2 steps: its scores stand, but could be better"
    assert found.omitted.to_numpy().tolist() == [[1, "family", 5, reason]]
    assert len(found.predictions[1, "family"]) == (study[2] != "train").sum()


def test_a_fit_that_converges_leaves_nothing_to_tell():
    for method in ("logistic_regression", "linear_svm", "rbf_svm"):
        assert predict(options(method=method)).omitted.empty


@pytest.mark.parametrize(
    "given",
    [
        {"method": "lda"},
        {"method": "nearest_centroid", "transform": ["whiten"]},
        {"method": "lda", "resample": {"method": "raise", "to": 3}},
    ],
)
def test_a_rank_without_spread_within_taxa_is_left_out_where_it_is_needed(given):
    features, specimens, parts = learnable(n_taxa=7, n_images=3)  # one image in each part
    found = predict(options(**given), (features, specimens, parts))
    reason = (
        "left out: no two training rows of a taxon differ, so the spread within taxa is unknown"
    )
    assert found.omitted.to_numpy().tolist() == [[1, "family", 7, reason]]
    assert found.predictions == {} and found.training.empty
    assert len(predict(options(method="nearest_centroid"), (features, specimens, parts)).training)


def test_a_fold_without_spread_within_taxa_is_told_of():
    features, specimens, parts = learnable(n_taxa=7, n_images=6)  # two images of each in training
    alone = specimens.assign(specimen=specimens.index)
    tune = {"folds": 2, "grid": {"pca": [2, 3]}}
    study = features, alone, parts
    (reason,) = predict(options(method="lda", tune=tune), study).omitted["reason"]
    assert reason.startswith("left out: in a fold of tune no two training rows")
    assert predict(options(method="lda"), study).omitted.empty


def test_large_taxa_can_be_reduced_and_small_ones_raised_at_once():
    features, specimens, parts = learnable(n_images=41)
    few = (specimens["family"] == "Taxon 3") & (parts == "train")
    kept = ~(few & (np.arange(len(few)) % 2 == 0))
    resample = {"method": "raise", "to": 9, "reduce_first": {"method": "reduce", "to": 11}}
    study = features[kept.to_numpy()], specimens[kept], parts[kept]
    found = predict(options(method="nearest_centroid", resample=resample), study)
    rows = found.training.set_index("taxon")["n_rows"]
    assert found.training.set_index("taxon")["n_images"].to_dict() == {
        f"Taxon {i}": 7 if i == 3 else 14 for i in range(5)
    }
    assert rows.to_dict() == {f"Taxon {i}": 9 if i == 3 else 11 for i in range(5)}


def test_a_rank_without_two_testable_taxa_is_listed():
    features, specimens, parts = learnable()
    ranks = specimens.assign(order="Order")
    other = parts.map({"train": "test", "test": "train", "val": "val"})
    found = predict_ranks(
        features, ranks, ["order", "family"], {7: parts, 11: other}, options(**FOREST), threads=1
    )
    assert list(found.predictions) == [(7, "family"), (11, "family")]
    reason = "fewer than two taxa have specimens in train and in test"
    assert found.omitted.to_numpy().tolist() == [
        [7, "order", 1, reason],
        [11, "order", 1, reason],
    ]


def test_only_the_ranks_asked_for_are_classified():
    features, specimens, parts = learnable()
    ranks = specimens.assign(genus=specimens["family"])
    found = predict_ranks(
        features,
        ranks,
        ["family", "genus"],
        {1: parts},
        options(**FOREST),
        classified=["family"],
        threads=1,
    )
    assert list(found.predictions) == [(1, "family")]


def test_an_image_without_clean_features_is_refused():
    features, specimens, parts = learnable()
    first = features.index[0]
    for given in (features.drop(first), features.rename({0: 1}, level="repeat", axis=0)):
        with pytest.raises(ValueError, match=r"\d+ images have no clean features, such as image"):
            predict(options(**FOREST), (given, specimens, parts))


def test_testable_taxa_are_in_train_and_in_test():
    taxa = {"a": "X", "b": "Y", "c": None, "d": "X", "e": "Y", "f": "Z", "g": None}
    parts = dict(zip(taxa, ["train", "train", "train", "test", "val", "test", "test"], strict=True))
    assert scorable_taxa(pd.Series(taxa), pd.Series(parts)) == ["X"]


def test_the_finest_label_is_told_from_a_taxon_of_the_same_name_at_another_rank():
    specimens = pd.DataFrame({"order": ["X", "X", None], "family": ["X", None, None]})
    assert finest_label(specimens, ["order", "family"]).tolist() == [
        "family X",
        "order X",
        "unlabelled",
    ]


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match="classifier method 'oracle' is unknown"):
        build_members("oracle", seed=0)


@pytest.mark.parametrize("method", BASELINE_METHODS)
def test_baselines_do_not_look_at_the_features(method):
    features, specimens, parts = learnable()
    one = table(options(method=method), (features, specimens, parts))
    two = table(options(method=method), (features * 0, specimens, parts))
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.slow  # each method is let run on some 10 MiB
@pytest.mark.parametrize(
    ("method", "transform", "n_squares"),
    [
        *((method, None, 2 * (method == "lda")) for method in METHOD_OPTIONS),
        ("nearest_centroid", ["signed_sqrt", "whiten", "l2"], 3),
    ],
)
def test_memory_stays_within_twice_the_features(monkeypatch, method, transform, n_squares):
    classifiers = "visgen.classification.classifiers"
    # Small beside a small matrix too.
    for module in ("asking", "fitting", "transforms", "linear_svm", "rbf_svm"):
        monkeypatch.setattr(f"{classifiers}.{module}._BLOCK", 64)
    monkeypatch.setattr("visgen.features.within_covariance._BLOCK", 64)
    for name in ("_LANDMARKS", "_SAMPLE"):
        monkeypatch.setattr(f"{classifiers}.rbf_svm.{name}", 59)
    monkeypatch.setattr("visgen.features.whitening.COMPONENTS", 61)
    rng = np.random.default_rng(1)
    n, n_features, n_taxa = 6007, 1024, 11
    ids = pd.Index([f"{i:05d}" for i in range(n)], name="id")
    index = pd.MultiIndex.from_product([ids, [0]], names=["id", "repeat"])
    features = pd.DataFrame(rng.standard_normal((n, n_features), np.float32), index)
    specimens = pd.DataFrame({"family": [f"T{i % n_taxa}" for i in range(n)]}, ids)
    specimens["specimen"] = ids
    parts = pd.Series(np.where(np.arange(n) % 5, "train", "test"), ids)
    small = {"trees": 1, "min_samples_leaf": 500} if "trees" in METHOD_OPTIONS[method] else {}
    given = options(method=method, transform=transform, **small)
    size = features.to_numpy().nbytes
    squares = n_squares * 8 * n_features**2  # covariances, however many images there are
    tracemalloc.start()
    predict_ranks(features, specimens, ["family"], {1: parts}, given, threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Beside the features themselves; names of images are in it too.
    assert peak < 1.05 * size + squares
