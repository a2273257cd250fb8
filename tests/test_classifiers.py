import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from visgen import classifiers
from visgen.classifiers import build_classifier, predict_ranks, predict_taxa

FOREST = {"method": "random_forest", "trees": 13, "seed": 0}


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers what it was given; features hold the number of the image and of the repeat."""

    def fit(self, x, y):
        self.fitted, self.classes_ = (x, y), np.unique(y)
        return self

    def predict_proba(self, x):
        self.asked = x
        return np.full((len(x), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, x):
        return np.full(len(x), self.classes_[0])


def learnable(n_taxa=5, n_images=41, noise=0.3):
    """Images of taxa, taxa in turn, each with a feature of its own; thirds to each part."""
    n = n_taxa * n_images
    ids = pd.Index([f"image {i:04d}" for i in range(n)], name="id")
    numbers = np.arange(n) % n_taxa
    x = np.eye(n_taxa)[numbers] + np.random.default_rng(1).normal(0, noise, (n, n_taxa))
    index = pd.MultiIndex.from_product([ids, [0]], names=["id", "repeat"])
    parts = np.array(["train", "test", "val"])[np.arange(n) // n_taxa % 3]
    taxa = pd.Series([f"Taxon {i}" for i in numbers], ids)
    return pd.DataFrame(x, index), taxa, pd.Series(parts, ids)


def forest(seed=0, threads=1):
    return build_classifier("random_forest", trees=29, seed=seed, threads=threads)


def test_learnable_taxa_are_learned():
    table = predict_taxa(forest(), *learnable()).query("part == 'test'")
    assert (table["truth"] == table["predicted"]).mean() > 0.8


def test_labels_permuted_in_training_leave_only_chance():
    features, taxa, parts = learnable()
    train = parts.index[parts == "train"]
    dealt = taxa.copy()
    dealt[train] = np.random.default_rng(2).permutation(taxa[train])
    table = predict_taxa(forest(), features, dealt, parts).query("part == 'test'")
    assert abs((table["truth"] == table["predicted"]).mean() - 1 / 5) < 0.15


def test_same_seed_gives_the_same_bytes_with_one_thread_or_two():
    one, two = (predict_taxa(forest(threads=n), *learnable(noise=2)) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    other = predict_taxa(forest(seed=1), *learnable(noise=2))
    assert not one.equals(other)


def test_probabilities_are_named_and_sum_to_one():
    table = predict_taxa(forest(), *learnable())
    assert list(table.columns[:4]) == ["part", "id", "truth", "predicted"]
    assert list(table.columns[4:]) == [f"Taxon {i}" for i in range(5)]
    assert np.allclose(table.iloc[:, 4:].sum(axis=1), 1)
    assert (table.dtypes.iloc[4:] == "float32").all()


def spied(taxa, parts, n_repeats=3):
    ids = pd.Index(sorted(taxa), name="id")
    index = pd.MultiIndex.from_product([ids, range(n_repeats)], names=["id", "repeat"])
    numbers = pd.DataFrame({"image": np.repeat(range(len(ids)), n_repeats)}, index)
    numbers["repeat"] = index.get_level_values("repeat")
    spy = Spy()
    table = predict_taxa(spy, numbers, pd.Series(taxa), pd.Series(parts))
    names = [[ids[int(i)] for i in x[:, 0]] for x in (spy.fitted[0], spy.asked)]
    return table, spy, *names


TAXA = {"a": "X", "b": "Y", "c": None, "d": "X", "e": "Y", "f": "Z", "g": None}
PARTS = dict(zip(TAXA, ["train", "train", "train", "test", "val", "test", "test"], strict=True))


def test_only_labelled_training_images_are_trained_on_in_all_repeats():
    _, spy, fitted, _ = spied(TAXA, PARTS)
    assert fitted == ["a"] * 3 + ["b"] * 3
    assert spy.fitted[1].tolist() == ["X"] * 3 + ["Y"] * 3


def test_only_clean_images_of_val_and_test_are_predicted():
    table, spy, _, asked = spied(TAXA, PARTS)
    assert asked == ["d", "e"]  # c and g have a gap; f is of a taxon that train lacks
    assert (spy.asked[:, 1] == 0).all()
    assert table[["part", "id", "truth"]].to_numpy().tolist() == [
        ["test", "d", "X"],
        ["val", "e", "Y"],
    ]


def test_image_without_clean_features_is_refused():
    features, taxa, parts = learnable()
    first = features.index[0]
    for table in (features.drop(first), features.rename({0: 1}, level="repeat", axis=0)):
        with pytest.raises(ValueError, match=r"\d+ images have no clean features, such as image"):
            predict_taxa(forest(), table, taxa, parts)


def test_single_training_taxon_is_refused():
    features, taxa, parts = learnable()
    parts[(taxa != "Taxon 3") & (parts == "train")] = "val"
    with pytest.raises(ValueError, match=r"fewer than two taxa: \[(np.str_\()?'Taxon 3'"):
        predict_taxa(forest(), features, taxa, parts)


def test_testable_taxa_are_in_train_and_in_test():
    assert classifiers.scorable_taxa(pd.Series(TAXA), pd.Series(PARTS)) == ["X"]


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match="classifier method 'oracle' is unknown"):
        build_classifier("oracle", trees=3, seed=0, threads=1)


@pytest.mark.parametrize("method", ["most_frequent", "stratified", "uniform"])
def test_baselines_do_not_look_at_the_features(method):
    features, taxa, parts = learnable()
    one = predict_taxa(build_classifier(method, trees=1, seed=3, threads=1), features, taxa, parts)
    features = features * 0
    two = predict_taxa(build_classifier(method, trees=1, seed=3, threads=1), features, taxa, parts)
    pd.testing.assert_frame_equal(one, two)


def test_ranks_with_fewer_than_two_testable_taxa_are_listed():
    features, taxa, parts = learnable()
    ranks = pd.DataFrame({"order": "Order", "family": taxa})
    other = parts.map({"train": "test", "test": "train", "val": "val"})
    predictions, omitted = predict_ranks(features, ranks, {7: parts, 11: other}, FOREST, threads=1)
    assert list(predictions) == [(7, "family"), (11, "family")]
    reason = "fewer than two taxa have specimens in train and in test"
    assert omitted.to_numpy().tolist() == [[7, "order", 1, reason], [11, "order", 1, reason]]
    assert set(predictions[7, "family"].query("part == 'test'")["id"]) == set(
        parts.index[parts == "test"]
    )


def test_seed_of_the_split_enters_the_classifier():
    features, taxa, parts = learnable(noise=2)
    found, _ = predict_ranks(
        features, taxa.to_frame("family"), {1: parts, 2: parts}, FOREST, threads=1
    )
    assert not found[1, "family"].equals(found[2, "family"])
