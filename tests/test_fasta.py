import gzip
from pathlib import Path

import pytest
from visgen.fasta import sequence_taxa

SHARED = Path(__file__).parents[2] / "shared" / "data"
TEXT = ">1|Pinna_nobilis|x\nACGT\nAC\n\n>2|Arca_noae|y\nAC\n>3|Pinna nobilis|z\nA\n>odd one\nAC\n"
PATTERN = r"\|(?P<taxon>[A-Z][a-z]+[_ ][a-z]+)\|"


def write(tmp_path, text):
    path = tmp_path / "rdna.fasta"
    path.write_text(text, encoding="utf-8")
    return path


def test_sequences_are_counted_by_normal_name_and_odd_headers_returned(tmp_path):
    counts, unmatched = sequence_taxa(write(tmp_path, TEXT), PATTERN)
    assert list(counts.items()) == [("Arca noae", 1), ("Pinna nobilis", 2)]
    assert unmatched == ["odd one"]


def test_genus_and_species_groups_are_joined(tmp_path):
    pattern = r"\|(?P<genus>[A-Z][a-z]+)[_ ](?P<species>[a-z]+)"
    counts, _ = sequence_taxa(write(tmp_path, TEXT), pattern)
    assert counts == {"Arca noae": 1, "Pinna nobilis": 2}


def test_half_a_name_is_no_name(tmp_path):
    counts, unmatched = sequence_taxa(
        write(tmp_path, ">Arca noae\nA\n>Arca\nA\n"), r"(?P<genus>\w+)( (?P<species>\w+))?"
    )
    assert (counts, unmatched) == ({"Arca noae": 1}, ["Arca"])


def test_compressed_file_reads_like_the_plain_one(tmp_path):
    packed = tmp_path / "rdna.fasta.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    assert sequence_taxa(packed, PATTERN) == sequence_taxa(write(tmp_path, TEXT), PATTERN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "rdna.fasta.*is empty"),
        ("\n \n", "is empty"),
        ("name,seq\nA,ACGT\n", "with 'name,seq'"),
    ],
)
def test_foreign_file_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        sequence_taxa(write(tmp_path, text), PATTERN)


@pytest.mark.parametrize("content", [b"ACGT", gzip.compress(TEXT.encode())[:-12]])
def test_broken_archive_is_refused(tmp_path, content):
    path = tmp_path / "rdna.fasta.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"rdna\.fasta\.gz: not a FASTA file"):
        sequence_taxa(path, PATTERN)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("(", "is not a regular expression"), ("(?P<genus>x)", r"\['genus'\], expected `taxon`")],
)
def test_unusable_pattern_is_refused(tmp_path, pattern, message):
    with pytest.raises(ValueError, match=message):
        sequence_taxa(write(tmp_path, TEXT), pattern)


@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the checkout")
def test_published_sequences_have_39_species():
    counts, unmatched = sequence_taxa(
        SHARED / "foram_rdna" / "sequences.fasta", r"^[^|]*\|[^|]*\|(?P<taxon>[^|]+)\|"
    )
    assert (len(counts), sum(counts.values()), unmatched) == (39, 878, [])
