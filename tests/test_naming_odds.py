import numpy as np
import pandas as pd
import pytest
from naming_study import RANKS
from scipy.special import logsumexp, softmax
from visgen.classification.lineages.known import Lineages
from visgen.classification.lineages.weights import RankWeights, equal_weights
from visgen.naming.odds import Pooling, _odds_by_rank, fit_pooling, fit_temperature, lineage_odds

N = 13
#: Genera of one to three species; a genus whose species no label tells.
NAMES = pd.DataFrame(
    [
        *(("A", "Aa", f"Aa {s}") for s in "xyz"),
        ("A", "Ab", "Ab x"),
        ("B", "Ba", "Ba x"),
        ("B", "Ba", "Ba y"),
        ("B", "Bb", None),
    ],
    columns=RANKS,
    dtype="str",
)
TAXA = {rank: pd.Index(sorted(NAMES[rank].dropna().unique())) for rank in RANKS}
LINEAGES = Lineages(
    NAMES, np.stack([TAXA[r].get_indexer(NAMES[r]) for r in RANKS], axis=1), TAXA
)  # fmt: skip


def logits_of(ranks=RANKS, n=N, seed=1):
    rng = np.random.default_rng(seed)
    return {rank: 5 * rng.normal(size=(n, len(TAXA[rank]))).astype(np.float32) for rank in ranks}


def loss(logits, truth, temperature):
    own = logits[np.arange(len(truth)), truth]
    return (logsumexp(logits / temperature, axis=1) - own / temperature).mean()


@pytest.mark.parametrize("scale", [0.3, 4.0, 70.0])
def test_the_temperature_is_that_of_brute_force(scale):
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(97, 7))
    truth = np.array([rng.choice(7, p=softmax(row)) for row in logits])
    temperature = fit_temperature(scale * logits, truth)
    tried = np.geomspace(scale / 5, 5 * scale, 97)
    losses = [loss(scale * logits, truth, t) for t in tried]
    assert temperature == pytest.approx(tried[np.argmin(losses)], rel=0.04)
    assert loss(scale * logits, truth, temperature) <= min(losses) + 1e-9
    assert scale / 2 < temperature < 2 * scale  # that which the truth was drawn with


def test_specimens_without_a_taxon_say_nothing_of_the_temperature():
    logits, truth = logits_of()["genus"], np.resize([0, 1, 3], N)
    known = np.arange(N) % 4 > 0
    expected = fit_temperature(logits[known], truth[known])
    assert fit_temperature(logits, np.where(known, truth, -1)) == expected
    assert fit_temperature(logits, np.full(N, -1)) == 1


def test_coarse_ranks_of_a_head_of_species_are_sums():
    logits = logits_of(["species"])
    odds = _odds_by_rank(logits, {"species": 2.0}, LINEAGES)
    assert list(odds) == RANKS
    species = dict(zip(TAXA["species"], softmax(logits["species"] / 2.0, axis=1).T, strict=True))
    aa = species["Aa x"] + species["Aa y"] + species["Aa z"]
    assert odds["genus"][:, TAXA["genus"].get_loc("Aa")] == pytest.approx(aa, abs=1e-6)
    assert odds["family"][:, 0] == pytest.approx(aa + species["Ab x"], abs=1e-6)
    assert odds["family"].sum(axis=1) == pytest.approx(np.ones(N), abs=1e-6)


def test_a_head_of_genera_counts_each_once_however_many_species_it_has():
    logits = logits_of(["genus"])
    odds = _odds_by_rank(logits, {"genus": 1.0}, LINEAGES)
    genera = dict(zip(TAXA["genus"], softmax(logits["genus"], axis=1).T, strict=True))
    assert odds["family"][:, 0] == pytest.approx(genera["Aa"] + genera["Ab"], abs=1e-6)
    assert odds["family"][:, 1] == pytest.approx(genera["Ba"] + genera["Bb"], abs=1e-6)
    assert odds["species"][:, TAXA["species"].get_loc("Aa y")] == pytest.approx(
        genera["Aa"] / 3, abs=1e-6
    )


@pytest.mark.parametrize("ranks", [RANKS, ["species"], ["genus"], ["family", "species"]])
def test_pooled_odds_sum_to_one(ranks):
    pooling = Pooling(dict.fromkeys(ranks, 0.7), RankWeights(np.array([0.2, 0.3, 0.5]), 0.4, 17))
    odds = lineage_odds(logits_of(ranks), pooling, LINEAGES)
    assert odds.shape == (N, len(LINEAGES)) and (odds >= 0).all()
    assert odds.sum(axis=1) == pytest.approx(np.ones(N))


def test_ranks_count_as_their_weights_say():
    """As a product of powers, over lineages without gaps."""
    logits, exponents = logits_of(), np.array([0.5, 1.5, 0.7])
    pooling = Pooling(
        dict.fromkeys(RANKS, 9.0), RankWeights(exponents / exponents.sum(), 1 / exponents.sum(), 5)
    )
    odds = lineage_odds(logits, pooling, LINEAGES)
    for i in range(N):
        said = []
        for j in range(6):  # those before the gap
            parts = [
                softmax(logits[rank][i] / 9)[TAXA[rank].get_loc(NAMES.loc[j, rank])] ** exponent
                for rank, exponent in zip(RANKS, exponents, strict=True)
            ]
            said.append(np.prod(parts))
        assert odds[i, :6] / odds[i, 0] == pytest.approx(np.array(said) / said[0], rel=1e-3)


def test_pooling_is_sure_where_heads_are_right_and_not_where_they_are_not():
    truth = LINEAGES.places[np.arange(101) % 6]
    right = {
        rank: 4.0 * np.eye(len(TAXA[rank]), dtype=np.float32)[truth[:, r]]
        for r, rank in enumerate(RANKS)
    }
    wrong = {rank: np.random.default_rng(3).permutation(values) for rank, values in right.items()}
    rows = np.arange(101), np.arange(101) % 6
    of_right, of_wrong = (
        lineage_odds(logits, fit_pooling(logits, truth, LINEAGES), LINEAGES)
        for logits in (right, wrong)
    )
    assert of_right[rows].min() > 0.9
    assert of_wrong.max() < 0.5 and np.log(of_wrong[rows]).mean() > np.log(1 / len(LINEAGES)) - 0.2


def test_without_any_truth_nothing_is_fitted():
    pooling = fit_pooling(logits_of(), np.full((N, 3), -1), LINEAGES)
    assert pooling.temperatures == dict.fromkeys(RANKS, 1.0)
    assert np.array_equal(pooling.weights.shares, equal_weights(3).shares)
