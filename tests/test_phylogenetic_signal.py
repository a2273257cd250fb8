import numpy as np
import pandas as pd
import pytest
from signal_study import evolve, tree_distances
from skbio.stats.distance import DistanceMatrix
from visgen.embedding.phylogenetic_signal import score_signals
from visgen.embedding.pooling import pool
from visgen.signal.brownian import brownian_motion
from visgen.signal.k_mult import k_mult
from visgen.signal.traits import whitened_means

MEAN = {"pooling": "mean", "centre": False, "whiten": False}
VARIANTS = {
    "mean": MEAN,
    "mean_centred": MEAN | {"centre": True},
    "whitened": MEAN | {"whiten": True},
    "median": MEAN | {"pooling": "median"},
    "median_whitened": MEAN | {"pooling": "median", "whiten": True},
    "random": MEAN | {"pooling": "random"},
}
N_TAXA = 23


def study(signal, n_specimens=4, n_images=1, seed=1):
    """Return features, taxa, specimens and distances; the tree has one taxon more."""
    rng = np.random.default_rng(seed)
    distances = tree_distances(N_TAXA + 1, seed)
    names = [f"taxon {i:02d}" for i in range(N_TAXA + 1)]
    mean = 2 * evolve(distances, 13, signal, rng)[:N_TAXA]
    of_specimens = np.repeat(mean, n_specimens, axis=0)
    of_specimens += rng.normal(size=of_specimens.shape)
    x = np.repeat(of_specimens, n_images, axis=0)
    x += 0.01 * rng.normal(size=x.shape)
    ids = pd.Index([f"{i:04d}.jpg" for i in range(len(x))], name="id")
    taxa = pd.Series(np.repeat(names[:N_TAXA], n_specimens * n_images), ids)
    specimens = pd.Series(np.arange(len(x)) // n_images, ids).astype(str)
    mixed = rng.permutation(N_TAXA + 1)
    genetic = DistanceMatrix(distances, names).filter([names[i] for i in mixed])
    return pd.DataFrame(x, ids), taxa, specimens, genetic


def scored(arguments, variants=VARIANTS, **options):
    return score_signals(*arguments[:3], variants, arguments[3], **{"permutations": 99} | options)


def scores_of(rows):
    own = [row for row in rows if row.get("role") is None]
    return {row["metric"]: row for row in own}


def test_signal_is_found_where_it_is_and_only_there():
    for signal in (0, 1):
        rows, omitted = scored(study(signal), {"mean": MEAN}, seed=1)["mean"]
        found = scores_of(rows)
        assert omitted == []
        assert list(found) == ["pagel_lambda", "k_mult", "k_a"]
        assert all((row["p"] <= 0.01) == (signal == 1) for row in found.values())
        of_lambda = found["pagel_lambda"]
        assert of_lambda["ci_low"] <= signal <= of_lambda["ci_high"]
        assert {row["n"] for row in rows} == {N_TAXA}
        assert {row["n_permutations"] for row in rows} == {99}


def test_ks_stand_beside_their_mean_over_permutations():
    rows, _ = scored(study(1), {"mean": MEAN}, seed=1)["mean"]
    nulls = [row for row in rows if row.get("role") == "expected"]
    assert [row["metric"] for row in nulls] == ["k_mult", "k_a"]
    for null in nulls:
        assert null["against"] == "permuted_taxa" and null["p"] is None
        assert null["value"] < scores_of(rows)[null["metric"]]["value"]


def test_means_are_whitened_whatever_the_variant_and_medians_are_not():
    study_of_one = features, taxa, specimens, genetic = study(0.7)
    found = scored(study_of_one, seed=1)
    assert found["mean"] == found["mean_centred"] == found["whitened"]
    k = {name: scores_of(rows).get("k_mult", {}).get("value") for name, (rows, _) in found.items()}
    assert len(set(k.values())) == 4
    assert found["random"] == ([], [])
    names = sorted(set(taxa))
    motion = brownian_motion(genetic.filter(names).data)
    code = taxa.map(names.index).to_numpy()
    means = whitened_means(features.to_numpy(np.float32), code, specimens.astype(int).to_numpy())
    medians = pool(features, taxa, "median", 1).to_numpy()
    for name, vectors in {"mean": means.values, "median": medians}.items():
        expected = k_mult(vectors, motion, 1, seed=1).value
        assert k[name] == pytest.approx(expected, rel=1e-4)


def test_order_of_images_does_not_matter():
    features, taxa, specimens, genetic = study(0.5)
    one = scored((features, taxa, specimens, genetic), {"mean": MEAN}, seed=1)["mean"][0]
    order = np.random.default_rng(2).permutation(len(taxa))
    mixed = (features.iloc[::-1], taxa.iloc[order], specimens, genetic)
    other = scored(mixed, {"mean": MEAN}, seed=1)["mean"][0]
    for a, b in zip(one, other, strict=True):
        assert a["value"] == pytest.approx(b["value"], abs=2e-3)


def test_taxa_without_replicate_are_measured_as_they_are():
    for n_images in (1, 3):
        arguments = features, taxa, _, genetic = study(1, n_specimens=1, n_images=n_images)
        rows, omitted = scored(arguments, {"mean": MEAN}, seed=1)["mean"]
        names = sorted(set(taxa))
        traits = pool(features, taxa, "mean", 1).to_numpy()
        expected = k_mult(traits, brownian_motion(genetic.filter(names).data), 1, seed=1).value
        assert scores_of(rows)["k_mult"]["value"] == pytest.approx(expected)
        assert omitted == []


def test_joined_views_are_side_by_side():
    features, taxa, specimens, genetic = study(0.7, n_images=2)
    views = pd.Series(["inside", "outside"] * (len(taxa) // 2), taxa.index)
    found = scored((features, taxa, specimens, genetic), views=views, seed=1)
    parts = []
    names = sorted(set(taxa))
    for view in ("inside", "outside"):
        of = (views == view).to_numpy()
        code = taxa[of].map(names.index).to_numpy()
        specimen = specimens[of].astype(int).to_numpy()
        parts.append(whitened_means(features[of].to_numpy(np.float32), code, specimen).values)
    motion = brownian_motion(genetic.filter(names).data)
    expected = k_mult(np.hstack(parts), motion, 1, seed=1).value
    found = scores_of(found["mean"][0])["k_mult"]["value"]
    assert found == pytest.approx(expected, rel=1e-4)


def test_what_cannot_be_measured_says_why():
    features, taxa, specimens, genetic = study(1)
    star = DistanceMatrix(2 - 2 * np.eye(N_TAXA + 1), genetic.ids)
    for rows, omitted in scored((features, taxa, specimens, star), {"mean": MEAN}, seed=1).values():
        assert rows == []
        assert omitted[0]["evaluator"] == "signal" and "star tree" in omitted[0]["reason"]
    few = genetic.filter(sorted(genetic.ids)[:4])
    assert scored((features, taxa, specimens, few), seed=1)["mean"] == ([], [])
    none = scored((features, taxa.iloc[:0], specimens, genetic), seed=1)
    assert none == dict.fromkeys(VARIANTS, ([], []))
