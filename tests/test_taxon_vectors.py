import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from visgen.distances.matrices import NO_TAXA, load_distances, write_distances
from visgen.embedding.guidance.files import write_no_fit
from visgen.embedding.guidance.in_sample import in_sample_rows
from visgen.embedding.options import FIXED_POOLINGS
from visgen.embedding.pooling import centre, enough_images, pool
from visgen.embedding.unguided import embed_taxa
from visgen.tables import read_table

N_FEATURES = 7
TAXA = {"i1": "Pinna", "i2": "Arca", "i3": "Pinna", "i4": None, "i5": "Arca", "i6": "Arca"}


@pytest.fixture
def taxa():
    return pd.Series(TAXA | {f"j{i}": "Lima" for i in range(5)})


@pytest.fixture
def features(taxa):
    values = np.random.default_rng(3).normal(size=(len(taxa), N_FEATURES)).astype(np.float32)
    return pd.DataFrame(values, index=taxa.index)


@pytest.mark.parametrize("pooling", ["mean", "median", "medoid"])
def test_pooled_vector_equals_that_of_a_plain_loop(features, taxa, pooling):
    pooled = pool(features, taxa, pooling, seed=0)
    assert list(pooled.index) == ["Arca", "Lima", "Pinna"]
    for taxon, vector in pooled.iterrows():
        images = features.loc[[i for i in taxa.index if taxa[i] == taxon]].to_numpy(float)
        medoid = images[cdist(images, images, "cosine").sum(axis=1).round(9).argmin()]
        expected = {"mean": images.mean(0), "median": np.median(images, 0), "medoid": medoid}
        np.testing.assert_allclose(vector, expected[pooling], rtol=1e-12)


@pytest.mark.parametrize("pooling", FIXED_POOLINGS)
def test_order_of_rows_does_not_matter(features, taxa, pooling):
    mixed = np.random.default_rng(5).permutation(len(taxa))
    pd.testing.assert_frame_equal(
        pool(features, taxa, pooling, seed=2),
        pool(features.iloc[mixed], taxa.iloc[mixed[::-1]], pooling, seed=2),
    )


def test_medoid_of_two_images_is_the_first_id():
    # Both sums are equal, but for the noise of the last bit.
    ids = [f"i{i:03d}" for i in range(106)]
    features = pd.DataFrame(np.random.default_rng(1).normal(size=(106, 11)), index=ids)
    pooled = pool(features, pd.Series([i // 2 for i in range(106)], index=ids), "medoid", seed=0)
    np.testing.assert_array_equal(pooled, features.iloc[::2])


def test_random_vector_depends_on_seed_and_name_alone(features, taxa):
    pooled = pool(features, taxa, "random", seed=2)
    fewer = taxa[taxa != "Arca"]
    again = pool(features.loc[fewer.index] * 9, fewer, "random", seed=2)
    np.testing.assert_array_equal(pooled.loc["Lima"], again.loc["Lima"])
    assert not np.isclose(pooled, pool(features, taxa, "random", seed=3)).any()
    assert not np.isclose(pooled.loc["Lima"], pooled.loc["Pinna"]).any()


def test_random_vectors_are_standard_normal():
    names = [f"t{i}" for i in range(101)]
    features = pd.DataFrame(np.random.default_rng(0).random((101, 211)), index=names)
    values = pool(features, pd.Series(names, index=names), "random", seed=1).to_numpy()
    assert abs(values.mean()) < 4 / np.sqrt(values.size)
    assert values.std() == pytest.approx(1, abs=0.02)


def test_centred_vectors_have_mean_zero(features, taxa):
    pooled = pool(features, taxa, "mean", seed=0)
    centred = centre(pooled)
    np.testing.assert_allclose(centred.mean(), 0, atol=1e-15)
    np.testing.assert_allclose(
        centred.loc["Arca"] - centred.loc["Lima"], pooled.loc["Arca"] - pooled.loc["Lima"]
    )


def test_image_in_one_table_only_is_refused(features, taxa):
    with pytest.raises(ValueError, match="features: 1 ids are missing, the first is 'i3'"):
        pool(features.drop(index="i3"), taxa, "mean", seed=0)
    with pytest.raises(ValueError, match="taxa: 1 ids are missing, the first is 'i3'"):
        pool(features, taxa.drop(index="i3"), "mean", seed=0)


def test_repeated_id_is_refused(features, taxa):
    with pytest.raises(ValueError, match="features: id 'i2' occurs twice"):
        pool(pd.concat([features, features.loc[["i2"]]]), taxa, "mean", seed=0)


def test_unusable_features_are_refused(features, taxa):
    broken = features.copy()
    broken.loc["i5", 3] = np.nan
    with pytest.raises(ValueError, match="id 'i5' has a value that is not finite"):
        pool(broken, taxa, "mean", seed=0)
    with pytest.raises(ValueError, match="all 10 images have the same features"):
        pool(features * 0 + 1, taxa, "mean", seed=0)
    broken.loc["i5"] = 0.0
    with pytest.raises(ValueError, match="id 'i5' is the zero vector"):
        pool(broken, taxa, "medoid", seed=0)


def test_broken_features_of_an_image_without_a_taxon_do_no_harm(features, taxa):
    features.loc["i4"] = np.nan
    assert np.isfinite(pool(features, taxa, "mean", seed=0).to_numpy()).all()


def test_unknown_pooling_and_all_gaps_are_refused(features, taxa):
    with pytest.raises(ValueError, match="pooling is 'max', expected one of mean, median"):
        pool(features, taxa, "max", seed=0)
    with pytest.raises(ValueError, match="none of 11 images has a taxon"):
        pool(features, taxa.where(taxa.isna()), "mean", seed=0)


@pytest.mark.parametrize(
    ("n_images", "kept", "reasons"),
    [
        ([3, 4, 2, 5], ["A", "B", "D"], ["fewer than 3 images"]),
        ([3, 4, 2, 1], [], ["fewer than 3 taxa have 3 images"] * 2 + ["fewer than 3 images"] * 2),
        ([1, 1, 1, 1], [], ["fewer than 3 images"] * 4),
    ],
)
def test_fewer_than_three_taxa_have_no_vectors(n_images, kept, reasons):
    taxa = pd.Series(np.repeat(list("ABCD"), n_images)).rename(index=str)
    enough, omitted = enough_images(taxa, 3)
    assert sorted(set(enough)) == kept
    assert omitted["reason"].tolist() == reasons


def test_no_taxa_have_files_that_can_be_read(tmp_path):
    nothing = pd.Series(dtype="str")
    vectors, distances = embed_taxa(pd.DataFrame(), nothing, {"pooling": "mean"}, 1)
    assert vectors.empty and distances is NO_TAXA
    write_distances(tmp_path / "distances.tsv", NO_TAXA)
    assert load_distances(tmp_path / "distances.tsv").ids == ("none",)
    names = ("vectors", "distances", "history", "fit", "weights", "model")
    paths = {name: tmp_path / name for name in names}
    write_no_fit(paths)
    assert in_sample_rows(read_table(paths["fit"])) == []
    assert pd.read_parquet(paths["vectors"]).empty and all(p.is_file() for p in paths.values())
