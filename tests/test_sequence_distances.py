import math

import numpy as np
import pytest
from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.trees.sequence_distances import (
    check_defined,
    sequence_distances,
    taxon_distances,
)

PURINES = set("AG")


def slow(a, b, model):
    """Return the distance of two sequences, site by site (Kimura 1980, equation 10)."""
    sites = [(x, y) for x, y in zip(a, b, strict=True) if x in "ACGT" and y in "ACGT"]
    differ = [(x, y) for x, y in sites if x != y]
    transitions = sum((x in PURINES) == (y in PURINES) for x, y in differ) / len(sites)
    transversions = len(differ) / len(sites) - transitions
    if model == "p":
        return len(differ) / len(sites)
    if model == "JC69":
        return -0.75 * math.log(1 - 4 / 3 * len(differ) / len(sites))
    return -0.5 * math.log(1 - 2 * transitions - transversions) - 0.25 * math.log(
        1 - 2 * transversions
    )


def random_alignment(n_sequences, n_sites, seed):
    rng = np.random.default_rng(seed)
    root = rng.choice(list("ACGT"), n_sites)
    rows = []
    for number in range(n_sequences):
        row = np.where(rng.random(n_sites) < 0.15, rng.choice(list("ACGT"), n_sites), root)
        row = np.where(rng.random(n_sites) < 0.1, rng.choice(list("-NRY"), n_sites), row)
        rows.append(Sequence(f"s{number}", f"T{number % 3}", "".join(row)))
    return rows


@pytest.mark.parametrize("model", ["p", "JC69", "K2P"])
def test_distances_equal_those_of_a_slow_loop_with_pairwise_deletion(model):
    alignment = random_alignment(7, 211, seed=5)
    matrix = sequence_distances(alignment, model)
    assert matrix.ids == tuple(f"s{i}" for i in range(7))
    for i, first in enumerate(alignment):
        for j, second in enumerate(alignment):
            if i != j:
                expected = slow(first.bases, second.bases, model)
                assert matrix[f"s{i}", f"s{j}"] == pytest.approx(expected, abs=1e-14)


def test_distances_equal_those_by_hand():
    # 10 shared sites: one transition (A-G), one transversion (A-C); N and - are no sites.
    pair = [Sequence("x", "X", "AACGTACGTTN-A"), Sequence("y", "Y", "GCCGTACGTTAA-")]
    assert sequence_distances(pair, "p")["x", "y"] == 0.2
    jc69 = -0.75 * math.log(1 - 4 / 3 * 0.2)
    assert sequence_distances(pair, "JC69")["x", "y"] == pytest.approx(jc69, abs=1e-15)
    k2p = -0.5 * math.log(0.7) - 0.25 * math.log(0.8)
    assert sequence_distances(pair, "K2P")["x", "y"] == pytest.approx(k2p, abs=1e-15)


def test_a_saturated_pair_is_named():
    alignment = [
        Sequence("near", "T1", "AAAAAAAAAA"),
        Sequence("also", "T2", "AAAAAAAAAC"),
        Sequence("far", "T3", "CCCCCCCC-A"),
    ]
    with pytest.raises(
        ValueError,
        match=r"between sequences 'near' and 'far' \(2 such pairs\): they differ at 8 of the 9",
    ):
        taxon_distances(alignment, "JC69")
    assert taxon_distances(alignment, "p")["T1", "T3"] == 8 / 9


def test_a_pair_without_a_shared_site_is_named():
    alignment = [Sequence("left", "T1", "ACGT----"), Sequence("right", "T2", "---NACGT")]
    with pytest.raises(
        ValueError, match=r"'left' and 'right' \(1 such pairs\): there is no site where both"
    ):
        taxon_distances(alignment, "p")


def test_distances_that_are_defined_pass():
    alignment = random_alignment(5, 101, seed=2)
    check_defined(sequence_distances(alignment, "K2P").redundant_form(), alignment)


def test_taxon_distances_are_means_over_pairs_of_sequences():
    alignment = random_alignment(8, 151, seed=3)  # three, three and two sequences
    matrix = taxon_distances(alignment, "K2P")
    assert matrix.ids == ("T0", "T1", "T2")
    for first in matrix.ids:
        for second in matrix.ids:
            if first < second:
                pairs = [
                    slow(a.bases, b.bases, "K2P")
                    for a in alignment
                    for b in alignment
                    if (a.taxon, b.taxon) == (first, second)
                ]
                assert matrix[first, second] == pytest.approx(np.mean(pairs), abs=1e-14)


def test_fragments_of_one_taxon_need_no_shared_site():
    alignment = [
        Sequence("left", "T1", "ACGT----"),
        Sequence("right", "T1", "----ACGT"),
        Sequence("whole", "T2", "ACGAACCA"),
    ]
    assert taxon_distances(alignment, "p")["T1", "T2"] == (1 / 4 + 2 / 4) / 2


def test_an_unknown_model_is_refused():
    with pytest.raises(ValueError, match="model is 'F84', expected one of p, JC69, K2P"):
        sequence_distances(random_alignment(3, 11, seed=1), "F84")
