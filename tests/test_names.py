import pytest
from visgen.distances.reading import read_distances
from visgen.distances.trees import read_tree
from visgen.fields import clean_cell, gap_words
from visgen.genetics.sequences.headers import compile_header_pattern, taxon_in_header
from visgen.genetics.trees.taxon_tree import write_tree
from visgen.name_tables import read_sequence_table, read_synonyms
from visgen.names import normalise_taxon
from visgen.scikit_bio import TreeNode

# Each is a taxon of its own.
NAMES = ["'Cichlasoma'", "Cichlasoma", "'Cichlasoma' festae", "Theraps 'Belize'", '"Cliona" tumula']
TYPOGRAPHIC = ["\u2018Cichlasoma\u2019", "Cichlasoma", "Theraps \u201aBelize\u2018"]


def in_cells(path, header, rows):
    lines = (",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def of_tree(folder, names):
    tree = TreeNode(children=[TreeNode(name, 1.0) for name in names])
    write_tree(folder / "tree.nwk", tree)
    return [tip.name for tip in read_tree(folder / "tree.nwk").tips()]


def of_distances(folder, names):
    rows = [["", *names], *([name, *"1" * len(names)] for name in names)]
    for i, row in enumerate(rows[1:], start=1):
        row[i] = "0"
    return list(read_distances(in_cells(folder / "distances.csv", "", rows)).ids)


def of_headers(folder, names):
    expression = compile_header_pattern(r"^\S+\s+(?P<taxon>\S.*)$")
    return [taxon_in_header(f"s1 {name}", expression) for name in names]


def of_synonyms(folder, names):
    rows = [(f"old {i}", name) for i, name in enumerate(names)]
    return list(read_synonyms(in_cells(folder / "names.csv", "name,accepted\n", rows)).values())


def of_sequence_table(folder, names):
    rows = [(f"s{i}", name) for i, name in enumerate(names)]
    path = in_cells(folder / "taxa.csv", "sequence,taxon\n", rows)
    return list(read_sequence_table(path).values())


def of_images(folder, names):
    return [clean_cell(name, "genus", ["genus"], gap_words([])) for name in names]


@pytest.mark.parametrize(
    "read", [of_tree, of_distances, of_headers, of_synonyms, of_sequence_table, of_images]
)
def test_names_with_quotes_are_the_same_in_every_file(tmp_path, read):
    assert read(tmp_path, NAMES) == NAMES
    assert read(tmp_path, TYPOGRAPHIC) == ["'Cichlasoma'", "Cichlasoma", "Theraps 'Belize'"]


@pytest.mark.parametrize("name", ["O\u2019Brien", "O\u02bcBrien", "O'Brien"])
def test_apostrophes_have_one_form(name):
    assert normalise_taxon(name) == "O'Brien"


@pytest.mark.parametrize("cell", ["'NA'", '"unknown"', "\u2018indet.\u2019"])
def test_a_gap_in_quotes_is_a_gap(cell):
    assert clean_cell(cell, "genus", ["genus"], gap_words([])) is None
