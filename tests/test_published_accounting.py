"""How published numbers of the field come about, reproduced so that none is taken for a bar.

The numbers are those of a study of 74 bivalve families (Roy 2025: r .4032, p 5.7419e-109) and of
the literature's "weighted error" correlation of .78. The real distances are used where they lie
beside the checkout; a simulated tree always.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import betainc
from scipy.stats import pearsonr
from skbio.stats.distance import DistanceMatrix
from visgen.distances.as_published import of_random_vectors, weighted_error_r, with_diagonal_r
from visgen.distances.matrices import cosine_distances, tidy
from visgen.distances.reading import read_distances
from visgen.simulate.phylogeny import simulate_phylogeny
from visgen.simulate.traits import branch_loadings

BIVALVES = Path(__file__).parents[2] / "shared" / "data" / "bivalve_distances"
N_FAMILIES = 74
PUBLISHED_R, PUBLISHED_P = ".4032", "5.7419e-109"


def bivalves():
    families = (BIVALVES / "families74.csv").read_text().split()
    return read_distances(BIVALVES / "edge_lengths.csv").filter(families)


def simulated():
    loadings = branch_loadings(simulate_phylogeny(N_FAMILIES, 1)[0])
    shared = loadings.to_numpy() @ loadings.to_numpy().T
    return DistanceMatrix(tidy(2 * (1 - shared)), list(loadings.index))


@pytest.fixture(
    params=[
        simulated,
        pytest.param(
            bivalves,
            marks=pytest.mark.skipif(
                not BIVALVES.exists(), reason="bivalve distances not there beside the checkout"
            ),
        ),
    ],
    ids=["simulated", "bivalves"],
)
def genetic(request):
    matrix = request.param()
    assert len(matrix.ids) == N_FAMILIES
    return matrix


def random_visual(genetic, n_draws=20, n_features=2048):
    """Cosine distances between vectors that know nothing of the taxa."""
    for seed in range(n_draws):
        vectors = np.random.default_rng(seed).normal(size=(len(genetic.ids), n_features))
        yield cosine_distances(pd.DataFrame(vectors, genetic.ids))


def correlation(x, y, where):
    return np.corrcoef(x[where], y[where])[0, 1]


def p_value(r, n_pairs):
    """Two-sided p of Pearson's r for independent pairs: 1 − r² is beta distributed."""
    return betainc((n_pairs - 2) / 2, 0.5, 1 - r**2)


def test_measures_are_what_they_were_published_as():
    genetic, visual = (
        DistanceMatrix(np.array(square), ["a", "b", "c"])
        for square in ([[0, 1, 2], [1, 0, 3], [2, 3, 0]], [[0, 5, 1], [5, 0, 4], [1, 4, 0]])
    )
    g, v = np.array([[0, 1, 2, 0, 3, 0], [0, 5, 1, 0, 4, 0]])  # row by row, the diagonal in it
    assert with_diagonal_r(genetic, visual) == pytest.approx(np.corrcoef(g, v)[0, 1])
    g, v = np.array([[0, 1, 2, 1, 0, 3, 2, 3, 0], [0, 5, 1, 5, 0, 4, 1, 4, 0]])
    errors = [0, 4, 2, 4, 0, 3, 2, 3, 0]  # |g - v| g
    assert weighted_error_r(genetic, visual) == pytest.approx(np.corrcoef(g, errors)[0, 1])


@pytest.mark.slow
def test_random_vectors_are_told_with_the_range_of_their_draws(genetic):
    mean, low, high = of_random_vectors(genetic, with_diagonal_r)
    assert low < mean < high < 1 and high - low < 0.1
    assert mean > float(PUBLISHED_R)
    assert of_random_vectors(genetic, with_diagonal_r) == (mean, low, high)
    assert of_random_vectors(genetic, with_diagonal_r, seed=2) != (mean, low, high)
    assert of_random_vectors(genetic, weighted_error_r)[0] > 0.6


def test_a_diagonal_makes_random_vectors_agree(genetic):
    without, with_diagonal = [], []
    pairs = np.triu_indices(N_FAMILIES, 1)
    for visual in random_visual(genetic):
        without.append(correlation(genetic.data, visual.data, pairs))
        with_diagonal.append(with_diagonal_r(genetic, visual))
    assert abs(np.mean(without)) < 0.03
    assert np.min(np.subtract(with_diagonal, without)) > 0.2
    assert np.mean(with_diagonal) > float(PUBLISHED_R)  # no image is needed for .4032


def test_p_value_is_that_of_scipy():
    x, y = np.random.default_rng(1).normal(size=(2, 37))
    r, p = pearsonr(x, y)
    assert p_value(r, 37) == pytest.approx(p)


def test_published_p_fits_the_published_r_only_with_the_diagonal_in():
    # p falls as r grows, so what is printed as .4032 gives all p between those of its limits.
    low, high, p = 0.40315, 0.40325, float(PUBLISHED_P)
    possible = [n for n in range(2000, 6000) if p_value(high, n) < p < p_value(low, n)]
    with_diagonal = N_FAMILIES * (N_FAMILIES + 1) // 2
    assert with_diagonal in possible
    assert set(possible) <= {with_diagonal - 1, with_diagonal, with_diagonal + 1}
    assert N_FAMILIES * (N_FAMILIES - 1) // 2 not in possible

    r = brentq(lambda r: np.log(p_value(r, with_diagonal) / p), low, high, xtol=1e-12)
    assert f"{r:.4f}" == "0" + PUBLISHED_R
    assert f"{p_value(r, with_diagonal):.4e}" == PUBLISHED_P


def test_without_the_diagonal_the_published_r_would_give_another_p():
    n_pairs = N_FAMILIES * (N_FAMILIES - 1) // 2
    assert p_value(0.40325, n_pairs) > 100 * float(PUBLISHED_P)  # the smallest p it allows


def test_random_vectors_score_high_on_the_weighted_error_r(genetic):
    statistic, r = [], []
    pairs = np.triu_indices(N_FAMILIES, 1)
    for visual in random_visual(genetic):
        statistic.append(weighted_error_r(genetic, visual))
        r.append(correlation(genetic.data, visual.data, pairs))
    assert np.min(statistic) >= 0.6
    assert abs(np.mean(r)) < 0.03
