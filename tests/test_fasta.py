import bz2
import gzip
from pathlib import Path

import pytest
from visgen.genetics.fasta import FastaRecord, read_fasta

SHARED = Path(__file__).parents[2] / "shared" / "data"
TEXT = ">>s1|Pinna_nobilis|x y\nACGT\nacu-\n\n> s2 Arca noae\nAC GT\n>\n>s3\n"
RECORDS = [
    FastaRecord("s1|Pinna_nobilis|x y", "ACGTacu-"),
    FastaRecord("s2 Arca noae", "ACGT"),
    FastaRecord("", ""),
    FastaRecord("s3", ""),
]


def write(tmp_path, content, name="rdna.fasta"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        "\n \n" + TEXT,
        "\ufeff" + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.rstrip("\n"),
        TEXT.replace("> s2", "; a comment\n >s2").replace("acu-", "acu-\n;another"),
        gzip.compress(TEXT.encode()),
        gzip.compress(TEXT[:20].encode()) + gzip.compress(TEXT[20:].encode()),
    ],
    ids=[
        *("plain", "blank lines", "bom", "crlf", "cr", "no last line end", "comments", "gzip"),
        "two members",
    ],
)
@pytest.mark.parametrize("name", ["rdna.fasta", "rdna.fasta.gz"])
def test_every_common_form_gives_the_same_records_whatever_its_suffix(tmp_path, content, name):
    assert list(read_fasta(write(tmp_path, content, name))) == RECORDS


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        ("@r1\nACGT\n+\nIIII\n", "FASTQ"),
        ("@HD\tVN:1.6\n", "SAM"),
        ("LOCUS       SCU49845 5028 bp DNA\n", "GenBank"),
        ("ID   X56734; SV 1;\n", "EMBL"),
        ("#nexus\nbegin data;\n", "Nexus"),
        ("\n 3 12\nArca      ACGTACGTACGT\n", "Phylip"),
        ("CLUSTAL W (1.83)\n", "Clustal"),
        ("# STOCKHOLM 1.0\n", "Stockholm"),
        ("#mega\n", "MEGA"),
        ("((A:1,B:1):1);", "a Newick tree"),
        ("<!DOCTYPE html>", "HTML or XML"),
        ("{\\rtf1\\ansi", "RTF, of a word processor,"),
    ],
)
def test_another_format_is_named(tmp_path, start, kind):
    with pytest.raises(ValueError, match=rf"rdna\.fasta: not a FASTA file: it looks like {kind}"):
        list(read_fasta(write(tmp_path, start)))


def test_comments_that_are_left_out_are_counted_in_the_log(tmp_path, caplog):
    caplog.set_level("INFO")
    list(read_fasta(write(tmp_path, ";one\n>s1\n;two\nACGT\n")))
    assert "rdna.fasta: 2 lines that begin with ';' left out as comments" in caplog.text


def test_name_is_the_first_word_in_composed_letters():
    names = [record.name for record in RECORDS]
    assert names == ["s1|Pinna_nobilis|x", "s2", "", "s3"]
    assert FastaRecord("Cafe\u0301\u200b\tbar", "").name == "Café"


def test_records_come_one_at_a_time(tmp_path):
    # the archive is cut short, but far behind the first record
    content = gzip.compress("".join(f">s{i}\n{i:b}\n" for i in range(50_000)).encode())[:-12]
    records = read_fasta(write(tmp_path, content))
    assert next(records) == FastaRecord("s0", "0")
    with pytest.raises(ValueError, match=r"rdna\.fasta: not a FASTA file: Compressed file ended"):
        list(records)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        (gzip.compress(b""), "the file is empty"),
        ("name,seq\nA,ACGT\n", "it starts with 'name,seq', expected '>'"),
        ("ACGT\n" + TEXT, "it starts with 'ACGT'"),
        (">a\nAC\n".encode("utf-16"), "it is not UTF-8 text"),
        (">Arca noæ\nAC\n".encode("latin-1"), "it is not UTF-8 text"),
        (bz2.compress(TEXT.encode()), "it is not UTF-8 text, but bzip2"),
        (gzip.compress(TEXT.encode())[:-12], "Compressed file ended"),
        (b"\x1f\x8bACGTACGTACGT", "Unknown compression method"),
    ],
    # an archive's bytes hold the time of day, and tests may not be named after that
    ids=[
        "empty",
        "blank",
        "gzip of nothing",
        "csv",
        "bases before a name",
        "utf-16",
        "latin-1",
        "bzip2",
        "gzip cut short",
        "gzip's first bytes",
    ],
)
def test_foreign_or_broken_file_is_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=rf"rdna\.fasta: not a FASTA file: .*{message}"):
        list(read_fasta(write(tmp_path, content)))


@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the checkout")
def test_published_sequences_are_read_to_the_last_base():
    path = SHARED / "foram_rdna" / "sequences.fasta"
    records = list(read_fasta(path))
    lines = path.read_text().splitlines()
    assert len(records) == 878
    assert sum(len(record.text) for record in records) == sum(
        len(line) for line in lines if not line.startswith(">")
    )
    assert len({record.name for record in records}) == 878
