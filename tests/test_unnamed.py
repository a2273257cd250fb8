import logging
import os
import unicodedata

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visgen.specimens.oddities import Look
from visgen.specimens.rejections import check_any
from visgen.specimens.table import read_unnamed_meta
from visgen.specimens.unnamed import ingest_unnamed


def photograph(path, seed=None, size=(3, 2), form="PNG"):
    """Write an image whose content depends on the seed; without one, on its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = [*map(ord, str(path))] if seed is None else seed
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, form)


@pytest.fixture
def images(tmp_path):
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


def table(images, *lines):
    path = images.parent / "m.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_unnamed_meta(path, {})


def reasons(rejected):
    return dict(zip(rejected["file"], rejected["reason"], strict=True))


def details(rejected):
    return dict(zip(rejected["file"], rejected["detail"], strict=True))


def specimens(photographs):
    return dict(zip(photographs["id"], photographs["specimen"], strict=True))


# --- the table ---------------------------------------------------------------------------------


def test_a_table_needs_no_ranks_and_those_it_has_are_said_to_be_ignored(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    path = tmp_path / "m.csv"
    path.write_text("filename;Specimen;family;genus;Fundort\na.jpg;12.0;F;G;Sylt\nb.jpg;?;F;G;NA\n")
    meta = read_unnamed_meta(path, {"place": "Fundort"})
    assert list(meta) == ["line", "filename", "specimen", "view", "source", "place"]
    assert meta.fillna("").to_numpy().tolist() == [
        [2, "a.jpg", "12", "", "", "Sylt"],
        [3, "b.jpg", "", "", "", ""],
    ]
    assert "m.csv: columns that are not read (2): 'family', 'genus'" in caplog.text


def test_of_many_columns_that_are_not_read_the_first_are_said(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    (tmp_path / "m.csv").write_text("filename,a,b,c,d,e,f,g,h\n")
    read_unnamed_meta(tmp_path / "m.csv", {})
    assert "(8): 'a', 'b', 'c', 'd', 'e', 'f', 'g', …" in caplog.text


def test_a_table_of_which_every_column_is_read_says_nothing(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    (tmp_path / "m.csv").write_text("filename,specimen,view,source,place\n")
    read_unnamed_meta(tmp_path / "m.csv", {})
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (
            "file,view\n",
            {},
            r"m\.csv: no column 'filename' .*columns: 'file', 'view'.*'file'\? nam",
        ),
        (
            "filename\n",
            {"genus": "g"},
            "the field 'genus'; fields are filename, specimen, view, so",
        ),
        ("filename\n", {"place": "Ort"}, "no column 'Ort' for 'place'"),
        ("filename,view,view\n", {"view": "view"}, "the column 'view' for 'view' is there twice"),
    ],
)
def test_a_faulty_table_is_refused(tmp_path, text, columns, message):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_unnamed_meta(tmp_path / "m.csv", columns)


# --- photographs -------------------------------------------------------------------------------


def test_without_a_table_every_image_is_taken_and_is_its_own_specimen(images):
    for name in ("b.png", "A/2.PNG", "A/1.png"):
        photograph(images / name, size=(5, 3))
    (images / "notes.txt").write_text("x")
    photographs, rejected = ingest_unnamed(images)
    columns = [
        "id",
        "path",
        "sha256",
        "width",
        "height",
        "specimen",
        "view",
        "source",
        "place",
        "reading",
    ]
    assert list(photographs) == [*columns, *Look._fields]
    assert photographs["id"].tolist() == ["A/1.png", "A/2.PNG", "b.png"]
    assert photographs["path"].tolist() == photographs["specimen"].tolist()
    assert photographs["specimen"].tolist() == photographs["id"].tolist()
    assert photographs[["width", "height"]].to_numpy().tolist() == [[5, 3]] * 3
    assert photographs[["view", "source", "place", "reading"]].isna().all(axis=None)
    assert photographs["sha256"].str.len().tolist() == [64] * 3
    assert reasons(rejected) == {"notes.txt": "not_an_image"}


def test_specimens_come_from_the_table_then_the_pattern_then_the_id(images):
    for name in ("x7_1.png", "x7_2.png", "b.png", "a.png"):
        photograph(images / name)
    meta = table(images, "filename,specimen,place", "b.png,x7,Sylt", "x7_2.png,x5,")
    photographs, rejected = ingest_unnamed(
        images, meta=meta, specimen_pattern=r"(?P<specimen>x\d+)_"
    )
    found = photographs[["specimen", "id", "place"]].fillna("").to_numpy().tolist()
    assert found == [
        ["a.png", "a.png", ""],
        ["x5", "x7_2.png", ""],
        ["x7", "b.png", "Sylt"],
        ["x7", "x7_1.png", ""],
    ]
    assert rejected.empty


def test_a_row_without_a_file_is_rejected_and_a_file_without_a_row_is_taken(images, caplog):
    for name in ("a.png", "b.png"):
        photograph(images / name)
    rows = ["a.png,top", "lost.png,", "A.png,", "NA,top", "../a.png,", "/b.png,"]
    photographs, rejected = ingest_unnamed(images, meta=table(images, "filename,view", *rows))
    assert photographs[["id", "view"]].fillna("").to_numpy().tolist() == [
        ["a.png", "top"],
        ["b.png", ""],
    ]
    assert reasons(rejected) == {
        "": "no_filename",
        "../a.png": "outside_folder",
        "/b.png": "outside_folder",
        "A.png": "missing_file",
        "lost.png": "missing_file",
    }
    assert details(rejected)["lost.png"] == "line 3: no such file in the images folder"
    assert "5 of 6 rows of the table name no file of the folder, first 'lost.png' in line 3" in (
        caplog.text
    )


def test_files_that_cannot_be_used_are_rejected_with_their_reason(images):
    photograph(images / "good.png", size=(11, 7))
    photograph(images / "cut.png", size=(11, 7))
    (images / "cut.png").write_bytes((images / "cut.png").read_bytes()[:-30])
    photograph(images / "large.png", size=(101, 103))
    photograph(images / "long.png", size=(31, 7))
    photograph(images / "small.png", size=(5, 7))
    (images / "empty.jpg").touch()
    (images / "text.jpg").write_text("text")
    (images / "phone.HEIC").write_text("x")
    (images / "broken.jpg").symlink_to(images / "nowhere.jpg")
    (images / os.fsdecode(b"\xe9.jpg")).touch()
    photographs, rejected = ingest_unnamed(
        images, max_pixels=10_000, min_side=6, max_aspect_ratio=3.0, workers=2
    )
    assert photographs["id"].tolist() == ["good.png"]
    assert reasons(rejected) == {
        "\\xe9.jpg": "not_in_meta",
        "broken.jpg": "missing_file",
        "cut.png": "truncated",
        "empty.jpg": "empty_file",
        "large.png": "too_many_pixels",
        "long.png": "too_elongated",
        "phone.HEIC": "not_an_image",
        "small.png": "too_small",
        "text.jpg": "unreadable",
    }


def test_a_name_of_a_specimen_into_which_a_text_slipped_is_refused(images):
    photograph(images / "a.png")
    photograph(images / f"{'f' * 200}/{'g' * 200}.png")
    photographs, rejected = ingest_unnamed(
        images, meta=table(images, "filename,specimen", f"a.png,{'x' * 500}")
    )
    assert reasons(rejected) == {"a.png": "name_too_long"}
    assert len(photographs) == 1


# --- the same picture twice --------------------------------------------------------------------


def test_of_the_same_picture_the_first_by_id_stays_whatever_its_file(images):
    photograph(images / "b.png", seed=1)
    photograph(images / "a.tif", seed=1, form="TIFF")
    photograph(images / "c.png", seed=1)
    photograph(images / "d.png", seed=2)
    photographs, rejected = ingest_unnamed(images)
    assert photographs["id"].tolist() == ["a.tif", "d.png"]
    assert rejected.to_numpy().tolist() == [
        ["b.png", "duplicate", "same pixels as a.tif"],
        ["c.png", "duplicate", "same pixels as a.tif"],
    ]


def test_the_same_picture_of_two_specimens_is_of_neither(images):
    for name in ("a.png", "b.png", "c.png", "d.png"):
        photograph(images / name, seed=1)
    meta = table(images, "filename,specimen", "b.png,x", "c.png,y", "d.png,x")
    photographs, rejected = ingest_unnamed(images, meta=meta)
    assert specimens(photographs) == {"a.png": "a.png"}
    why = "conflicting_duplicate"
    assert rejected.to_numpy().tolist() == [
        ["b.png", why, "line 2: same content as c.png, but specimen is 'x' here and 'y' there"],
        ["c.png", why, "line 3: same content as b.png, but specimen is 'y' here and 'x' there"],
        ["d.png", why, "line 4: same content as c.png, but specimen is 'x' here and 'y' there"],
    ]


def test_a_specimen_that_nobody_gave_contradicts_none(images):
    for name in ("a.png", "b.png", "c.png"):
        photograph(images / name, seed=1)
    meta = table(images, "filename,specimen", "a.png,x", "b.png,")
    photographs, rejected = ingest_unnamed(images, meta=meta)
    assert specimens(photographs) == {"a.png": "x"}
    detail = "same content as a.png; specimen is empty here and 'x' there"
    assert rejected.to_numpy().tolist() == [
        ["b.png", "duplicate", f"line 3: {detail}"],
        ["c.png", "duplicate", detail],
    ]


def test_the_pattern_says_of_which_specimen_a_picture_is_too(images):
    for name in ("s1_a.png", "s2_a.png"):
        photograph(images / name, seed=1)
    _, rejected = ingest_unnamed(images, specimen_pattern="^(?P<specimen>s.)_")
    assert rejected["reason"].tolist() == ["conflicting_duplicate"] * 2


def test_rows_that_name_one_file_are_one_unless_their_specimens_differ(images):
    photograph(images / "a.png")
    photograph(images / "b.png")
    rows = ["a.png,x,Sylt", "b.png,x,", "a.png,x,Föhr", "b.png,y,"]
    meta = table(images, "filename,specimen,place", *rows)
    photographs, rejected = ingest_unnamed(images, meta=meta)
    assert photographs[["id", "place"]].to_numpy().tolist() == [["a.png", "Sylt"]]
    same = "names the same file"
    assert rejected.to_numpy().tolist() == [
        ["a.png", "repeated_row", f"line 4: line 2 {same}; place is 'Föhr' here and 'Sylt' there"],
        ["b.png", "conflicting_rows", f"line 3: line 5 {same}, but specimen is 'x' here and 'y' th"
         "ere"],
        ["b.png", "conflicting_rows", f"line 5: line 3 {same}, but specimen is 'y' here and 'x' th"
         "ere"],
    ]  # fmt: skip


def test_specimens_that_may_be_one_are_said(images, caplog):
    for name in ("A 1-x.png", "a_1-y.png"):
        photograph(images / name)
    ingest_unnamed(images, specimen_pattern="^(?P<specimen>.*)-")
    assert "'A 1' and 'a_1', are taken as different ones" in caplog.text


# --- properties on messy folders ---------------------------------------------------------------


@pytest.mark.parametrize("seed", range(7))
def test_every_row_and_every_file_ends_in_exactly_one_table(images, seed):
    generator = np.random.default_rng(seed)

    def pick(*options):
        return options[generator.integers(len(options))]

    photograph(images / "z.png", seed=99)
    names = ["z.png"]
    for i in range(generator.integers(5, 29)):
        name = pick("", "sub/", "Süb/", ".h/") + pick("a", "é", "x  y") + f"{i}"
        name += pick(".png", ".PNG", ".jpg", ".jpg", ".txt", "")
        path = images / unicodedata.normalize(pick("NFC", "NFD"), name)
        photograph(path, seed=generator.integers(11))
        path.write_bytes(path.read_bytes()[: pick(None, None, None, None, 0, 7, -40)])
        names.append(name)
    rows = [
        [pick(*names, "lost.png", "../a.png"), pick("s1", "s2", "", ""), pick("top", "")]
        for _ in range(generator.integers(0, 31))
    ]
    meta = pd.DataFrame(rows, columns=["filename", "specimen", "view"])
    meta = meta.mask(meta == "").astype("str").assign(source=None, place=None)
    meta["line"] = pd.array(range(2, len(meta) + 2), dtype="Int64")
    photographs, rejected = ingest_unnamed(images, meta=meta)

    n_without_row = len(set(names) - {row[0] for row in rows})
    assert len(photographs) + len(rejected) == len(rows) + n_without_row
    lines = rejected["detail"].str.extract(r"^line (\d+): ")[0].dropna()
    assert lines.is_unique
    assert set(names) <= {*photographs["id"], *rejected["file"]}
    again = rejected["file"].isin(photographs["id"])
    assert set(rejected.loc[again, "reason"]) <= {"repeated_row"}
    assert photographs["id"].is_unique
    assert photographs["specimen"].notna().all()
    order = list(zip(photographs["specimen"], photographs["id"], strict=True))
    assert order == sorted(order)

    other = ingest_unnamed(images, meta=meta, workers=3)
    pd.testing.assert_frame_equal(photographs, other[0])
    pd.testing.assert_frame_equal(rejected, other[1])


# --- what stops it -----------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_said(images):
    with pytest.raises(NotADirectoryError, match="nowhere: no such folder of images"):
        ingest_unnamed(images / "nowhere")


def test_a_folder_without_any_image_is_said_with_what_is_there(images):
    with pytest.raises(ValueError, match=r"images: found no file; expected photographs") as caught:
        ingest_unnamed(images)
    for name in ("1.HEIC", "2.heic", "notes.pdf", "z.zip"):
        (images / name).write_text("x")
    with pytest.raises(ValueError, match="images: found 4 files, none of which is") as caught:
        ingest_unnamed(images)
    line = str(caught.value)
    assert "('1.HEIC', '2.heic', 'notes.pdf', …)" in line
    assert line.endswith("whose names end in .jpg .jpeg .png .tif .tiff .webp")
    assert "\n" not in line


def test_wrong_arguments_are_refused(images):
    photograph(images / "a.png")
    with pytest.raises(ValueError, match="workers is 0; expected at least 1"):
        ingest_unnamed(images, workers=0)
    with pytest.raises(ValueError, match=r"no group \(\?P<specimen>"):
        ingest_unnamed(images, specimen_pattern="x")


def test_where_nothing_is_accepted_the_reasons_are_counted(images):
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (images / name).touch()
    (images / "e.png").write_text("x")
    photographs, rejected = ingest_unnamed(images)
    assert photographs.empty
    assert photographs.dtypes.astype(str)[["width", "specimen"]].tolist() == ["int64", "str"]
    message = (
        r"images: no photograph was accepted: all 5 files and rows were rejected\n"
        r"  empty_file: 4\n    a\.png: 0 bytes\n    b.*\n    c.*\n  unreadable: 1\n    e\.png: .*\n"
        r"All are listed in there\.tsv"
    )
    with pytest.raises(ValueError, match=message):
        check_any(photographs, rejected, images, "there.tsv")


def test_one_accepted_photograph_is_enough(images):
    photograph(images / "a.png")
    (images / "b.png").touch()
    photographs, rejected = ingest_unnamed(images)
    check_any(photographs, rejected, images)
    assert len(photographs) == len(rejected) == 1
