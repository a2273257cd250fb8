import pytest
from visgen.delimited import delimiter_of, read_cells, read_rows, without_sep_line

HEAD = "filename\tnotes\tspecies\n"


def cells(text, delimiter="\t"):
    return [row for _, row in read_rows(text, delimiter)[0]]


def test_quotes_that_do_not_hold_up_are_letters_and_no_row_is_joined():
    text = HEAD + 'a.png\t"beach drift\tArca a\nb.png\tlow tide"\tArca b\n'
    rows, literal = read_rows(text, "\t")
    assert [row for _, row in rows[1:]] == [
        ["a.png", '"beach drift', "Arca a"],
        ["b.png", 'low tide"', "Arca b"],
    ]
    assert [line for line, _ in rows] == [1, 2, 3] and literal == [2]


def test_a_cell_that_starts_with_a_quoted_word_is_read():
    assert cells(HEAD + 'a.png\t"Draisdorf" Mitte\tArca a\n')[1][1] == '"Draisdorf" Mitte'


def test_quotes_that_hold_up_go():
    assert cells(HEAD + '"a.png"\t"he said ""no"""\tArca a\n')[1] == [
        "a.png",
        'he said "no"',
        "Arca a",
    ]


def test_delimiters_and_line_ends_inside_quotes_part_nothing():
    text = 'filename,notes\na.png,"one, two\nthree"\nb.png,\n'
    rows, literal = read_rows(text, ",")
    assert [line for line, _ in rows] == [1, 2, 4]
    assert [row for _, row in rows[1:]] == [["a.png", "one, two\nthree"], ["b.png", ""]]
    assert not literal


def test_a_quote_that_is_never_closed_is_refused_where_cells_hold_delimiters():
    with pytest.raises(ValueError, match="the row that begins at line 3"):
        read_rows('a,b\n"x, y",1\n"z,2\n', ",")


def test_empty_rows_are_no_rows():
    assert cells("a,b\n\n , \n,\n1,2\n", ",") == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize("line", ["SEP=;", '"sep=;"'])
def test_excel_names_its_delimiter_in_a_line_of_its_own(line):
    text, named = without_sep_line(line + "\r\na;b\r\n1;2\r\n")
    assert named == ";" and read_rows(text, named)[0] == [(2, ["a", "b"]), (3, ["1", "2"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("first", ["", "sep=;"], ids=["plain", "sep"])
def test_a_table_is_read_whatever_its_line_ends(tmp_path, end, first):
    lines = [first] * bool(first) + ["a ;b", "x, y, z;1", "u;2", ""]
    (tmp_path / "m.csv").write_bytes(end.join(lines).encode())
    table = read_cells(tmp_path / "m.csv")
    assert table.header == ["a", "b"] and table.column("b") == ["1", "2"]
    assert table.lines == [2 + bool(first), 3 + bool(first)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_what_stands_outside_quotes(delimiter):
    names = ['"Pecten maximus (L., 1758; 1, 2)"', '"Chlamys; varia, x"']
    assert delimiter_of(delimiter.join(names) + "\n0,1;2,3,4;5\n") == delimiter


@pytest.mark.parametrize(
    "row", ['a.png, "Arca noae", x', 'a.png,"Arca noae" ,x', '\ufeff"a.png" , "Arca noae" ,"x" ']
)
@pytest.mark.parametrize("note", ["y", '"1,\n2"'], ids=["plain", "over lines"])
def test_blanks_and_marks_round_quotes_are_none_of_a_cell(tmp_path, row, note):
    if note != "y":
        row = row.replace('" ', '"')
    (tmp_path / "m.csv").write_text(f"filename,species,note\n{row}\nb.png,Arca b,{note}\n")
    table = read_cells(tmp_path / "m.csv")
    assert [cell.strip() for cell in table.rows[0]] == ["a.png", "Arca noae", "x"]


def test_numbers_of_rows_without_a_name_are_a_column_without_a_name(tmp_path):
    rows = '"a"\t"b"\n"1"\t"x"\t"y"\n"3"\t"z"\t"w"\n'
    (tmp_path / "m.txt").write_text(rows)
    table = read_cells(tmp_path / "m.txt")
    assert table.header == ["", "a", "b"] and table.column("a") == ["x", "z"]
    (tmp_path / "m.txt").write_text(rows.replace('"3"', '"1"'))
    with pytest.raises(ValueError, match="line 2 has 3 cells, the header has 2"):
        read_cells(tmp_path / "m.txt")


def test_a_line_of_what_cannot_be_seen_is_no_row():
    assert cells("a,b\n1,2\n\x1a\x00\n\u200b", ",") == [["a", "b"], ["1", "2"]]
