import pytest
from visgen.genetics.sequences.headers import compile_header_pattern, taxon_in_header
from visgen.name_tables import read_sequence_table, read_synonyms

TABLE = (
    'sequence,voucher,taxon\n>s2,x,Arca_noae\ns1,"a, b",Pinna  nobilis\n\ns3,,NA\n007,z,\n'
    "s4,,Arca_indet.\n"
)
TAXA = {"s2": "Arca noae", "s1": "Pinna nobilis", "s3": "", "007": "", "s4": ""}


def write(tmp_path, text, name="names.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("pattern", "header", "taxon"),
    [
        (r"\|(?P<taxon>[^|]+)\|", "1|Pinna_nobilis|x", "Pinna nobilis"),
        (r"\|(?P<genus>[A-Z]\w+?)_(?P<species>\w+)", "1|Pinna_nobilis|x", "Pinna nobilis"),
        (r"(?P<taxon>Pinna) (?P<species>\w+)", "Pinna nobilis", "Pinna"),
        (r"(?P<genus>\w+)( (?P<species>\w+))?", "Pinna", ""),
        (r"\|(?P<taxon>[^|]*)\|", "1||x", ""),
        (r"\|(?P<taxon>[^|]+)\|", "odd one", ""),
        (r"s__(?P<taxon>.+)", "1|s__unidentified", ""),
        (r"s__(?P<taxon>.+)", "1|s__Arca_sp", "Arca sp"),
    ],
    ids=[
        "taxon",
        "genus and species",
        "taxon rules",
        "half a name",
        "nothing",
        "no match",
        "gap",
        "morphospecies",
    ],
)
def test_pattern_finds_the_taxon_or_nothing(pattern, header, taxon):
    assert taxon_in_header(header, compile_header_pattern(pattern)) == taxon


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("(", "is not a regular expression"), ("(?P<genus>x)", r"\['genus'\], expected `taxon`")],
)
def test_unusable_pattern_is_refused_with_its_key(pattern, message):
    with pytest.raises(ValueError, match=rf"inputs\.sequence_pattern.*{message}"):
        compile_header_pattern(pattern)


@pytest.mark.parametrize(
    "text",
    [
        TABLE,
        "\ufeff" + TABLE,
        TABLE.replace("\n", "\r\n"),
        TABLE.replace("a, b", "ab").replace(",", "\t"),
        TABLE.replace("a, b", "ab").replace(",", ";"),
    ],
    ids=["comma", "bom", "crlf", "tab", "semicolon"],
)
def test_table_gives_normal_names_and_gaps(tmp_path, text):
    assert list(read_sequence_table(write(tmp_path, text)).items()) == list(TAXA.items())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("taxon\n", "species\n", r"columns are \['sequence', 'voucher', 'species'\], expected"),
        ("voucher", "taxon", "'sequence' and 'taxon' once each"),
        ("s3,,NA", "s3,NA", "line 5 has 2 cells, the header has 3"),
        ("s3", " ", "line 5: the cell of 'sequence' is empty"),
        ("s3", "s2", "line 5: 's2' is there twice, first in line 2"),
        ('b"', "b", "the row that begins at line 3: unexpected end of data"),
        (TABLE, "", "is empty; expected a header and rows"),
    ],
)
def test_broken_table_is_refused_with_the_line(tmp_path, old, new, message):
    with pytest.raises(ValueError, match=rf"names\.csv.*{message}"):
        read_sequence_table(write(tmp_path, TABLE.replace(old, new, 1)))


def test_table_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "names.csv"
    path.write_bytes("name,accepted\nArca noæ,Arca\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"names\.csv: line 2: byte 21 \(0xe6\) is not UTF-8"):
        read_synonyms(path)


def test_synonyms_are_normal_names_and_a_name_may_be_accepted_as_itself(tmp_path):
    path = write(tmp_path, "name\taccepted\nArca_alba\tArca noae\nArca noae\tArca_noae\n")
    assert read_synonyms(path) == {"Arca alba": "Arca noae", "Arca noae": "Arca noae"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("A,B\nA,C\n", "line 3: 'A' is there twice, first in line 2"),
        ("A,B\nA,B\n", "line 3: 'A' is there twice"),
        ("A,B\na,C\n", "line 3: 'a' is there twice, first in line 2"),
        ("A,B\nb,C\n", "line 2: 'A' stands for 'B', but by line 3 'B' stands for 'C'"),
        ("A,\n", "line 2: 'A' has no accepted name"),
        ("A,unknown\n", "line 2: 'A' has no accepted name"),
        (",A\n", "line 2: the cell of 'name' is empty"),
        ("X,Y\nA,B\nB,C\n", "line 3: 'A' stands for 'B', but by line 4 'B' stands for 'C'"),
        ("A,B\nB,A\n", "line 2: 'A' stands for 'B', but by line 3 'B' stands for 'A'; expected"),
        ("A,B\nB,C\nC,A\n", "line 2: 'A' stands for 'B', but by line 3"),
    ],
    ids=[
        "twice",
        "repeated",
        "twice but for case",
        "chain but for case",
        "no accepted",
        "accepted gap",
        "no name",
        "chain",
        "circle",
        "circle of three",
    ],
)
def test_unclear_synonyms_are_refused_with_the_line(tmp_path, rows, message):
    with pytest.raises(ValueError, match=rf"names\.csv: {message}"):
        read_synonyms(write(tmp_path, "name,accepted\n" + rows))


def test_names_that_gaps_made_floats_are_whole_numbers(tmp_path):
    path = write(tmp_path, "sequence,taxon\n12.0,Arca\n7.0,Lima\n")
    assert read_sequence_table(path) == {"12": "Arca", "7": "Lima"}
