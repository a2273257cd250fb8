import zipfile

import pytest
from visgen.encodings import read_text

TEXT = "filename,species\na.jpg,Caf\u00e9 \u010carka\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_is_read_in_each_of_its_forms(tmp_path, encoding):
    (tmp_path / "m.csv").write_bytes(TEXT.encode(encoding))
    assert read_text(tmp_path / "m.csv") == TEXT


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a mark"])
@pytest.mark.parametrize("encoding", ["cp1252", "mac-roman"])
def test_a_byte_of_another_encoding_is_named_with_its_line(tmp_path, encoding, mark):
    data = mark + "filename,species\na.jpg,Caf\u00e9\n".encode(encoding)
    (tmp_path / "m.csv").write_bytes(data)
    place = 26 + len(mark)
    with pytest.raises(
        ValueError, match=rf"m\.csv: line 2: byte {place} \(0x[8e][9e]\) is not UTF-8"
    ):
        read_text(tmp_path / "m.csv")


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ("xl/workbook.xml", r"Excel workbook \(\.xlsx\)"),
        ("content.xml", "OpenDocument"),
        ("a", "ZIP"),
    ],
)
def test_a_spreadsheet_in_disguise_is_named(tmp_path, inside, kind):
    with zipfile.ZipFile(tmp_path / "m.csv", "w") as made:
        made.writestr(inside, "x")
    with pytest.raises(ValueError, match=rf"m\.csv: is an? {kind}.*expected text"):
        read_text(tmp_path / "m.csv")


@pytest.mark.parametrize(
    "start",
    [
        b"\xd0\xcf\x11\xe0",
        b"\x1f\x8b",
        b"PK\x03\x04",
        b"%PDF",
        b"<html>",
        b"\xef\xbb\xbf\n <TABLE>",
    ],
)
def test_another_format_is_named(tmp_path, start):
    (tmp_path / "m.csv").write_bytes(start + bytes(100))
    with pytest.raises(ValueError, match="expected text in UTF-8"):
        read_text(tmp_path / "m.csv")


def test_marks_go_also_where_files_were_joined(tmp_path):
    (tmp_path / "m.csv").write_text('\ufeff\ufeff"a",b\n\ufeff"1",2\n', encoding="utf-8")
    assert read_text(tmp_path / "m.csv") == '"a",b\n"1",2\n'


def test_letters_that_are_lost_are_said_with_their_line(tmp_path, caplog):
    (tmp_path / "m.csv").write_text("a,b\n1,2\nCaf\ufffd,M\ufffdller\n", encoding="utf-8")
    read_text(tmp_path / "m.csv")
    assert "m.csv: 2 letters were lost" in caplog.text and "first in line 3" in caplog.text
