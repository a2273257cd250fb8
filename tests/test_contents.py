import gzip
import re
from pathlib import Path

import pytest
from visgen.configuration.checks.contents import check_contents

INPUTS = {
    "images": "images",
    "meta": "meta.csv",
    "ranks": ["genus"],
    "columns": {},
    "tree_rank": "genus",
    "sequence_rank": "genus",
}
NONE = ("path_pattern", "specimen_pattern", "tree", "distances", "sequences", "sequence_table")
TABLE = "filename,genus\nx.png,Arca\ny.png,Venus\n"


def check(tmp_path, monkeypatch, given, **files):
    monkeypatch.chdir(tmp_path)
    Path("images/a b").mkdir(parents=True)
    Path("images/a b/x.png").touch()
    for name, content in ({"meta.csv": TABLE} | files).items():
        data = content if isinstance(content, bytes) else content.encode()
        Path(name.replace("_", ".")).write_bytes(data)
    inputs = dict.fromkeys((*NONE, "synonyms")) | INPUTS | given
    check_contents({"inputs": inputs, "simulation": None, "genetics": {"anchors": {"raw": {}}}})


@pytest.mark.parametrize(
    ("given", "table", "message"),
    [
        ({"ranks": ["tribe"]}, TABLE, "inputs.columns.tribe: missing, expected the column of"),
        (
            {"columns": {"genus": "Genuss"}},
            TABLE,
            "inputs.columns.genus: found 'Genuss', expected the column of meta.csv that has the "
            "genus; did you mean 'genus'? columns: filename, genus",
        ),
        ({"columns": {"genus": ["genus", "ep"]}}, TABLE, "inputs.columns.genus: found 'ep'"),
        ({}, "file,genus\nx,y\n", "inputs.columns.filename: missing, expected"),
        ({}, "filename|genus\nx|y\n", "inputs.meta: meta.csv: line 1 looks delimited by '|'"),
        ({}, "filename,genus\nx\n", "inputs.meta: meta.csv: line 2 has 1 cells, the header has 2"),
        ({}, "filename,genus\n\n", "inputs.meta: found no row below the header of meta.csv"),
        (
            {"specimen_pattern": "^(?P<specimen>z+)"},
            TABLE,
            "inputs.specimen_pattern: found '^(?P<specimen>z+)', which fits no path inside "
            "images, such as 'a b/x.png'",
        ),
        (
            {"meta": None, "path_pattern": "^(?P<genus>z+)/"},
            TABLE,
            "inputs.path_pattern: found '^(?P<genus>z+)/', which fits no path inside images",
        ),
    ],
)
def test_what_the_table_and_the_folder_do_not_have_is_named(
    tmp_path, monkeypatch, given, table, message
):
    with pytest.raises(ValueError, match=re.escape(f"config key {message}")) as caught:
        check(tmp_path, monkeypatch, given, **{"meta.csv": table})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(b"\xef\xbb\xbfFilename;GENUS\nx;y\n", id="byte order mark"),
        pytest.param(b"sep=;\r\nfilename;genus\r\nx;y\r\n", id="a line of Excel"),
        pytest.param("filename,genus\nx,y\n".encode("utf-16"), id="left to the job"),
        pytest.param(b"filename,genus\nx,y\n", id="commas"),
        pytest.param(b'"filename","genus"\n"x\n1","y"\n', id="quotes"),
    ],
)
@pytest.mark.parametrize("name", ["meta.csv", "meta.tsv", "meta.txt"])
def test_a_table_that_may_be_right_passes(tmp_path, monkeypatch, table, name):
    check(tmp_path, monkeypatch, {"meta": name}, **{name: table})


FASTA = {"sequences": "s.fasta"}
FOREIGN = [
    ({"tree": "t.nwk"}, {"t.nwk": "(Foo_bar:1,'Baz':2);"}, "inputs.tree", "'Foo_bar' and 'Baz'"),
    ({"distances": "d.tsv"}, {"d.tsv": "\tx\nx\t0\n"}, "inputs.distances", "'x' and"),
    (FASTA, {"s.fasta": ">1 Foo bar\nARCA\n"}, "inputs.sequences", "'1 Foo bar'"),
    (FASTA, {"s.fasta": gzip.compress(b">1 Foo\nAC\n")}, "inputs.sequences", "'1 Foo'"),
    (
        FASTA | {"sequence_table": "t.csv"},
        {"s.fasta": ">1 Arca\nAC\n", "t.csv": "sequence,taxon\n1,Foo\n"},
        "inputs.sequences",
        "'sequence,taxon'",
    ),
]


@pytest.mark.parametrize(("given", "files", "key", "labels"), FOREIGN)
def test_a_file_that_names_no_taxon_of_the_table_is_refused(
    tmp_path, monkeypatch, given, files, key, labels
):
    with pytest.raises(ValueError, match=f"^config key {key}: found no name in ") as caught:
        check(tmp_path, monkeypatch, given, **files)
    assert f"for example {labels}" in str(caught.value)
    assert str(caught.value).endswith("there for example 'Arca' and 'Venus'")


@pytest.mark.parametrize(
    ("given", "files"),
    [
        ({"tree": "t.nwk"}, {"t.nwk": "(ARCA:1,x_Baz:2);"}),
        ({"tree": "t.nwk", "synonyms": "n.csv"}, {"t.nwk": "(Foo,Baz);"}),
        ({"tree": "inferred"}, {}),
        (FASTA, {"s.fasta": ">1_arca_noae\nAC\n"}),
        ({"distances": "d.tsv"}, {"d.tsv": b"\xff\xfe\x00"}),
        pytest.param(
            FASTA, {"s.fasta": gzip.compress(b">1 Foo\nAC\n")[:12] + bytes(9)}, id="broken gzip"
        ),
    ],
)
def test_one_name_is_enough_whatever_its_case(tmp_path, monkeypatch, given, files):
    check(tmp_path, monkeypatch, given, **files)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["meta_csv", "meta_tsv", "meta_txt"])
def test_the_ending_of_a_table_says_nothing_of_what_parts_its_cells(
    tmp_path, monkeypatch, delimiter, name
):
    given = {"meta": name.replace("_", ".")}
    check(tmp_path, monkeypatch, given, **{name: TABLE.replace(",", delimiter)})


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("x.png,Arca\ny.png,Arca\n", "Arca alone"),
        ("x.png,\n", "no name alone"),
    ],
)
def test_anchors_need_two_taxa_in_the_table(tmp_path, monkeypatch, rows, found):
    files = {"meta_csv": "filename,genus\n" + rows, "s.fasta": ">a Arca\nACGT\n"}
    with pytest.raises(ValueError, match=f"key genetics.anchors: found {found}.*, expected two"):
        check(tmp_path, monkeypatch, {"sequences": "s.fasta"}, **files)
