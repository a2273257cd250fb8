import numpy as np
import pandas as pd
import pytest
from signal_study import tree_distances
from visgen.signal.new_specimens import looks_of, redraw_specimens, redrawn_vectors


def collection(sizes, images=None):
    """Taxa of so many specimens, each of so many images; ``images`` by specimen, else one."""
    n_specimens = sum(sizes)
    images = np.ones(n_specimens, int) if images is None else np.array(images)
    taxon = np.repeat(np.repeat([f"Taxon {i}" for i in range(len(sizes))], sizes), images)
    specimen = np.repeat([f"specimen {i}" for i in range(n_specimens)], images)
    return pd.Series(taxon), pd.Series(specimen)


def means_of(values, taxa):
    def embed(places):
        return pd.DataFrame(values[places]).groupby(taxa.to_numpy()[places]).mean()

    return embed


def test_the_variance_of_a_mean_over_specimens_drawn_anew_is_unbiased():
    rng = np.random.default_rng(1)
    taxa, specimens = collection([2, 3, 7, 1])
    values = rng.normal(size=13)
    drawn = [redraw_specimens(taxa, specimens, None, rng) for _ in range(500)]
    for taxon in range(4):
        is_own = (taxa == f"Taxon {taxon}").to_numpy()
        own = values[is_own]
        means = np.array([values[places[is_own[places]]].mean() for places in drawn])
        m = len(own)
        of_mean = sum((own - own.mean()) ** 2) / (m - 1) / m if m > 1 else 0.0
        found = np.mean((means - own.mean()) ** 2)
        assert found == pytest.approx(of_mean, rel=0.2)


def test_one_specimen_fewer_is_drawn_and_a_single_one_stays():
    taxa, specimens = collection([2, 5, 1, 11])
    for seed in range(7):
        places = redraw_specimens(taxa, specimens, None, np.random.default_rng(seed))
        assert taxa.iloc[places].value_counts().to_dict() == {
            "Taxon 0": 1,
            "Taxon 1": 4,
            "Taxon 2": 1,
            "Taxon 3": 10,
        }
    assert len(set(places)) < len(places)  # with replacement


def test_all_images_of_a_specimen_come_along():
    taxa, specimens = collection([4, 1, 3], images=[1, 2, 3, 5, 7, 2, 2, 11])
    order = np.random.default_rng(1).permutation(len(taxa))
    taxa, specimens = taxa.iloc[order], specimens.iloc[order]
    seen = set()
    for seed in range(20):
        places = redraw_specimens(taxa, specimens, None, np.random.default_rng(seed))
        times = np.bincount(places, minlength=len(taxa))
        for name in specimens.unique():
            of_images = set(times[(specimens == name).to_numpy()])
            assert len(of_images) == 1
            seen |= of_images
        n_drawn = [
            times[(specimens == name).to_numpy()][0]
            for name in specimens[taxa == "Taxon 0"].unique()
        ]
        assert sum(n_drawn) == 3
    assert {0, 1, 2} <= seen


def test_a_specimen_in_two_taxa_is_one_of_each():
    taxa, specimens = pd.Series(list("AABB")), pd.Series(list("xyxx"))
    for seed in range(5):
        places = redraw_specimens(taxa, specimens, None, np.random.default_rng(seed))
        drawn = taxa.iloc[places].tolist()
        assert drawn.count("B") == 2 and drawn.count("A") == 1


def test_no_taxon_loses_a_view():
    rng = np.random.default_rng(3)
    rows = []
    for specimen in range(60):
        views = (["in"], ["out"], ["in", "out"], ["out", "out"])[rng.integers(4)]
        rows += [(f"s{specimen}", f"Taxon {specimen % 11}", view) for view in views]
    specimens, taxa, views = (pd.Series(part) for part in zip(*rows, strict=True))
    before = pd.crosstab(taxa, views) > 0
    moved = 0
    for _ in range(20):
        places = redraw_specimens(taxa, specimens, views, rng)
        drawn = taxa.iloc[places].to_numpy(), views.iloc[places].to_numpy()
        after = pd.crosstab(*drawn).reindex_like(before).fillna(0) > 0
        pd.testing.assert_frame_equal(after, before, check_names=False)
        moved += len(set(places)) < len(taxa)
    assert moved == 20


def test_specimens_are_drawn_anew_each_time_and_the_same_by_seed():
    taxa, specimens = collection([3, 4, 5])
    values = np.random.default_rng(1).normal(size=(12, 2))
    embed = means_of(values, taxa)
    one, same, other = (
        redrawn_vectors(embed, taxa, specimens, redraws=5, seed=seed) for seed in (3, 3, 4)
    )
    assert len(one) == 5
    for first, second in zip(one, same, strict=True):
        pd.testing.assert_frame_equal(first, second)
    assert not one[0].equals(one[1]) and not one[0].equals(other[0])


@pytest.mark.parametrize("n_features", [5, 301])  # fewer and more than there are rows
def test_distances_and_the_mean_are_kept_on_the_axes(n_features):
    rng = np.random.default_rng(5)
    vectors = 3 + rng.normal(size=(13, n_features))
    redrawn = [vectors + 0.1 * rng.normal(size=vectors.shape) for _ in range(3)]
    n_specimens = np.array([1, 2, 7] * 4 + [3])
    looks = looks_of(tree_distances(13, 1), vectors, redrawn, n_specimens)
    traits = looks.traits
    centred = vectors - vectors.mean(axis=0)
    np.testing.assert_allclose(traits.vectors @ traits.vectors.T, centred @ centred.T, atol=1e-8)
    whole = np.hstack([traits.vectors + looks.mean, np.full((13, 1), looks.beside)])
    np.testing.assert_allclose(traits.vectors @ looks.axes.T, centred, atol=1e-8)
    np.testing.assert_allclose(whole @ whole.T, vectors @ vectors.T)
    assert traits.vectors.shape[1] <= n_features
    np.testing.assert_array_equal(traits.n_specimens, n_specimens)


def test_noise_is_that_of_one_specimen_from_taxa_of_two_or_more():
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(11, 3))
    redrawn = [vectors + rng.normal(size=vectors.shape) for _ in range(4)]
    n_specimens = np.array([1, 2, 7, 1, 3, 2, 2, 1, 5, 2, 29])
    noise = np.zeros((3, 3))
    n = 0
    for one in redrawn:
        for taxon in range(11):
            if n_specimens[taxon] > 1:
                departure = one[taxon] - vectors[taxon]
                noise += n_specimens[taxon] * np.outer(departure, departure)
                n += 1
    traits = looks_of(tree_distances(11, 1), vectors, redrawn, n_specimens).traits
    # Which axes are taken is left open; on them vectors and noise go together.
    centred = vectors - vectors.mean(axis=0)
    np.testing.assert_allclose(
        traits.vectors @ traits.noise @ traits.vectors.T, centred @ (noise / n) @ centred.T
    )
    assert np.trace(traits.noise) == pytest.approx(np.trace(noise / n))


def test_noise_of_means_is_the_covariance_within_taxa():
    rng = np.random.default_rng(9)
    sizes = rng.choice([1, 2, 3, 5], 211)
    taxa, specimens = collection(sizes)
    spread = np.array([[2.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.3]])
    values = rng.normal(size=(211, 3))[pd.factorize(taxa)[0]]
    values = values + rng.normal(size=values.shape) @ spread
    embed = means_of(values, taxa)
    vectors = embed(np.arange(len(taxa)))
    redrawn = [
        one.to_numpy() for one in redrawn_vectors(embed, taxa, specimens, redraws=30, seed=1)
    ]
    n_specimens = taxa.value_counts().loc[vectors.index].to_numpy()
    distances = np.ones((211, 211)) - np.eye(211)
    traits = looks_of(distances, vectors.to_numpy(), redrawn, n_specimens).traits
    expected = np.linalg.eigvalsh(spread.T @ spread)
    np.testing.assert_allclose(np.linalg.eigvalsh(traits.noise), expected, rtol=0.15)


@pytest.mark.parametrize("n_redrawn", [0, 3])
def test_without_a_second_specimen_there_is_no_noise(n_redrawn):
    vectors = np.random.default_rng(1).normal(size=(11, 3))
    traits = looks_of(tree_distances(11, 1), vectors, [vectors] * n_redrawn, np.ones(11)).traits
    assert not traits.noise.any()
