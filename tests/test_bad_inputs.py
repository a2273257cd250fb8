"""What people bring: it is refused in a line that says all, or counted to its last row and file.

A line that says all names the file or the key, the place in it, what was found, what was expected.
"""

import gzip
import io
import random
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_configuration import SCHEMA, study
from visgen.configuration.checks.contents import check_contents
from visgen.configuration.checks.models import check_models
from visgen.configuration.checks.paths import check_files
from visgen.configuration.parsing import check_file
from visgen.configuration.reading import checked_config
from visgen.distances.matrices import match_taxa
from visgen.distances.study_names import read_study_distances, read_study_tree
from visgen.features.store import add_vectors, read_vectors
from visgen.genetics.fasta import read_fasta
from visgen.genetics.sequences.filters import Filters
from visgen.genetics.sequences.ingest import ingest as ingest_sequences
from visgen.genetics.sequences.matching import find_unmatched
from visgen.machine.logs import is_refusal
from visgen.machine.recipes import recipe_folder
from visgen.name_tables import read_sequence_table, read_synonyms
from visgen.specimens.images import inspect_image
from visgen.specimens.ingest import ingest
from visgen.specimens.rejections import check_share
from visgen.specimens.table import read_meta
from visgen.spellings import match_case

RANKS = ["family", "genus"]
FILTERS = Filters(
    min_length=5,
    max_length=40,
    max_ambiguous=0.2,
    duplicates="refuse",
    reverse_complements="refuse",
)
HEADER = r"^\S+\s+(?P<taxon>\S.*)$"


def refusal(call, *parts):
    """Return the line by which a call ends, which has all parts and is meant for the user."""
    with pytest.raises(ValueError) as caught:
        call()
    line = str(caught.value)
    assert is_refusal(caught.value) and "\n" not in line
    assert [part for part in parts if part not in line] == [], line
    return line


def table(**rows):
    """Return rows of a table of tests, named by their id."""
    return [pytest.param(*row, id=name.replace("_", " ")) for name, row in rows.items()]


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- configurations: text, line, found, expected -----------------------------------------------

CONFIG_FILES = table(
    empty=("", "", "has no keys", "expected at least dataset"),
    comments_only=("# a\n", "", "has no keys", "expected at least dataset"),
    list=("- a\n", "line 1", "a list", "expected keys"),
    sentence=("hello\n", "line 1", "'hello'", "expected keys"),
    two_documents=("a: b\n---\nc: d\n", "line 3", "a second document", "expected one"),
    tab=("a:\n  b: 1\nc:\n\td: x\n", "line 4", "a tab", "expected blanks before 'd: x'"),
    open_quote=("a: 1\nb: 'x\nc: 2\n", "line 2", "a quotation mark that", "expected the other"),
    windows_path=('a: "C:\\Users"\n', "line 1", "a backslash", "expected single"),
    no_blank=("a: 1\nb:x\n", "line 2", "'b:x'", "expected a blank behind the colon"),
    no_colon=("a: 1\nb\nc: 2\n", "line 2", "'b'", "expected one"),
    less_indented=("a:\n    b: 1\n  c: 2\n", "line 3", "'c: 2'", "expected"),
    open_bracket=("a: {b: 1\nc: 2\n", "line 2", "'c: 2'", "bracket is missing"),
    behind_a_quote=("a: 'x' y\n", "line 1", "\"a: 'x' y\"", "expected quotes"),
    at_sign=("a: 1\nb: @c\n", "line 2", "'@'", "expected quotes"),
    star=("a: *.png\n", "line 1", "*", "expected"),
    twice=("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4", "b.c: is there twice", "keep one"),
    no_day=("a: 2024-13-45\n", "line 1", "2024-13-45", "quote it"),
    octal=("a: 010\n", "line 1", "010", "put it in quotes"),
    minutes=("a: 1:30\n", "line 1", "1:30", "put it in quotes"),
    control_letter=("a: b\nc: \x01\n", "line 2", "#x0001", "expected text"),
    latin_1=("a: b\nc: é\n".encode("latin-1"), "line 2", "0xe9", "UTF-8"),
    utf_16=("a: b\n".encode("utf-16"), "", "no text in UTF-8", "save it as UTF-8"),
    too_deep=("[" * 3000, "", "too deep", "expected"),
)


@pytest.mark.parametrize(("text", "line", "found", "expected"), CONFIG_FILES)
def test_configuration_files(tmp_path, text, line, found, expected):
    path = write(tmp_path, "shells.yaml", text)
    refusal(partial(check_file, path), str(path), line, found, expected)


CONFIG_VALUES = table(
    misspelt=({"inputs.rank": ["genus"]}, "inputs.rank", "unknown", "'ranks'"),
    misspelt_below=({"splits.sead": 1}, "splits.sead", "unknown", "seeds, stratify_by"),
    null=({"features": None}, "features", "None", "expected keys"),
    text_for_a_number=({"splits.test": "much"}, "splits.test", "'much'", "expected number"),
    yes=({"splits.test": True}, "splits.test", "True", "expected number"),
    share_of_one=({"splits.test": 1}, "splits.test", "1", "less than 1"),
    shares_of_all=({"splits.test": 0.5, "splits.val": 0.5}, "splits.val", "0.5", "under 1"),
    no_seed=({"splits.seeds": []}, "splits.seeds", "[]", "at least 1"),
    seed_twice=({"splits.seeds": [1, 1]}, "splits.seeds", "[1, 1]", "none twice"),
    huge=({"seed": 10**12}, "seed", str(10**12), "at most 2147483647"),
    colour=({"ingest.background": [0, 0, 256]}, "ingest.background.2", "256", "at most 255"),
    no_rank=({"inputs.ranks": []}, "inputs.ranks", "[]", "at least 1"),
    rank_twice=({"inputs.ranks": ["genus", "genus"]}, "inputs.ranks", "['genus'", "none twice"),
    rank_of_a_column=({"inputs.ranks": ["split"]}, "inputs.ranks", "'split'", "cannot be"),
    unknown_rank=(
        {"inputs.tree": "t.nwk", "inputs.tree_rank": "tribe"},
        *("inputs.tree_rank", "'tribe'", "family, genus"),
    ),
    tree_and_distances=(
        {"inputs.tree": "a", "inputs.distances": "b", "inputs.tree_rank": "genus"},
        *("inputs.tree", "inputs.distances", "at most one"),
    ),
    no_rank_of_a_tree=({"inputs.tree": "a"}, "inputs.tree_rank", "missing", "family, genus"),
    pattern=(
        {"inputs.specimen_pattern": "(?P<specimen>"},
        *("inputs.specimen_pattern", "'(?P<specimen>'", "regular expression"),
    ),
    groups=(
        {"inputs.specimen_pattern": "(?P<name>x)"},
        *("inputs.specimen_pattern", "['name']", "expected specimen"),
    ),
    column_of_nothing=({"inputs.columns": {"sex": "s"}}, "inputs.columns.sex", "unknown", "genus"),
    dataset=({"dataset": "my shells/1"}, "dataset", "'my shells/1'", "of the form"),
    capitals=(
        {"backbones.Small": {"model": "m", "weights": "none"}},
        *("backbones", "'small' and 'Small'", "expected"),
    ),
    device=({"dataset": "con"}, "dataset", "'con'", "expected another"),
    method=(
        {"classification.classifiers": {"a": {"method": "forest"}}},
        *("classification.classifiers.a.method", "'forest'", "random_forest"),
    ),
    option=(
        {"classification.classifiers": {"a": {"method": "logistic_regression", "trees": 5}}},
        *("classification.classifiers.a.trees", "no such option", "legal keys here"),
    ),
    number_for_a_name=({"inputs.columns": {1: "a"}}, "inputs.columns.1", "1", "quotes"),
    line_end=({"inputs.meta": "a\nb"}, "inputs.meta", r"'a\nb'", "without line breaks"),
)


@pytest.mark.parametrize(("changes", "key", "found", "expected"), CONFIG_VALUES)
def test_configuration_values(changes, key, found, expected):
    config = study(changes)
    refusal(lambda: checked_config(config, SCHEMA), "config key", key, found, expected)


NAMED_FILES = table(
    near=({"inputs.meta": "lables.csv"}, "inputs.meta", "'lables.csv'", "'labels.csv'"),
    folder=({"inputs.meta": "photographs"}, "inputs.meta", "'photographs'", "no file"),
    no_folder=({"inputs.images": "labels.csv"}, "inputs.images", "a file", "no folder"),
    empty=({"inputs.synonyms": "empty.csv"}, "inputs.synonyms", "'empty.csv'", "empty"),
    braces=({"inputs.meta": "{a}.csv"}, "inputs.meta", "'{a}.csv'", "expected a path without"),
    weights=({"backbones.small.weights": "x.pth"}, "backbones.small.weights", "'x.pth'", "none"),
    store=({"features.store": "labels.csv/a"}, "features.store", "'labels.csv/a'", "is a file"),
    no_store=({"features.store": " "}, "features.store", "''", "expected a folder"),
    model=({"backbones.small.model": "resnet5000"}, ".small.model", "'resnet5000'", "resnet50"),
    weights_of_a_model=(
        {"backbones.small.model": "resnet50.a5_in1k"},
        *("backbones.small.model", "'resnet50.a5_in1k'", "resnet50.a1_in1k"),
    ),
    no_row=({"inputs.meta": "header.csv"}, "inputs.meta", "header.csv", "expected one an image"),
    column=({"inputs.columns.genus": "Genera"}, "columns.genus", "'Genera'", "file, family, Genus"),
    no_tip=(
        {"inputs.tree": "birds.nwk", "inputs.tree_rank": "genus"},
        *("inputs.tree", "'Corvus' and 'Pica'", "labels.csv has at the rank genus"),
    ),
    no_path=(
        {"inputs.specimen_pattern": "(?P<specimen>z+)"},
        *("inputs.specimen_pattern", "'(?P<specimen>z+)'", "such as 'a.png'"),
    ),
)


@pytest.mark.parametrize(("changes", "key", "found", "expected"), NAMED_FILES)
def test_files_and_models_that_a_configuration_names(
    tmp_path, monkeypatch, changes, key, found, expected
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "labels.csv", "file,family,Genus\na.png,Arcidae,Arca\n")
    write(tmp_path, "header.csv", "file,family,Genus\n")
    write(tmp_path, "birds.nwk", "(Corvus:1,Pica:1,Parus:1);")
    write(tmp_path, "{a}.csv", "x")
    write(tmp_path, "empty.csv", "")
    Path("photographs").mkdir()
    write(Path("photographs"), "a.png", "x")
    named = {"inputs.meta": "labels.csv", "inputs.columns": {"filename": "file"}}
    config = checked_config(study(named | changes), SCHEMA)

    def check():
        check_files(config)
        check_contents(config)
        check_models(config["backbones"])

    refusal(check, "config key", key, found, expected)


# --- tables of images, of synonyms and of sequences: text, line, found, expected ---------------

TABLES = table(
    empty=("", "", "is empty", "expected a header"),
    blanks=(" \n,,\n", "", "is empty", "expected a header"),
    no_column=("filename,family,Gen\n", "", "'Gen'", "no column 'genus'"),
    column_twice=("filename,family,genus,genus\n", "", "twice", "expected once"),
    spaces=("filename family genus\n", "line 1", "spaces", "expected commas"),
    pipes=("filename|family|genus\n", "line 1", "'|'", "expected commas"),
    short_row=("filename,family,genus\n\na.png,F\n", "line 3", "2 cells,", "'family', 'genus'"),
    long_row=("filename,family,genus\na,F,Arca, L.\n", "line 2", "'Arca' …", "expected as many"),
    open_quote=(
        'filename,family,genus\n"a\n1.png",F,Arca\nb.png,F,"Arca\n',
        *("line 4", "unexpected end", "expected a quotation mark"),
    ),
    latin_1=(b"filename,family,genus\na.png,F,\xc4a\n", "line 2", "0xc4", "UTF-8"),
    half_utf_16=("filename,family,genus\na".encode("utf-16")[:-1], "line 2", "0x61", "UTF-8"),
    excel=(b"PK\x03\x04 xl", "", "a ZIP archive", "expected text"),
    old_excel=(b"\xd0\xcf\x11\xe0", "", "an Excel workbook", "expected text"),
    packed=(gzip.compress(b"filename", mtime=0), "", "gzip", "expected text"),
    web_page=("<html><p>404", "", "a web page", "expected text"),
)


@pytest.mark.parametrize(("text", "line", "found", "expected"), TABLES)
def test_tables_of_images(tmp_path, text, line, found, expected):
    path = write(tmp_path, "labels.csv", text)
    refusal(lambda: read_meta(path, {}, RANKS), str(path), line, found, expected)


SYNONYMS = table(
    columns=("old,new\n", "", "['old', 'new']", "expected 'name' and 'accepted'"),
    no_name=("name,accepted\n,A\n", "line 2", "empty", "expected a name"),
    no_accepted=("name,accepted\nA,B\nC,\n", "line 3", "'C'", "expected one"),
    twice=("name,accepted\nA,B\na,C\n", "line 3", "'a' is there twice", "expected once"),
    chain=("name,accepted\nA,B\nB,C\n", "line 2", "'B' stands for 'C'", "expected names that are"),
    circle=("name,accepted\nA,B\nB,A\n", "line 2", "'B' stands for 'A'", "expected names that are"),
    ragged=("name,accepted\nA,B,C\n", "line 2", "'A', 'B', 'C'", "expected as many"),
)


@pytest.mark.parametrize(("text", "line", "found", "expected"), SYNONYMS)
def test_synonyms(tmp_path, text, line, found, expected):
    path = write(tmp_path, "synonyms.csv", text)
    refusal(partial(read_synonyms, path), str(path), line, found, expected)


SEQUENCE_TABLES = table(
    columns=("id;taxon\n", "", "['id', 'taxon']", "expected 'sequence'"),
    no_name=("sequence,taxon\ns1,A\n ,B\n", "line 3", "empty", "expected a name"),
    twice=("sequence,taxon\ns1,A\ns1,B\n", "line 3", "'s1' is there twice", "expected once"),
    short_row=("sequence,taxon\ns1\n", "line 2", "'s1'", "expected as many"),
    empty=("\n", "", "is empty", "expected a header"),
)


@pytest.mark.parametrize(("text", "line", "found", "expected"), SEQUENCE_TABLES)
def test_sequence_tables(tmp_path, text, line, found, expected):
    path = write(tmp_path, "vouchers.csv", text)
    refusal(partial(read_sequence_table, path), str(path), line, found, expected)


# --- trees, distances and sequences: text, place, found, expected ------------------------------

TREES = table(
    empty=("", "", "nothing in it", "expected a tree"),
    table=("name,order\n1,2\n", "line 1", "'name,order 1,2'", "outside of all brackets"),
    photograph=(b"\xff\xd8\xff\xe0 JFIF", "line 1", "JFIF", "UTF-8"),
    packed=(gzip.compress(b"(A:1);", mtime=0), "", "packed by gzip", "expected text"),
    no_lengths=("(A,B,C);", "", "no branch has a length", "expected one of every branch"),
    some_lengths=("(A:1,B,C:1);", "tip 'B'", "1 of 3", "expected one of every branch"),
    negative=("(A:1,B:-1,C:1);", "tip 'B'", "-1.0", "expected a finite number"),
    endless=("(A:1,B:1e999,C:1);", "tip 'B'", "inf", "expected a finite number"),
    underscore=("(A:1,\nB:1_0,C:1);", "line 2", "1_0", "expected a number"),
    decimal_comma=("(A:0,5,B:1,5,C:2,5);", "tip '5'", "decimal comma", "expected decimal points"),
    zeros=("(A:0,B:0,C:0);", "", "every branch length is zero", "expected others"),
    twice=("(A_b:1,'A b':1,C:1);", "'A b'", "'A_b' and 'A b'", "expected one"),
    no_name=("(A:1,:1,C:1);", "tip 2 of 3", "no name", "expected one"),
    two_tips=("(A:1,B:1);", "", "2 tips", "expected at least 3"),
    two_trees=("(A:1,B:1,C:1);\n(A:1,B:1,C:1);", "", "2 trees", "expected exactly one"),
    cut_short=("((A:1,B:1):1,(C:1", "", "before all brackets are closed", "expected ')'"),
    bracket=("(A:1,B:1))C:2);", "line 1", "')' outside", "expected ';'"),
    comment=("(A:1,B[x:1,C:2);", "line 1", "'['", "expected both"),
    open_quote=("('A b:1,B:2,C':1,D:1,E:1);", "line 1", "'A b:1,B:2,C'", "expected a quotation"),
    two_lengths=("(A:1:90,B:1,C:2);", "line 1", "'A' has two lengths", "expected one"),
    nexus_without_trees=("#NEXUS\nbegin taxa;\nend;\n", "", "0 trees", "expected exactly one"),
    nexus_number=(
        "#NEXUS begin trees; translate 1 A,2 B; tree t=(1:1,2:1,3:1);",
        *("tree 't'", "tip 3", "expected one of theirs"),
    ),
    nexus_key_twice=(
        "#NEXUS begin trees;\ntranslate 1 A,1 B;",
        *("line 2", "'1' 'A' and 'B'", "expected one"),
    ),
    two_of_a_taxon=("(arca:1,aRca:1,C:1);", "'Arca'", "'arca' and 'aRca'", "expected one of them"),
)


@pytest.mark.parametrize(("text", "place", "found", "expected"), TREES)
def test_trees(tmp_path, text, place, found, expected):
    path = write(tmp_path, "families.nwk", text)
    refusal(lambda: read_study_tree(path, ["Arca"], {}), str(path), place, found, expected)


DISTANCES = table(
    empty=("\n", "", "0 lines", "expected a square table"),
    phylip=("3\nA\nB\n", "first row", "'3'", "expected a square table"),
    one_cell=("taxa\nA\nB\n", "first row", "'taxa', one cell", "expected names"),
    short_row=(",A,B\n\nA,0,1\nB,1\n", "line 4", "1 distances", "expected as many"),
    missing_row=(",A,B\nA,0,1\n", "", "1 rows and 2 columns", "expected a square"),
    other_names=(",A,B\nA,0,1\nC,1,0\n", "['C']", "['B']", "expected the same"),
    row_twice=(",A,B\nA,0,1\nA,1,0\n", "row name", "'A' occurs twice", "expected once"),
    word=(",A,B\nA,0,x\nB,1,0\n", "row 'A', column 'B'", "'x'", "expected a finite number"),
    gap=(",A,B\nA,0,\nB,1,0\n", "row 'A', column 'B'", "''", "expected a finite number"),
    negative=(",A,B\nA,0,-1\nB,1,0\n", "row 'A', column 'B'", "'-1'", "not negative"),
    thousands=(';A;B\nA;0;1,5\nB;"1.5";0\n', "", "'1,5' and '1.5'", "expected one decimal sign"),
    not_symmetric=(",A,B\nA,0,1\nB,2,0\n", "'A' and 'B'", "1.0 and 2.0", "expected the same"),
    diagonal=(",A,B\nA,1,2\nB,2,0\n", "'A'", "distance 1.0 to itself", "expected 0"),
    zeros=(",A,B\nA,0,0\nB,0,0\n", "", "every distance is zero", "expected others"),
    latin_1=(",A,\xc4\nA,0,1\n".encode("latin-1"), "line 1", "0xc4", "UTF-8"),
    two_of_a_taxon=(",arca,aRca\narca,0,1\naRca,1,0\n", "'Arca'", "'arca' and 'aRca'", "one of"),
)


@pytest.mark.parametrize(("text", "place", "found", "expected"), DISTANCES)
def test_distances(tmp_path, text, place, found, expected):
    path = write(tmp_path, "families.csv", text)
    refusal(lambda: read_study_distances(path, ["Arca"], {}), str(path), place, found, expected)


PAIR = ">a Arca\nACGTACGT\n"
PACKED = gzip.compress(PAIR.encode() * 9, mtime=0)
BROKEN = PACKED[:9] + b"\0\7" + PACKED[11:]
SEQUENCES = table(
    empty=("\n", "", "the file is empty", "expected records"),
    bases_alone=("ACGT\n", "starts with", "'ACGT'", "expected '>'"),
    fastq=("@r1\nACGT\n+\nIIII\n", "starts with", "FASTQ", "expected '>'"),
    genbank=("LOCUS       S 5028 bp\n", "starts with", "GenBank", "expected '>'"),
    latin_1=(">a Arca\nAC\n>b \xc4\n".encode("latin-1"), "line 3", "0xc4", "save it as UTF-8"),
    utf_16=(PAIR.encode("utf-16"), "", "UTF-16", "save it as UTF-8"),
    half_archive=(PACKED[:-12], "", "ended before", "expected a whole gzip archive"),
    broken_archive=(BROKEN, "", "invalid", "expected a whole gzip archive"),
    protein=(">a Arca\nMSLE\n>b Lima\nQKV\n", "", "(ELQ)", "expected DNA"),
    dots=(f">a A\n{'ACGT' * 3}\n>b B\n{'.' * 12}\n", "1 of 2 records", "'.'", "write '-'"),
    one=(PAIR, "", "1 of 1", "expected at least 2"),
    no_taxon=(">a\nACGTACGT\n>b\nACGTAAGT\n", "row 1", "no_taxon: 2", "expected at least 2"),
)


@pytest.mark.parametrize(("text", "place", "found", "expected"), SEQUENCES)
def test_sequences(tmp_path, text, place, found, expected):
    path = write(tmp_path, "rdna.fasta", text)
    read = partial(ingest_sequences, path, filters=FILTERS, pattern=HEADER)
    refusal(read, str(path), place, found, expected)


def test_a_tree_or_sequences_of_other_taxa_name_the_keys_and_both_sides():
    refusal(
        lambda: match_taxa(["A", "B", "C"], ["A", "X", "Y"]),
        *("inputs.tree", "tree_rank", "only 1 taxa", "['A', 'X', 'Y']", "expected at least 3"),
    )
    given = pd.DataFrame({"name": ["s"], "status": ["accepted"], "taxon": ["A"]})
    refusal(
        lambda: find_unmatched(given, ["X"]), "inputs.sequence_rank", "['A']", "['X']", "one at"
    )


# --- images and rows: what is refused is listed with its reason --------------------------------


def picture(kind="PNG", size=(9, 8), seed=0, **options):
    """Return the file of a small image of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def of_floats(value):
    file = io.BytesIO()
    Image.fromarray(np.full((8, 9), value, np.float32)).save(file, "TIFF")
    return file.getvalue()


LIMITS = {"min_side": 4, "max_aspect_ratio": 20, "max_pixels": 5000}
IMAGES = table(
    empty=(b"", "empty_file", "0 bytes"),
    text=(b"hello", "unreadable", "not a JPEG, PNG, TIFF or WebP image"),
    web_page=(b"<html>404", "unreadable", "not a JPEG, PNG, TIFF or WebP image"),
    gif=(picture("GIF"), "unreadable", "not a JPEG, PNG, TIFF or WebP image"),
    pdf=(b"%PDF-1.4", "unreadable", "not a JPEG, PNG, TIFF or WebP image"),
    half_a_png=(picture()[:-60], "truncated", ""),
    half_a_jpeg=(picture("JPEG")[:-60], "truncated", "truncated"),
    half_a_tiff=(picture("TIFF")[:-60], "truncated", ""),
    half_a_webp=(picture("WEBP", lossless=True)[:-60], "truncated", ""),
    nan=(of_floats(np.nan), "unreadable", "not finite"),
    small=(picture(size=(9, 3)), "too_small", "9 x 3 pixels; ingest.min_side wants at least 4"),
    thin=(picture(size=(4, 81)), "too_elongated", "4 x 81 pixels; ingest.max_aspect_ratio allows"),
    large=(picture(size=(90, 90)), "too_many_pixels", "90 x 90 pixels, the limit is 5000"),
)


@pytest.mark.parametrize(("content", "reason", "detail"), IMAGES)
def test_images(tmp_path, content, reason, detail):
    path = write(tmp_path, "a.png", content)
    refusal(partial(inspect_image, path, **LIMITS), f"{path}: {reason}: ", detail)


ROWS = table(
    no_file_name=((",F,Arca,,",), "", "no_filename", "names no file"),
    lost=(("lost.png,F,Arca,,",), "lost.png", "missing_file", "no such file"),
    other_case=(("A.PNG,F,Arca,,",), "A.PNG", "missing_file", "'a.png' differs only in"),
    absolute=(
        ("C:\\x\\a.png,F,Arca,,",),
        "C:\\x\\a.png",
        "outside_folder",
        "expected a path inside",
    ),
    above=(("../a.png,F,Arca,,",), "../a.png", "outside_folder", "leaves the images folder"),
    no_image=(("notes.txt,F,Arca,,",), "notes.txt", "not_an_image", "'.txt', not one of .jpg"),
    gaps=(("a.png,?,incertae sedis,,",), "a.png", "no_labels", "no name at family, genus"),
    long_name=((f"a.png,F,{'Arca' * 60},,",), "a.png", "name_too_long", "expected at most 200"),
    split=(("a.png,F,Arca,,dev",), "a.png", "unknown_split", "'dev', expected train, val or test"),
    again=(("b.png,F,Arca,,", "b.png,F,Arca,,"), "b.png", "repeated_row", "line 2 names the same"),
    same_picture=(
        ("a.png,F,Arca,,", "copy.png,F,Arca,,"),
        *("copy.png", "duplicate", "same content as a.png"),
    ),
    placed_twice=(
        ("a.png,F,Arca,,", "b.png,F,Arca,,", "c.png,G,Arca,,"),
        *("c.png", "contradictory_taxonomy", "'Arca'"),
    ),
    specimen_of_two=(
        ("a.png,F,Arca,1,", "b.png,F,Arca,1,", "c.png,F,Lima,1,"),
        *("c.png", "contradictory_specimen", "'1'"),
    ),
)


@pytest.mark.parametrize(("rows", "file", "reason", "detail"), ROWS)
def test_rows(tmp_path, rows, file, reason, detail):
    images = tmp_path / "images"
    images.mkdir()
    for name in ("a.png", "b.png", "c.png", "copy.png", "notes.txt"):
        write(images, name, picture(seed=ord(name.replace("copy", "a")[0])))
    path = write(tmp_path, "labels.csv", "filename,family,genus,specimen,split\n" + "\n".join(rows))
    _, rejected = ingest(images, meta=read_meta(path, {}, RANKS), ranks=RANKS)
    (row,) = rejected[rejected["detail"].str.startswith("line ")].itertuples()
    assert (row.file, row.reason) == (file, reason)
    assert row.detail.startswith(f"line {len(rows) + 1}: ") and detail in row.detail


# --- the feature store: refused, or named in the log and made anew -----------------------------

KEYS = pd.DataFrame({"sha256": ["0" * 64, "1" * 64], "repeat": 0, "path": ["a.png", "b.png"]})


def test_the_feature_store(tmp_path, caplog):
    key = "config key features.store"
    file = write(tmp_path, "a file", "x")
    refusal(lambda: recipe_folder(file, {}), key, f"{file}/", "Not a directory")
    packs = recipe_folder(tmp_path / "store", {})
    vectors = np.ones((2, 3), np.float32)
    refusal(
        lambda: add_vectors(packs, KEYS, np.float32([[1, 2, 3], [1, np.nan, 3]])),
        *("b.png", "repeat 0", "NaN or infinity", "expected finite numbers"),
    )
    add_vectors(packs, KEYS, vectors)
    (pack,) = packs.glob("*.pack")
    pack.write_bytes(pack.read_bytes()[:-1])
    assert not read_vectors(packs, KEYS, 3)[1].any()
    (line,) = caplog.messages
    assert all(part in line for part in (str(pack), "found 95 bytes", "expected 96", "anew"))
    pack.mkdir()
    refusal(lambda: read_vectors(packs, KEYS, 3), key, str(pack), "Is a directory", "make it")


# --- what looks like trouble and is none: the right labels, and no image lost -------------------


def test_a_stray_quotation_mark_in_each_of_two_rows_moves_no_label(tmp_path):
    notes = ['"beach drift', 'low tide"', '"Draisdorf" Mitte', 'he said ""', "", '"']
    rows = [f"{i}.png\t{note}\tF\tGenus {i}\n" for i, note in enumerate(notes)]
    path = write(tmp_path, "labels.tsv", "filename\tnote\tfamily\tgenus\n" + "".join(rows))
    meta = read_meta(path, {}, RANKS)
    labels = [[f"{i}.png", f"Genus {i}"] for i in range(len(notes))]
    assert meta[["filename", "genus"]].to_numpy().tolist() == labels


def test_litter_in_every_folder_is_listed_and_costs_no_image(tmp_path):
    for i, species in enumerate(["Arca", "Lima", "Pinna"]):
        (tmp_path / species).mkdir()
        write(tmp_path / species, "1.png", picture(seed=i))
        for name in (".DS_Store", "._1.png", "Thumbs.db", "1.xmp"):
            write(tmp_path / species, name, "x")
    specimens, rejected = ingest(tmp_path, ranks=["genus"], path_pattern="^(?P<genus>[^/]+)/")
    check_share(specimens, rejected, 0.0)
    assert specimens["genus"].tolist() == ["Arca", "Lima", "Pinna"]
    assert rejected["reason"].tolist() == ["not_an_image"] * 12


def test_a_family_that_nobody_placed_is_a_gap_in_every_order(tmp_path):
    orders = ["Ostreida", "Pectinida"]
    for i in range(6):
        write(tmp_path, f"{i}.png", picture(seed=i))
    rows = [f"{i}.png,{orders[i % 2]},Incertae sedis,Genus {i % 2}\n" for i in range(6)]
    path = write(tmp_path, "labels.csv", "filename,order,family,genus\n" + "".join(rows))
    meta = read_meta(path, {}, ["order", *RANKS])
    specimens, _ = ingest(tmp_path, meta=meta, ranks=["order", *RANKS])
    assert specimens["order"].tolist() == orders * 3 and specimens["family"].isna().all()


def test_a_line_of_pixels_is_refused_by_the_default_limits(tmp_path):
    write(tmp_path, "scan line.png", picture(size=(6000, 1)))
    limits = checked_config(study({}), SCHEMA)["ingest"]
    limits = {key: limits[key] for key in ("min_side", "max_aspect_ratio", "max_pixels")}
    _, rejected = ingest(tmp_path, ranks=["genus"], path_pattern="(?P<genus>.)", **limits)
    (row,) = rejected.itertuples()
    assert row.file == "scan line.png" and "6000 x 1 pixels" in row.detail


# --- nothing is lost: many kinds of trouble at once --------------------------------------------

REASONS = {"no_filename", "outside_folder", "missing_file", "not_in_meta", "not_an_image"}
REASONS |= {"repeated_row", "conflicting_rows", "no_labels", "name_too_long", "unknown_split"}
REASONS |= {"empty_file", "unreadable", "truncated", "too_many_pixels", "too_small"}
REASONS |= {"too_elongated", "duplicate", "conflicting_duplicate", "contradictory_taxonomy"}
REASONS |= {"contradictory_specimen"}
PICTURES = [picture(seed=seed) for seed in range(20)]
TROUBLE = [b"", b"text", picture()[:-60], picture(size=(9, 3)), picture(size=(4, 90))]
TROUBLE += [picture(size=(90, 90))]
FILES = [f"{letter}.tif" for letter in "efghijkl"]
FILES += ["a.png", "B.PNG", "c d.jpg", "sub/a.png", "sub/é.tif", "x,y.png", 'q"q".png', "e.jpeg"]
LITTER = [".DS_Store", "sub/Thumbs.db", "._a.png", "notes.txt", "a.xmp", "no_ending"]
STRAYS = ["", "../a.png", "/data/a.png", "lost.png", "A.PNG"]
GENERA = {"Arca": "Arcidae", "arca": "Arcidae", "Lima": "Limidae", "'Lima'": "Limidae"}
GENERA |= {"?": "-", "incertae sedis": "NA", "Pinna": "Arcidae", "A" * 201: "Arcidae"}
GAPS = dict.fromkeys(["?", "-", "NA", "incertae sedis"], "nan")


def quoted(cell, chance):
    """Return a cell as CSV, in quotation marks where they are needed or by chance."""
    marked = chance.random() < 0.2 or any(sign in cell for sign in ',"\n')
    return '"' + cell.replace('"', '""') + '"' if marked else cell


def mess(folder, chance):
    """Write a folder of images and a table; return the files, and the cells of rows by line."""
    (folder / "images/sub").mkdir(parents=True)
    files = chance.sample(FILES, 12) + chance.sample(LITTER, 3)
    for name in files:
        content = chance.choice(chance.choice([PICTURES, PICTURES, TROUBLE]))
        write(folder / "images", name, content)
    lines, rows = ["filename,family,genus,specimen,split,note"], {}
    names = chance.sample(files, 12) + chance.choices([*files, *STRAYS], k=chance.randrange(5))
    for name in chance.sample(names, len(names)):
        genus = chance.choice([*GENERA, *["Arca"] * 5, *["Lima"] * 5])
        family = chance.choice([*[GENERA[genus]] * 9, "Limidae"])
        specimen = chance.choice(["", "", "", "s1", "s2"])
        split = chance.choice(["", "", "train", "test", "Val", "dev"])
        note = chance.choice(["", "n/a", "two\nlines", 'a "word"', "beach, low tide"])
        if chance.random() < 0.2:
            lines.append(chance.choice(["", ",,,,,", " , ,,,,"]))
        cells = [name, family, genus, specimen, split, note]
        rows[1 + "\n".join(lines).count("\n") + 1] = cells
        lines.append(",".join(quoted(cell, chance) for cell in cells))
    write(folder, "labels.csv", chance.choice(["", "\ufeff"]) + "\n".join(lines) + "\n")
    return files, rows


def test_every_row_and_every_file_is_accepted_or_refused_once(tmp_path):
    seen = set()
    for seed in range(25):
        chance, folder = random.Random(seed), tmp_path / str(seed)
        files, rows = mess(folder, chance)
        meta = read_meta(folder / "labels.csv", {}, RANKS)
        assert meta["line"].tolist() == list(rows), seed
        specimens, rejected = ingest(folder / "images", meta=meta, ranks=RANKS, **LIMITS)
        refused = rejected["detail"].str.extract(r"^line (\d+): ")[0].dropna().astype(int)
        taken = {rows[line][0]: rows[line] for line in set(rows) - set(refused)}
        assert refused.is_unique and len(refused) + len(specimens) == len(rows), seed
        assert specimens["id"].tolist() == sorted(taken), seed
        unnamed = rejected.drop(refused.index)["file"].tolist()
        assert sorted(unnamed) == sorted(set(files) - {cells[0] for cells in rows.values()}), seed
        for image in specimens.itertuples():
            _, family, genus, specimen, split, _ = taken[image.id]
            labels = [str(name).casefold() for name in (image.family, image.genus)]
            assert labels == [GAPS.get(name, name.casefold()) for name in (family, genus)], seed
            assert image.specimen == (specimen or image.id), seed
            assert split.casefold() == ("" if pd.isna(image.split) else image.split), seed
        seen |= set(rejected["reason"])
    assert seen == REASONS


TAXA = ["Arca", "Pinna", "O'Brien's", "'Chlamys'", "X y"]


def test_every_tip_and_every_name_of_distances_is_shared_or_listed(tmp_path):
    for seed in range(50):
        chance = random.Random(seed)
        names = chance.sample([*TAXA, "lima", "arca", "A (B, c)"], 6)
        study_taxa = chance.sample([*TAXA, "Lima"], 5)
        marked = ["'" + name.replace("'", "''") + "'" for name in names]
        tree = write(tmp_path, "t.nwk", f"({','.join(f'{name}:1' for name in marked)});")
        rows = [[name, *("0" if name == other else "1" for other in names)] for name in names]
        lines = [",".join(quoted(cell, chance) for cell in row) for row in [["", *names], *rows]]
        distances = write(tmp_path, "d.csv", "\n".join(lines))
        tips = [tip.name for tip in read_study_tree(tree, study_taxa, {}).tips()]
        assert tips == list(read_study_distances(distances, study_taxa, {}).ids), seed
        # in the case of the images, unless that name is there too
        folded = {name.casefold(): name for name in study_taxa if name not in names}
        used = [folded.get(name, name) for name in names]
        assert tips == used, seed
        shared, missing = match_taxa(tips, study_taxa)
        assert shared == [name for name in used if name in study_taxa], seed
        listed = {(row.taxon, row.found_in) for row in missing.itertuples()}
        assert listed == {
            *((name, "distances") for name in set(used) - set(study_taxa)),
            *((name, "study") for name in set(study_taxa) - set(used)),
        }, seed
        assert len(missing) == len(listed), seed


BASES = ["ACGTACGTAA", "acgu acgu cc", "ACGTTTGTAA", "", "MSLEQ", "AC", "N" * 9 + "A", "ACGT" * 11]
BASES += ["AC-GTACGTAA*", "TTACGTACGT"]
HOLDERS = ["Arca", "arca", "Lima", "", "L" * 201]


def test_every_record_has_a_fate_and_every_name_of_sequences_is_matched_or_listed(
    tmp_path,
):
    seen = set()
    for seed in range(20):
        chance = random.Random(seed)
        names = [f"s{chance.randrange(12)}" for _ in range(14)]
        text = "".join(f">{name} x\n{chance.choice(BASES)}\n" for name in names)
        text += ">z1 x\nACGTACGTACC\n>z2 x\nACGGACGTACC\n"
        path = write(tmp_path, "rdna.fasta", chance.choice(["", "\n", ";c\n"]) + text)
        taxa = {f"s{i}": chance.choice(HOLDERS) for i in range(10)}
        taxa |= {"z1": "Arca", "z2": "Pinna", "left": "Lima"}
        table_of_all, accepted = ingest_sequences(path, filters=FILTERS, taxa=taxa)
        assert table_of_all["name"].tolist() == [*names, "z1", "z2"], seed
        fine = table_of_all["status"] == "accepted"
        assert (table_of_all["reason"] != "").tolist() == (~fine).tolist(), seed
        assert (table_of_all.loc[~fine, "detail"] != "").all(), seed
        assert [one.name for one in accepted] == table_of_all.loc[fine, "name"].tolist(), seed
        imaged = {"Arca", "Venus"}
        used = match_case(table_of_all["taxon"], imaged, "images")  # as measure_coverage does
        table_of_all["taxon"] = table_of_all["taxon"].map(used)
        sequenced = {used[one.taxon] for one in accepted}
        unmatched = find_unmatched(table_of_all, imaged, taxa)
        listed = [(row.name, row.found_in) for row in unmatched.itertuples(index=False)]
        assert sorted(listed) == sorted([
            *((name, "images") for name in imaged - sequenced),
            *((name, "sequences") for name in sequenced - imaged),
            *((name, "sequence_table") for name in set(taxa) - set(table_of_all["name"])),
        ]), seed  # fmt: skip
        seen |= set(table_of_all["reason"])
    assert seen >= {"", *["no_taxon", "name_too_long", "name_taken", "empty", "not_nucleotides"]}
    assert seen >= {"too_short", "too_long", "ambiguous", "duplicate"}


# --- damage of every kind ends in one line, or is read -----------------------------------------

NEWICK = "((Arca:1,'Lima a':2e-1)90:.5,(Pinna_x:1,Venus[&r=1]:2):3);\n"
NEXUS = "#NEXUS\nbegin taxa;\n taxlabels Arca Lima Pinna;\nend;\nbegin trees;\n translate 1 Arca,\n"
NEXUS += " 2 'Lima a', 3 Pinna;\n tree * one = [&R] ((1:1,2:2):1,3:4);\nend;\n"
MATRIX = ',Arca,"Lima, a",Pinna\nArca,0,1,2\n"Lima, a",1,0,2\nPinna,2,2,0\n'
LABELS = 'filename,family,genus\na.png,F,Arca\nb.png,F,"Lima, a"\n'
STUDY = "dataset: d\ninputs:\n  images: a\n  ranks: [family, 'genus']\n  columns: {genus: 'G: g'}\n"


def contents_of(key, path):
    """Look at a file as the start of a run does."""
    meta = write(path.parent, "meta.csv", LABELS)
    inputs = {
        f"inputs.{key}": str(path),
        "inputs.tree_rank": "genus",
        "inputs.sequence_rank": "genus",
    }
    check_contents(checked_config(study({"inputs.meta": str(meta)} | inputs), SCHEMA))


READERS = table(
    newick=("t.nwk", NEWICK, lambda path: read_study_tree(path, ["Arca"], {})),
    nexus=("t.nex", NEXUS, lambda path: read_study_tree(path, ["Arca"], {})),
    distances=("d.csv", MATRIX, lambda path: read_study_distances(path, ["Arca"], {})),
    labels=("m.csv", LABELS, lambda path: read_meta(path, {}, RANKS)),
    synonyms=("s.csv", "name,accepted\nA,B\nC,B\n", read_synonyms),
    sequence_table=("s.csv", "sequence,taxon\ns1,B\ns2,\n", read_sequence_table),
    fasta=("r.fasta", PAIR * 3, lambda path: list(read_fasta(path))),
    packed_fasta=("r.gz", PACKED, lambda path: list(read_fasta(path))),
    configuration=("c.yaml", STUDY, check_file),
)
ODD = [bytes([sign]) for sign in b"\0\"',\t\r\n\xff()[]:;{*&%@-\x1c"]
ODD += [b"9" * 400, "\u2028".encode(), b"\xef\xbb\xbf", b"\xed\xa0\x80"]


def damaged(data, chance):
    """Return bytes that are cut short, swapped, doubled or mixed with odd ones."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5])):
        place, other = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                del data[place:]
            case 1:
                data[place:place] = chance.choice(ODD)
            case 2:
                data[place : place + 1], data[other : other + 1] = data[other : other + 1], b"x"
            case 3:
                data[place:place] = data[other : other + 30]
    return bytes(data)


@pytest.mark.parametrize(("name", "good", "read"), READERS)
def test_any_damage_is_read_or_refused_in_one_line_that_names_the_file(tmp_path, name, good, read):
    path, chance, n_refused = tmp_path / name, random.Random(name), 0
    for _ in range(200):
        path.write_bytes(damaged(good if isinstance(good, bytes) else good.encode(), chance))
        try:
            read(path)
        except ValueError as error:
            assert is_refusal(error) and str(path) in str(error) and "\n" not in str(error)
            n_refused += 1
    assert 20 < n_refused < 200


@pytest.mark.parametrize(
    ("key", "good"), [("tree", NEWICK), ("sequences", PACKED), ("meta", LABELS)]
)
def test_any_damage_is_passed_or_refused_in_one_line_at_the_start_of_a_run(tmp_path, key, good):
    path, chance = tmp_path / "given", random.Random(key)
    for _ in range(20):
        path.write_bytes(damaged(good if isinstance(good, bytes) else good.encode(), chance))
        try:
            contents_of(key, path)
        except ValueError as error:
            assert is_refusal(error) and str(error).startswith("config key inputs.")
            assert "\n" not in str(error)
