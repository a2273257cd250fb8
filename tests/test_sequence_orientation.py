from itertools import product
from pathlib import Path

import numpy as np
import pytest
from Bio.Seq import reverse_complement
from visgen.genetics.fasta import read_fasta
from visgen.genetics.sequences.nucleotides import normalise_bases
from visgen.genetics.sequences.orientation import K, find_reversed, strand_vectors

RDNA = Path(__file__).parents[2] / "shared" / "data" / "foram_rdna" / "sequences.fasta"
needs_rdna = pytest.mark.skipif(not RDNA.exists(), reason="real data not beside the checkout")


def gene(rng, n_sequences, length, divergence=0.1):
    """Sequences that differ from one random ancestor at a share of their sites."""
    ancestor = rng.choice(list("ACGT"), length)
    changed = rng.random((n_sequences, length)) < divergence
    return [
        "".join(row) for row in np.where(changed, rng.choice(list("ACGT"), changed.shape), ancestor)
    ]


def turn(sequences, places):
    turned = list(sequences)
    for place in places:
        turned[place] = reverse_complement(turned[place])
    return turned


@pytest.fixture(scope="module")
def rdna():
    return [normalise_bases(record.text).replace("-", "") for record in read_fasta(RDNA)]


def test_strand_vectors_are_differences_of_kmer_counts():
    rng = np.random.default_rng(2)
    sequences = [*gene(rng, 3, 41), "ACGTNACGTTRAC", "ACG", ""]
    vectors = strand_vectors(sequences)
    kmers = ["".join(letters) for letters in product("ACGT", repeat=K)]
    kmers = [kmer for kmer in kmers if kmer < reverse_complement(kmer)]
    assert vectors.shape == (6, len(kmers))
    for sequence, vector in zip(sequences, vectors, strict=True):
        windows = [sequence[i : i + K] for i in range(len(sequence) - K + 1)]
        expected = np.array([
            windows.count(kmer) - windows.count(reverse_complement(kmer)) for kmer in kmers
        ])  # fmt: skip
        expected = expected / max(np.linalg.norm(expected), 1e-9)
        np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_turning_changes_the_sign_of_the_vector():
    sequences = gene(np.random.default_rng(3), 7, 211)
    turned = strand_vectors(turn(sequences, range(7)))
    np.testing.assert_array_equal(turned, -strand_vectors(sequences))


@pytest.mark.parametrize("n_sequences", [1023, 1031])
def test_blocks_do_not_show(n_sequences):
    rng = np.random.default_rng(4)
    sequences = gene(rng, n_sequences, 61)
    places = rng.choice(n_sequences, 13, replace=False)
    sequences = turn(sequences, places)
    single = np.concatenate([strand_vectors([sequence]) for sequence in sequences])
    np.testing.assert_array_equal(strand_vectors(sequences), single)
    assert np.flatnonzero(find_reversed(sequences)).tolist() == sorted(places)


@pytest.mark.parametrize("share", [0.03, 0.3, 0.49])
def test_the_minority_is_reversed_and_only_the_minority(share):
    rng = np.random.default_rng(5)
    places = rng.choice(211, int(211 * share), replace=False)
    found = find_reversed(turn(gene(rng, 211, 307), places))
    assert np.flatnonzero(found).tolist() == sorted(places)


def test_in_a_tie_the_way_of_the_first_is_forward():
    sequences = gene(np.random.default_rng(6), 46, 211)
    last = list(range(23, 46))
    assert np.flatnonzero(find_reversed(turn(sequences, last))).tolist() == last
    assert np.flatnonzero(find_reversed(turn(sequences, range(23)))).tolist() == last


def test_each_of_two_genes_has_its_own_majority():
    rng = np.random.default_rng(7)
    first, second = gene(rng, 97, 503), gene(rng, 23, 401)
    assert not find_reversed(first + second).any()
    # the majority of the second gene runs the other way: nothing ties the two together
    assert not find_reversed(first + turn(second, range(23))).any()
    found = find_reversed(turn(first, [5, 31]) + turn(second, [2, 11, 13]))
    assert np.flatnonzero(found).tolist() == [5, 31, 99, 108, 110]


def test_sequences_that_resemble_nothing_are_left_as_they_are():
    rng = np.random.default_rng(8)
    strangers = ["".join(rng.choice(list("ACGT"), 659)) for _ in range(211)]
    assert find_reversed(strangers).mean() < 0.05


@pytest.mark.parametrize("sequences", [[], ["ACGT"], ["ACGTTACC"], ["", "", "NNNNNNNN", "A"]])
def test_nothing_to_compare_is_forward(sequences):
    assert find_reversed(sequences).tolist() == [False] * len(sequences)


def test_of_two_neither_is_reversed_but_of_four_one_is():
    sequences = turn(gene(np.random.default_rng(9), 4, 211), [1])
    assert find_reversed(sequences[:2]).tolist() == [False, False]
    assert find_reversed(sequences).tolist() == [False, True, False, False]


@needs_rdna
def test_no_published_sequence_looks_reversed(rdna):
    assert find_reversed(rdna).sum() == 0


@needs_rdna
@pytest.mark.parametrize("n_turned", [20, 395])
@pytest.mark.parametrize("seed", range(5))
def test_all_hidden_reverse_complements_are_found_and_nothing_else(rdna, n_turned, seed):
    places = np.random.default_rng(seed).choice(len(rdna), n_turned, replace=False)
    found = find_reversed(turn(rdna, places))
    assert np.flatnonzero(found).tolist() == sorted(places)
