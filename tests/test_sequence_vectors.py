from collections import Counter

import numpy as np
import pytest
from skbio import DNA
from visgen.genetics.sequences.accepted import Sequence, read_accepted, write_accepted
from visgen.genetics.vectors.encodings import embed_kmers, embed_sgt
from visgen.genetics.vectors.files import read_vectors, write_vectors
from visgen.genetics.vectors.words import list_words, read_words

SGT = {
    "engine": "fast",
    "letters": 2,
    "symbols": "overlapping",
    "kappa": 1.0,
    "length_sensitive": False,
    "scaling": "none",
}


def random_sequences(sizes, letters="ACGT", seed=1):
    rng = np.random.default_rng(seed)
    return [
        Sequence(f"s{size}", f"taxon {size % 3}", "".join(rng.choice(list(letters), size)))
        for size in sizes
    ]


def as_words(bases, letters, step):
    words = list_words(letters)
    return [None if code < 0 else words[code] for code in read_words(bases, letters, step)]


def test_words_are_in_the_order_of_the_alphabet():
    assert list_words(1) == ["A", "C", "G", "T"]
    assert list_words(3)[:2] + list_words(3)[-1:] == ["AAA", "AAC", "TTT"]
    assert len(list_words(4)) == 256


def test_overlapping_words_start_at_every_base():
    assert as_words("ACGTT", 2, 1) == ["AC", "CG", "GT", "TT"]
    assert as_words("ACGTT", 3, 1) == ["ACG", "CGT", "GTT"]


def test_binned_words_stand_side_by_side_and_drop_a_cut_one():
    assert as_words("ACGTT", 2, 2) == ["AC", "GT"]
    assert as_words("ACGTTA", 2, 2) == ["AC", "GT", "TA"]
    assert as_words("ACGTT", 3, 3) == ["ACG"]


def test_word_with_an_ambiguous_letter_is_missing_in_its_place():
    assert as_words("ACNTT", 2, 1) == ["AC", None, None, "TT"]
    assert as_words("ACNTT", 2, 2) == ["AC", None]
    assert as_words("RYA", 1, 1) == [None, None, "A"]


@pytest.mark.parametrize(("bases", "letters"), [("", 1), ("", 3), ("AC", 3)])
def test_sequence_shorter_than_a_word_has_none(bases, letters):
    assert as_words(bases, letters, 1) == []
    assert as_words(bases, letters, letters) == []


@pytest.mark.parametrize("letter", ["-", "a", "U", "?", "É", "Ω"])
def test_letter_that_is_not_of_dna_is_refused(letter):
    with pytest.raises(ValueError, match=r"base 3 is '.', expected A, C, G, T or an ambiguous"):
        read_words(f"AC{letter}T", 2, 1)


@pytest.mark.parametrize("letters", [1, 3, 4])
def test_kmer_frequencies_equal_those_of_scikit_bio(letters):
    sequences = random_sequences([29, 101, 211])
    vectors = embed_kmers(sequences, letters=letters, scaling="none")
    for sequence, values in zip(sequences, vectors.values, strict=True):
        expected = DNA(sequence.bases).kmer_frequencies(letters, relative=True)
        found = dict(zip(vectors.features, values, strict=True))
        assert {word: share for word, share in found.items() if share} == pytest.approx(expected)


def test_kmers_with_ambiguous_letters_do_not_count():
    sequence = random_sequences([157], "ACGTN")[0]
    words = [sequence.bases[i : i + 2] for i in range(156)]
    clear = Counter(word for word in words if "N" not in word)
    assert sum(clear.values()) < 156
    vectors = embed_kmers([sequence], letters=2, scaling="none")
    expected = [clear[word] / sum(clear.values()) for word in vectors.features]
    np.testing.assert_allclose(vectors.values[0], expected, rtol=1e-14)


def test_gaps_are_taken_out():
    plain, gapped = Sequence("s", "t", "ACGGTCA"), Sequence("s", "t", "--AC-GGT---CA-")
    for embed, options in ((embed_sgt, SGT), (embed_kmers, {"letters": 3, "scaling": "none"})):
        np.testing.assert_array_equal(
            embed([plain], **options).values, embed([gapped], **options).values
        )


@pytest.mark.parametrize(
    ("embed", "options"), [(embed_sgt, SGT), (embed_kmers, {"letters": 3, "scaling": "none"})]
)
def test_l2_scaling_keeps_directions_and_gives_unit_length(embed, options):
    sequences = random_sequences([31, 73, 127, 233, 307])
    plain = embed(sequences, **options).values
    unit = embed(sequences, **options | {"scaling": "l2"}).values
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-14)
    lengths = np.linalg.norm(plain, axis=1, keepdims=True)
    np.testing.assert_allclose(unit * lengths, plain, rtol=1e-13)


def test_vectors_carry_names_and_taxa_in_the_order_read(tmp_path):
    sequences = random_sequences([37, 11, 23])
    write_accepted(tmp_path / "accepted.fasta", sequences)
    vectors = embed_sgt(read_accepted(tmp_path / "accepted.fasta"), **SGT)
    assert vectors.names.tolist() == ["s37", "s11", "s23"]
    assert vectors.taxa.tolist() == ["taxon 1", "taxon 2", "taxon 2"]
    assert vectors.values.shape == (3, 256)
    alone = embed_sgt(sequences[1:2], **SGT)
    np.testing.assert_array_equal(vectors.values[1], alone.values[0])


def test_sequences_are_read_one_at_a_time():
    read = []

    def stream():
        for sequence in [Sequence("good", "t", "ACGT"), Sequence("bad", "t", "AC?T")] * 2:
            read.append(sequence.name)
            yield sequence

    with pytest.raises(ValueError, match="sequence 'bad': base 3 is '\\?'"):
        embed_sgt(stream(), **SGT)
    assert read == ["good", "bad"]


def test_vectors_come_back_from_disk_and_write_the_same_bytes(tmp_path):
    vectors = embed_kmers(random_sequences([41, 59]), letters=2, scaling="none")
    for name in ("one.npz", "two.npz"):
        write_vectors(tmp_path / name, vectors)
    back = read_vectors(tmp_path / "one.npz")
    for key in ("names", "taxa", "features", "values"):
        np.testing.assert_array_equal(getattr(back, key), getattr(vectors, key))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_sequences_without_a_vector_are_refused_by_name():
    good, empty = Sequence("good", "t", "ACGTACGT"), Sequence("empty", "t", "NNNNN")
    with pytest.raises(ValueError, match="sequence 'empty': its vector is zero, which scaling l2"):
        embed_sgt([good, empty], **SGT | {"scaling": "l2"})
    with pytest.raises(ValueError, match="sequence 'empty': no word of 4 letters without"):
        embed_kmers([good, empty], letters=4, scaling="none")
    with pytest.raises(ValueError, match=r"key genetics\.sgt\.letters .* genetics\.filters"):
        embed_sgt([good, empty], **SGT | {"scaling": "l2"})
    with pytest.raises(ValueError, match=r"key genetics\.kmers\.letters, .* genetics\.filters"):
        embed_kmers([good, empty], letters=4, scaling="none")
    with pytest.raises(ValueError, match="there is no sequence to embed"):
        embed_sgt([], **SGT)
    with pytest.raises(ValueError, match="letters is 0, expected at least 1"):
        embed_kmers([good], letters=0, scaling="none")
