import numpy as np
import pandas as pd
import pytest
from naming_study import RANKS
from visgen.classification.lineages.known import Lineages
from visgen.naming.novelty import (
    KNOWN,
    NO_SUCH,
    Surroundings,
    distances_to_all,
    distances_to_taxa,
    levels,
    novelty_scores,
    p_values,
    scores_without,
    surroundings_of,
)
from visgen.naming.strangers import Strangers
from visgen.naming.verdicts import verdicts
from visgen.prior.looks import Looks, fit_looks

N, N_TAXA, N_AXES = 11, 7, 5
#: Two families, the second with one genus; a species alone in its genus; gaps at each rank.
NAMES = pd.DataFrame(
    [
        ("A", "Aa", "Aa x"),
        ("A", "Aa", "Aa y"),
        ("A", "Ab", "Ab x"),
        ("A", None, "Ac x"),
        ("B", "Ba", "Ba x"),
        ("B", "Bb", None),
        (None, "Z", "Z x"),
    ],
    columns=RANKS,
    dtype="str",
)
TAXA = {rank: pd.Index(sorted(NAMES[rank].dropna().unique())) for rank in RANKS}
LINEAGES = Lineages(
    NAMES, np.stack([TAXA[r].get_indexer(NAMES[r]) for r in RANKS], axis=1), TAXA
)  # fmt: skip


def looks_of_taxa(seed=1):
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(N_TAXA), [2, 3, 1, 5, 2, 3, 7])
    true = 3 * rng.normal(size=(N_TAXA, N_AXES))
    images = true[code] + rng.normal(size=(len(code), N_AXES))
    means = np.stack([images[code == i].mean(axis=0) for i in range(N_TAXA)])
    return Looks(list(range(N_TAXA)), np.bincount(code), means, images, code)


def test_distances_are_those_of_a_slow_loop():
    around = surroundings_of(looks_of_taxa())
    asked = np.random.default_rng(2).normal(size=(N, N_AXES))
    to_taxa, to_all = distances_to_taxa(asked, around), distances_to_all(asked, around)
    assert to_taxa.shape == (N, N_TAXA) and to_all.shape == (N,)
    for i, look in enumerate(asked):
        for t, mean in enumerate(around.means):
            square = sum((look[a] - mean[a]) ** 2 for a in range(N_AXES))
            assert to_taxa[i, t] == pytest.approx(square * around.n[t] / (around.n[t] + 1))
        apart = look - around.centre
        assert to_all[i] == pytest.approx(apart @ around.precision @ apart)


def test_surroundings_are_means_and_one_distribution_of_all_specimens():
    looks = looks_of_taxa()  # they vary by more than 1 on all axes
    around = surroundings_of(looks)
    assert np.array_equal(around.means, looks.means) and np.array_equal(around.n, looks.n_images)
    assert around.centre == pytest.approx(looks.images.mean(axis=0))
    covariance = np.cov(looks.images.T, bias=True)
    shrunk = np.linalg.inv(around.precision)
    # Ledoit and Wolf keep the trace, and shrink towards a multiple of the identity.
    assert np.trace(shrunk) == pytest.approx(np.trace(covariance))
    outside = ~np.eye(N_AXES, dtype=bool)
    kept = shrunk[outside] / covariance[outside]
    assert kept == pytest.approx(kept[0]) and 0 < kept[0] < 1


def test_what_is_unlike_all_scores_more_than_what_is_known():
    """On axes on which taxa are alike, all vary by less than images of one are held to."""
    rng = np.random.default_rng(5)
    true = np.zeros((31, 61))
    true[:, :5] = 5 * rng.normal(size=(31, 5))
    code = np.arange(31 * 5) % 31
    draw = lambda: (true[code] + rng.normal(size=(len(code), 61))).astype(np.float32)  # noqa: E731
    space, looks = fit_looks(draw(), code, least_taxa=2)
    around = surroundings_of(looks)
    assert np.linalg.eigvalsh(np.cov(looks.images.T))[0] < 0.5

    def score(x):
        found = space.apply(x)
        return novelty_scores(distances_to_taxa(found, around), distances_to_all(found, around))

    noise = 10 * rng.normal(size=(97, 61)).astype(np.float32)
    assert (score(noise)[:, None] > score(draw())).mean() > 0.9


def test_a_score_is_the_distance_to_the_nearest_taxon_less_that_to_all():
    to_taxa = np.array([[3.0, 2.0, np.inf], [5.0, 7.0, 6.0]])
    assert novelty_scores(to_taxa, np.array([1.0, 8.0])).tolist() == [1, -3]


def test_a_score_falls_when_a_taxon_comes_near():
    looks = looks_of_taxa()
    around = surroundings_of(looks)
    asked = np.full((1, N_AXES), 9.0)
    to_all = distances_to_all(asked, around)
    before = novelty_scores(distances_to_taxa(asked, around), to_all)
    nearer = Surroundings(np.vstack([around.means, asked + 1]), np.append(around.n, 3), *around[2:])
    after = novelty_scores(distances_to_taxa(asked, nearer), to_all)
    assert after < before and after == pytest.approx(N_AXES * 3 / 4 - to_all)


def slow_scores_without(to_taxa, to_all, lineage, rank):
    """Return scores by the definition: names, not numbers."""
    found = []
    r = RANKS.index(rank)
    for i, own in enumerate(lineage):
        name = NAMES.loc[own, rank]
        if pd.isna(name):
            continue
        others = [j for j in range(len(NAMES)) if NAMES.loc[j, rank] != name]
        above = NAMES.loc[own, RANKS[r - 1]] if r else None
        beside = [j for j in others if NAMES.loc[j, RANKS[r - 1]] == above] if r else others
        if any(np.isfinite(to_taxa[i, j]) for j in beside):
            found.append(min(to_taxa[i, j] for j in others) - to_all[i])
    return found


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("unknown", [[], [1], [1, 2, 3], [4, 5, 6]])
def test_scores_without_a_taxon_are_those_of_a_slow_loop(rank, unknown):
    rng = np.random.default_rng(3)
    lineage = np.arange(23) % len(NAMES)
    to_taxa, to_all = rng.random((23, len(NAMES))), rng.random(23)
    to_taxa[:, unknown] = np.inf
    found = scores_without(to_taxa, to_all, lineage, LINEAGES, rank)
    assert found == pytest.approx(slow_scores_without(to_taxa, to_all, lineage, rank))


def test_who_can_be_new_at_a_rank():
    """A taxon that is left out must leave another one in the taxon above."""
    distances, zeros = np.ones((7, 7)), np.zeros(7)
    numbers = {
        rank: [
            len(scores_without(distances[:1], zeros[:1], np.array([i]), LINEAGES, rank))
            for i in range(7)
        ]
        for rank in RANKS
    }
    assert numbers == {
        "family": [1, 1, 1, 1, 1, 1, 0],  # Z has no family
        # The genus of Ac is not known. Z has no family that could stay known.
        "genus": [1, 1, 1, 0, 1, 1, 0],
        # Ab is alone in its genus, as are Ba and Z; Ac and Bb lack the genus or the species.
        "species": [1, 1, 0, 0, 0, 0, 0],
    }


def test_p_values_are_conformal_with_ties():
    calibration = np.array([2.0, 5.0, 5.0, 3.0])
    scores = np.array([6.0, 5.0, 4.0, 2.0, -1.0])
    assert p_values(scores, calibration) == pytest.approx([1 / 5, 3 / 5, 3 / 5, 1, 1])
    assert p_values(scores[:2], np.array([])).tolist() == [1, 1]


def test_levels_go_from_known_to_the_coarsest_rank():
    assert levels(RANKS) == [KNOWN, "new species", "new genus", "new family"]


def hand_calibration(counts):
    """Return scores 1, 2 ... of known, 101, 102 ... of new species, and so on."""
    words = levels(RANKS)
    return {
        word: 100.0 * i + 1 + np.arange(n)
        for i, (word, n) in enumerate(zip(words, counts, strict=True))
    }


def told(scores, calibration, false_flags):
    """Return verdicts where the distance to all says nothing."""
    known = calibration[KNOWN]
    nothing = Strangers(np.empty(0), p_values(known, known))
    return verdicts(scores, np.zeros(len(scores)), calibration, nothing, false_flags)


def test_the_first_level_that_cannot_be_rejected_is_told():
    calibration = hand_calibration([19, 23, 29, 31])
    scores = np.array([-5.0, 19.0, 19.5, 123.0, 124.0, 229.0, 230.0, 331.0, 331.5])
    verdict, p = told(scores, calibration, 0.05)
    # The largest of 19 has p = 2 / 20, more than 0.05; whatever exceeds all has 1 / 20.
    assert verdict.tolist() == [
        *(KNOWN, KNOWN, "new species", "new species", "new genus", "new genus", "new family"),
        *("new family", NO_SUCH),
    ]
    assert p == pytest.approx([1, 2 / 20, *[1 / 20] * 7])


def test_of_few_calibration_scores_nothing_is_told():
    verdict, p = told(np.array([0.0, 999.0]), hand_calibration([18, 23, 29, 31]), 0.05)
    assert verdict.tolist() == [None, None]
    assert p == pytest.approx([1, 1 / 19])


def test_a_level_of_few_scores_is_not_rejected():
    verdict, _ = told(np.array([5.0, 150.0, 999.0]), hand_calibration([19, 18, 29, 31]), 0.05)
    assert verdict.tolist() == [KNOWN, "new species", "new species"]
    verdict, _ = told(np.array([150.0, 999.0]), hand_calibration([19, 23, 0, 31]), 0.05)
    assert verdict.tolist() == ["new genus", "new genus"]


def test_a_level_whose_scores_lie_below_is_rejected_at_once():
    calibration = hand_calibration([19, 23, 29, 31]) | {"new species": np.arange(-23.0, 0)}
    verdict, _ = told(np.array([10.0, 50.0]), calibration, 0.05)
    assert verdict.tolist() == [KNOWN, "new genus"]


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("false_flags", [0.05, 0.2])
def test_the_share_that_is_called_newer_is_what_was_asked_for(level, false_flags):
    rng = np.random.default_rng(4)
    words, newer = levels(RANKS), []
    for _ in range(400):
        calibration = {word: i + rng.normal(size=59) for i, word in enumerate(words)}
        verdict, _ = told(level + rng.normal(size=41), calibration, false_flags)
        newer.append(np.mean([word not in words[: level + 1] for word in verdict]))
    # Of new species it is no more than the share: some of them look known.
    expected = int(60 * false_flags) / 60
    error = 4 * np.std(newer) / np.sqrt(len(newer))
    assert np.mean(newer) < expected + error
    if level == 0:
        assert np.mean(newer) > expected - error
