import os
import unicodedata

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visgen.specimens.coverage import coverage, summarise_ranks
from visgen.specimens.ingest import ingest
from visgen.specimens.paths import labels_from_paths
from visgen.specimens.records import read_images, read_labels, write_records
from visgen.specimens.rejections import check_share
from visgen.specimens.table import read_meta
from visgen.specimens.taxonomy import lineage, taxonomic_order

RANKS = ["family", "genus", "species"]


def write_table(path, *rows, header="filename,family,genus,species"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def photograph(path, seed=None, size=(3, 2)):
    """Write an image whose content depends on the seed; without one, on its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = [*map(ord, str(path))] if seed is None else seed
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, "PNG")


class Study:
    """A folder of images and a table in the making."""

    def __init__(self, folder, header="filename,family,genus,species"):
        self.folder, self.header, self.rows = folder, header, []
        self.images = folder / "images"
        self.images.mkdir()

    def add(self, name, *labels, seed=None):
        photograph(self.images / name, seed)
        self.rows.append(",".join([name, *labels]))

    def ingest(self, ranks=RANKS, **options):
        table = write_table(self.folder / "meta.csv", *self.rows, header=self.header)
        return ingest(self.images, ranks=ranks, meta=read_meta(table, {}, ranks), **options)


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


def reasons(rejected):
    return dict(zip(rejected["file"], rejected["reason"], strict=True))


def details(rejected):
    return dict(zip(rejected["file"], rejected["detail"], strict=True))


# --- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "delimiter"),
    [("m.csv", ","), ("m.csv", ";"), ("m.csv", "\t"), ("m.tsv", "\t"), ("m.txt", "\t")],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_tables_of_every_usual_form_are_read_alike(tmp_path, name, delimiter, encoding):
    text = "filename,genus\na.jpg,Âus\n".replace(",", delimiter)
    (tmp_path / name).write_text(text, encoding=encoding)
    meta = read_meta(tmp_path / name, {}, ["genus"])
    assert meta[["line", "filename", "genus"]].to_numpy().tolist() == [[2, "a.jpg", "Âus"]]
    assert list(meta) == ["line", "filename", "genus", "specimen", "view", "source", "split"]
    assert meta[["specimen", "view", "source", "split"]].isna().all(axis=None)


def test_columns_are_mapped_and_joined(tmp_path):
    table = write_table(
        tmp_path / "m.csv",
        "a.jpg,Aus,bus,aussen",
        "b.jpg,Aus,,innen",
        header="Datei,Genus,Epithet,ansicht",
    )
    columns = {"filename": "Datei", "species": ["Genus", "Epithet"], "view": "ansicht"}
    meta = read_meta(table, columns, ["species"])
    assert meta["species"].tolist()[0] == "Aus bus"
    assert meta["species"].isna().tolist() == [False, True]
    assert meta["view"].tolist() == ["aussen", "innen"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filename genus\na.jpg Aus\n", "line 1 looks delimited by spaces: 'filename genus'"),
        ("filename|genus\na.jpg|Aus\n", r"line 1 looks delimited by '\|'.*expected commas"),
        ("filename,Genus\n", r"no column 'genus'.*did you mean 'Genus'\?"),
        ("filename,genus,Split,SPLIT\n", r"no column 'split' for 'split'.*did you mean 'Split'"),
        ("filename,genus1\n", r"no column 'genus'.*did you mean 'genus1'\?"),
    ],
)
def test_a_table_of_another_form_is_refused_with_what_may_be_meant(tmp_path, text, message):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"m\.csv: {message}"):
        read_meta(tmp_path / "m.csv", {}, ["genus"])


def test_a_table_of_commas_is_read_whatever_its_ending_and_blanks_about_its_columns(tmp_path):
    table = write_table(tmp_path / "m.txt", "a.jpg,Aus,test", header="filename , genus\u200b,Split")
    meta = read_meta(table, {}, ["genus"])
    assert meta.loc[0, ["filename", "genus", "split"]].tolist() == ["a.jpg", "Aus", "test"]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["12.0", "", "7.0"], ["12", None, "7"]),
        (["12.0", "12", "7"], ["12", "12", "7"]),
        (["12.0", "12.5", "7"], ["12.0", "12.5", "7"]),
        (["12", "012", "7"], ["12", "012", "7"]),
        (["12.0", "b2", "7"], ["12.0", "b2", "7"]),
    ],
)
def test_specimens_that_gaps_made_floats_are_whole_numbers(tmp_path, given, read):
    rows = [f"{i}.jpg,Aus,{name}" for i, name in enumerate(given)]
    table = write_table(tmp_path / "m.csv", *rows, header="filename,genus,specimen")
    specimens = read_meta(table, {}, ["genus"])["specimen"]
    assert [None if pd.isna(name) else name for name in specimens] == read


@pytest.mark.parametrize(
    ("name", "altered"),
    [
        *(
            (name, True)
            for name in (
                "1-Sep",
                "Mar-01",
                "2024-03-01 00:00:00",
                "1.23E+12",
                "01. Mai",
                "1.5.2024",
            )
        ),
        *((name, False) for name in ("Marginella", "May", "sep-A", "12-34", "2024-03")),
    ],
)
def test_what_a_spreadsheet_made_of_names_is_said(tmp_path, caplog, name, altered):
    table = write_table(tmp_path / "m.csv", f"a.jpg,{name}", header="filename,genus")
    read_meta(table, {}, ["genus"])
    assert ("a spreadsheet" in caplog.text and "line 2" in caplog.text) == altered


def test_an_error_of_a_spreadsheet_is_a_gap(tmp_path):
    table = write_table(tmp_path / "m.csv", "a.jpg,#REF!", "b.jpg,#NAME?", header="filename,genus")
    assert read_meta(table, {}, ["genus"])["genus"].isna().all()


def test_gaps_are_null(tmp_path):
    table = write_table(tmp_path / "m.csv", "a.jpg,,NA,Unassigned", "b.jpg, ,Not_known,unassigned")
    meta = read_meta(table, {}, RANKS, missing_values=["Unassigned", "Not_known"])
    assert meta[RANKS].isna().to_numpy().tolist() == [[True] * 3, [True, True, True]]


def test_names_are_normalised_but_not_the_white_space_in_file_names(tmp_path):
    table = write_table(
        tmp_path / "m.csv", '"a  1.jpg ",  Aidae ,Aus\u200b,Aus_bus', header="filename,f,g,s"
    )
    meta = read_meta(table, {"family": "f", "genus": "g", "species": "s"}, RANKS)
    assert meta.loc[0, ["filename", *RANKS]].tolist() == ["a  1.jpg", "Aidae", "Aus", "Aus bus"]


def test_lines_count_quoted_breaks_and_empty_lines(tmp_path):
    (tmp_path / "m.csv").write_text('filename,genus\n\na.jpg,"A\nus"\nb.jpg,Bus\n')
    meta = read_meta(tmp_path / "m.csv", {}, ["genus"])
    assert meta["line"].tolist() == [3, 5]
    assert meta["genus"].tolist() == ["A us", "Bus"]


def test_text_that_is_not_utf8_is_refused_with_its_place(tmp_path):
    (tmp_path / "m.csv").write_bytes(b"filename,genus\na.jpg,Aus\nb.jpg,\xc4us\n")
    with pytest.raises(ValueError, match=r"m\.csv: line 3: byte 31 \(0xc4\) is not UTF-8"):
        read_meta(tmp_path / "m.csv", {}, ["genus"])


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("filename,Genus\n", {}, r"no column 'genus' for 'genus'; columns: 'filename', 'Genus'"),
        ("file,genus\n", {}, "no column 'filename' for 'filename'"),
        ("filename,genus\n", {"view": "side"}, "no column 'side' for 'view'"),
        ("filename,genus\n", {"view": []}, "no column is named for 'view'"),
        ("filename,genus\n", {"sex": "genus"}, "columns names the field 'sex'; fields are"),
        ("filename,genus,genus\n", {}, "the column 'genus' for 'genus' is there twice"),
        ("filename,genus\na.jpg\n", {}, "line 2 has 1 cells, the header has 2"),
        ("filename,genus\na.jpg,A,B\n", {}, "line 2 has 3 cells, the header has 2"),
        ('filename,genus\na.jpg,"A\n"b,c.jpg",B\n', {}, "the row that begins at line 2"),
        ("", {}, "is empty"),
    ],
)
def test_a_faulty_table_is_refused(tmp_path, text, columns, message):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_meta(tmp_path / "m.csv", columns, ["genus"])


@pytest.mark.parametrize(
    ("ranks", "message"),
    [([], "ranks is empty"), (["a", "a"], "'a' is named twice"), (["split"], "called 'split'")],
)
def test_unusable_ranks_are_refused(tmp_path, ranks, message):
    with pytest.raises(ValueError, match=message):
        read_meta(tmp_path / "m.csv", {}, ranks)


# --- labels from paths -------------------------------------------------------------------------


def test_labels_come_from_folder_names():
    files = ["Aus_bus/1.jpg", "readme/x.jpg", "Cus_dus/2.jpg"]
    meta = labels_from_paths(
        files, r"(?P<species>(?P<genus>[^_/]+)_[^/]+)/[^/]+$", ["genus", "species"]
    )
    assert meta[["filename", "genus", "species"]].to_numpy().tolist() == [
        ["Aus_bus/1.jpg", "Aus", "Aus bus"],
        ["Cus_dus/2.jpg", "Cus", "Cus dus"],
    ]
    assert meta["line"].isna().all()


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(?P<genus>", "is no regular expression"),
        (r"(?P<species>.)", r"has no group \(\?P<genus>…\)"),
        (r"(?P<genus>.)(?P<sex>.)", "has a group 'sex'"),
    ],
)
def test_a_faulty_pattern_is_refused(pattern, message):
    with pytest.raises(ValueError, match=message):
        labels_from_paths([], pattern, ["genus"])


def test_without_a_table_files_are_labelled_by_the_pattern(tmp_path):
    photograph(tmp_path / "train" / "Aus" / "1.png")
    photograph(tmp_path / "test" / "Bus" / "2.png")
    photograph(tmp_path / "loose.png")
    (tmp_path / "train" / "notes.txt").touch()
    specimens, rejected = ingest(
        tmp_path, ranks=["genus"], path_pattern=r"^(?P<split>train|test)/(?P<genus>[^/]+)/"
    )
    assert specimens[["id", "genus", "split"]].to_numpy().tolist() == [
        ["test/Bus/2.png", "Bus", "test"],
        ["train/Aus/1.png", "Aus", "train"],
    ]
    assert reasons(rejected) == {
        "loose.png": "not_in_meta",
        "train/notes.txt": "not_an_image",
    }
    assert "the pattern '^(?P<split>" in details(rejected)["loose.png"]


# --- accepted images ---------------------------------------------------------------------------


def test_an_accepted_image_has_its_facts_and_labels(tmp_path):
    photograph(tmp_path / "images" / "a" / "1.png", size=(5, 3))
    table = write_table(
        tmp_path / "m.csv",
        "./a/1.png,Aidae,Aus,,S1,left,museum,Training",
        header="filename,family,genus,species,specimen,view,source,split",
    )
    meta = read_meta(table, {}, RANKS)
    specimens, rejected = ingest(tmp_path / "images", ranks=RANKS, meta=meta)
    assert rejected.empty
    assert list(rejected) == ["file", "reason", "detail"]
    row = specimens.iloc[0]
    assert row["id"] == "a/1.png"
    assert row["path"] == "a/1.png"
    assert len(row["sha256"]) == 64
    assert (row["width"], row["height"]) == (5, 3)
    assert row[["family", "genus"]].tolist() == ["Aidae", "Aus"]
    assert pd.isna(row["species"])
    assert row[["specimen", "view", "source", "split"]].tolist() == [
        "S1", "left", "museum", "train"
    ]  # fmt: skip


def test_tables_keep_their_types_when_nothing_is_left(study):
    specimens, rejected = study.ingest()
    assert len(specimens) == len(rejected) == 0
    study.add("a.png", "A", "B", "C")
    assert study.ingest()[0].dtypes.to_dict() == specimens.dtypes.to_dict()


@pytest.mark.parametrize("folder", ["images", "./images/", "."])
def test_records_hold_no_folder_which_may_move(study, monkeypatch, folder):
    study.add("a.png", "A", "B", "C")
    study.add("b.png", "A", "B", "")
    monkeypatch.chdir(study.folder if "images" in folder else study.images)
    meta = read_meta(write_table(study.folder / "m.csv", *study.rows), {}, RANKS)
    specimens, _ = ingest(folder, ranks=RANKS, meta=meta)
    assert specimens["path"].tolist() == ["a.png", "b.png"]
    labels = [study.folder / f"{rank}.parquet" for rank in RANKS]
    paths = {"specimens": study.folder / "s.parquet", "images": study.folder / "images.tsv"}
    taxa = [study.folder / f"{rank}.tsv" for rank in RANKS]
    paths |= {name: study.folder / f"{name}.parquet" for name in ("groups", "views")}
    write_records(paths | {"labels": labels, "taxa": taxa}, specimens)
    moved = study.images.rename(study.folder / "moved")
    images = read_images(paths["images"], moved)
    assert images["path"].tolist() == [str(moved / "a.png"), str(moved / "b.png")]
    sizes = ["sha256", "width", "height"]
    pd.testing.assert_frame_equal(images[sizes], specimens[sizes], check_dtype=False)
    read = read_labels(labels)
    expected = specimens.set_index("id")[["specimen", *RANKS]]
    pd.testing.assert_frame_equal(read, expected)
    assert taxa[2].read_text() == "taxon\nC\n"
    assert pd.read_parquet(paths["views"]).columns.tolist() == ["id", "view"]
    groups = pd.read_parquet(paths["groups"])
    assert groups["genus"].tolist() == ["a.png", "a.png"]  # called by its first image
    assert groups["species"].fillna("").tolist() == ["a.png", ""]


def test_names_match_across_unicode_forms(study):
    decomposed = unicodedata.normalize("NFD", "é.png")
    photograph(study.images / decomposed)
    study.rows.append("é.png,A,B,C")
    specimens, rejected = study.ingest()
    assert rejected.empty
    assert specimens["id"].tolist() == ["é.png"]
    assert specimens["path"].tolist() == [decomposed]


def test_two_files_of_one_name_in_two_unicode_forms_are_told_apart(study):
    study.add("é.png", "A", "B", "C")
    photograph(study.images / unicodedata.normalize("NFD", "é.png"), seed=5)
    specimens, rejected = study.ingest()
    assert specimens["path"].tolist() == ["é.png"]
    assert rejected["reason"].tolist() == ["not_in_meta"]
    assert "another Unicode form" in rejected["detail"][0]


def test_backslashes_separate_folders(study):
    photograph(study.images / "a" / "1.png")
    study.rows.append("a\\1.png,A,B,C")
    assert study.ingest()[0]["id"].tolist() == ["a/1.png"]


def test_a_name_as_a_web_page_writes_it_finds_its_file(study):
    photograph(study.images / "a b.png")
    study.rows.append("a%20b.png,A,B,C")
    assert study.ingest()[0]["id"].tolist() == ["a b.png"]


def test_links_to_folders_are_followed_but_never_in_circles(study, tmp_path):
    photograph(tmp_path / "elsewhere" / "1.png")
    (study.images / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(study.images)
    (study.images / "self").symlink_to(study.images / "self")
    study.rows.append("linked/1.png,A,B,C")
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["linked/1.png"]
    assert reasons(rejected) == {"linked/back": "not_an_image", "self": "not_an_image"}


def test_specimens_come_from_the_column_then_the_pattern_then_the_id(tmp_path):
    study = Study(tmp_path, header="filename,family,genus,species,specimen")
    study.add("x7_1.png", "A", "B", "C", "S1")
    study.add("x7_2.png", "A", "B", "C", "")
    study.add("other.png", "A", "B", "C", "")
    specimens, _ = study.ingest(specimen_pattern=r"(?P<specimen>x\d+)_")
    assert dict(zip(specimens["id"], specimens["specimen"], strict=True)) == {
        "other.png": "other.png",
        "x7_1.png": "S1",
        "x7_2.png": "x7",
    }
    with pytest.raises(ValueError, match=r"has no group \(\?P<specimen>"):
        study.ingest(specimen_pattern="x")


# --- rejected rows and files -------------------------------------------------------------------


def test_files_that_cannot_be_used_are_rejected_with_their_reason(study):
    for name in ("good.png", "cut.png", "large.png"):
        study.add(name, "A", "B", "C")
    photograph(study.images / "large.png", size=(101, 103))
    whole = (study.images / "cut.png").read_bytes()
    (study.images / "cut.png").write_bytes(whole[:-30])
    for name in ("empty.jpg", "text.jpg"):
        (study.images / name).write_text("text" if name == "text.jpg" else "")
        study.rows.append(f"{name},A,B,C")
    study.rows += ["lost.jpg,A,B,C", "GOOD.png,A,B,C", "broken.jpg,A,B,C"]
    (study.images / "broken.jpg").symlink_to(study.images / "nowhere.jpg")
    specimens, rejected = study.ingest(max_pixels=10_000)
    assert specimens["id"].tolist() == ["good.png"]
    assert reasons(rejected) == {
        "GOOD.png": "missing_file",
        "broken.jpg": "missing_file",
        "cut.png": "truncated",
        "empty.jpg": "empty_file",
        "large.png": "too_many_pixels",
        "lost.jpg": "missing_file",
        "text.jpg": "unreadable",
    }
    assert rejected["file"].tolist() == sorted(rejected["file"])
    assert details(rejected)["empty.jpg"] == "line 5: 0 bytes"
    assert details(rejected)["GOOD.png"] == (
        "line 8: no such file; 'good.png' differs only in upper and lower case"
    )


def test_files_that_no_row_names_are_rejected(study):
    photograph(study.images / "extra.PNG")
    photograph(study.images / ".hidden.png")
    photograph(study.images / "__MACOSX" / "a.png")
    photograph(study.images / "A" / "@eaDir" / "a.png" / "SYNOPHOTO_THUMB_M.png")
    (study.images / "Thumbs.db").touch()
    (study.images / "a.gif").touch()
    (study.images / "noextension").touch()
    os.mkfifo(study.images / "pipe.jpg")
    _, rejected = study.ingest()
    assert reasons(rejected) == {
        ".hidden.png": "not_an_image",
        "A/@eaDir/a.png/SYNOPHOTO_THUMB_M.png": "not_an_image",
        "Thumbs.db": "not_an_image",
        "__MACOSX/a.png": "not_an_image",
        "a.gif": "not_an_image",
        "extra.PNG": "not_in_meta",
        "noextension": "not_an_image",
        "pipe.jpg": "not_an_image",
    }


def test_a_file_name_that_is_not_utf8_is_rejected_and_shown_escaped(study):
    (study.images / os.fsdecode(b"\xe9.jpg")).touch()
    _, rejected = study.ingest()
    assert rejected.to_numpy().tolist() == [["\\xe9.jpg", "not_in_meta", "its name is not UTF-8"]]


def test_rows_without_labels_or_a_usable_name_are_rejected(study):
    study.add("bare.png", "", "NA", "")
    outside = ["/data/a.png", "../a.png", "b/../../a.png", "..\\a.png", "C:\\a.png", "\\\\s\\a.png"]
    study.rows += [",A,B,C", *(f"{name},A,B,C" for name in outside), "b/../bare.png,A,B,C"]
    _, rejected = study.ingest()
    assert reasons(rejected.iloc[:-2]) == {"": "no_filename"} | dict.fromkeys(
        outside, "outside_folder"
    )
    # ./bare.png is found: the two rows name one file, with other labels
    assert rejected.iloc[-2:]["reason"].tolist() == ["conflicting_rows"] * 2
    study.rows.pop()
    assert reasons(study.ingest()[1])["bare.png"] == "no_labels"


def test_a_repeated_row_is_rejected_once_its_labels_agree(study):
    study.add("a.png", "A", "B", "C")
    study.rows.append("a.png,A,B,C")
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["a.png"]
    assert rejected.to_numpy().tolist() == [
        ["a.png", "repeated_row", "line 3: line 2 names the same file"]
    ]


def test_rows_that_disagree_about_a_file_are_all_rejected(study):
    study.add("a.png", "A", "B", "C")
    study.rows += ["a.png,A,B,C", "a.png,A,B,"]
    specimens, rejected = study.ingest()
    assert specimens.empty
    assert rejected["reason"].tolist() == ["conflicting_rows"] * 3
    assert rejected["detail"].tolist() == [
        "line 2: line 4 names the same file, but species is 'C' here and empty there",
        "line 3: line 4 names the same file, but species is 'C' here and empty there",
        "line 4: line 2 names the same file, but species is empty here and 'C' there",
    ]


def test_of_identical_files_with_the_same_labels_the_first_by_id_stays(tmp_path):
    study = Study(tmp_path, header="filename,family,genus,species,specimen,split")
    study.add("c.png", "A", "B", "C", "s1", "train", seed=1)
    study.add("a.png", "A", "B", "C", "s2", "train", seed=1)
    study.add("b.png", "A", "B", "C", "s2", "test", seed=1)
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["a.png"]
    assert rejected.to_numpy().tolist() == [
        ["b.png", "duplicate",
         "line 4: same content as a.png; split is 'test' here and 'train' there"],
        ["c.png", "duplicate",
         "line 2: same content as a.png; specimen is 's1' here and 's2' there"],
    ]  # fmt: skip


def save_again(study, name, as_name, *labels, **options):
    with Image.open(study.images / name) as image:
        image.save(study.images / as_name, **options)
    study.rows.append(",".join([as_name, *labels]))


def test_the_same_pixels_in_other_files_are_duplicates(study):
    study.add("a.png", "A", "B", "C")
    save_again(study, "a.png", "b.tif", "A", "B", "C", compression="tiff_lzw")
    save_again(study, "a.png", "c.webp", "A", "B", "", lossless=True)
    specimens, rejected = study.ingest()
    assert specimens.empty
    assert details(rejected)["c.webp"].startswith("line 4: same pixels as a.png, but species is")
    (study.images / "c.webp").unlink()
    study.rows.pop()
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["a.png"]
    assert rejected[["file", "reason"]].to_numpy().tolist() == [["b.tif", "duplicate"]]
    assert rejected["detail"][0].startswith("line 3: same pixels as a.png; specimen is")


def test_pixels_are_compared_over_the_background_of_the_study(study):
    for name, colour in (("a.png", (9, 9, 9, 0)), ("b.png", (255, 255, 255, 255))):
        Image.new("RGBA", (3, 2), colour).save(study.images / name)
        study.rows.append(f"{name},A,B,C")
    assert len(study.ingest(background=(255, 255, 255))[0]) == 1
    assert len(study.ingest(background=(9, 9, 9))[0]) == 2


def test_small_and_elongated_images_are_rejected_with_both_sides(study):
    for name, size in (("a.png", (100, 2)), ("b.png", (100, 1)), ("c.png", (6, 300))):
        study.add(name, "A", "B", "C")
        photograph(study.images / name, size=size)
    specimens, rejected = study.ingest(min_side=2, max_aspect_ratio=49.9)
    assert specimens.empty
    assert details(rejected) == {
        "a.png": "line 2: 100 x 2 pixels; ingest.max_aspect_ratio allows 49.9 : 1",
        "b.png": "line 3: 100 x 1 pixels; ingest.min_side wants at least 2 a side",
        "c.png": "line 4: 6 x 300 pixels; ingest.max_aspect_ratio allows 49.9 : 1",
    }
    assert set(rejected["reason"]) == {"too_small", "too_elongated"}
    assert len(study.ingest(min_side=2, max_aspect_ratio=50)[0]) == 2


def test_how_an_image_was_read_is_kept_where_it_left_something_open(study):
    study.add("a.png", "A", "B", "C")
    Image.fromarray(np.array([[0, 4000]], "u2")).save(study.images / "b.tif")
    study.rows.append("b.tif,A,B,C")
    readings = study.ingest()[0].set_index("id")["reading"]
    assert readings.isna().tolist() == [True, False]
    assert readings["b.tif"] == "12 bits of the 16 bits are used: the largest value is 4000"


def test_lack_of_memory_stops_with_the_name_of_the_file(study, monkeypatch):
    def lacking(*_):
        raise MemoryError

    study.add("a.png", "A", "B", "C")
    monkeypatch.setattr("visgen.specimens.images.decode", lacking)
    with pytest.raises(MemoryError, match=r"a\.png: not enough memory"):
        study.ingest(workers=3)


def test_identical_files_with_different_labels_are_all_rejected(study):
    study.add("a.png", "A", "B", "C", seed=1)
    study.add("b.png", "A", "B", "C", seed=1)
    study.add("c.png", "A", "D", "E", seed=1)
    study.add("d.png", "A", "B", "C", seed=2)
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["d.png"]
    assert rejected["reason"].tolist() == ["conflicting_duplicate"] * 3
    assert rejected["detail"].tolist() == [
        "line 2: same content as c.png, but genus is 'B' here and 'D' there",
        "line 3: same content as c.png, but genus is 'B' here and 'D' there",
        "line 4: same content as a.png, but genus is 'D' here and 'B' there",
    ]


def test_the_rarer_placement_of_a_taxon_is_rejected(study):
    study.add("a.png", "Aidae", "Aus", "Aus bus")
    study.add("b.png", "Aidae", "Aus", "Aus cus")
    study.add("c.png", "Bidae", "Aus", "Aus dus")
    study.add("d.png", "", "Aus", "Aus bus")  # a gap contradicts nothing
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["a.png", "b.png", "d.png"]
    assert rejected.to_numpy().tolist() == [
        ["c.png", "contradictory_taxonomy",
         "line 4: genus 'Aus' is under family 'Bidae' in 1 of its rows, but 'Aidae' in 2"]
    ]  # fmt: skip
    assert len(study.ingest(contradictions="keep")[0]) == 4


def test_a_tie_of_placements_rejects_them_all(study):
    for name, family in zip("abcde", ["Aidae", "Aidae", "Bidae", "Bidae", "Cidae"], strict=True):
        study.add(f"{name}.png", family, "Aus", f"Aus {name}")
    study.add("f.png", "Aidae", "Fus", "Fus fus")
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["f.png"]
    assert set(rejected["reason"]) == {"contradictory_taxonomy"}
    assert details(rejected)["a.png"].endswith("but 'Cidae' in 1, 'Bidae' in 2 (a tie)")


def test_finer_contradictions_are_judged_on_the_rows_that_are_left(study):
    # Aus stands in two families, so its two rows under Bidae go. Of the rows that are left,
    # more have the species x under Dus (3) than under Aus (2); of all rows, fewer (3 to 4).
    study.add("a.png", "Aidae", "Aus", "x")
    study.add("b.png", "Aidae", "Aus", "x")
    study.add("c.png", "Aidae", "Aus", "y")
    study.add("d.png", "Bidae", "Aus", "x")
    study.add("e.png", "Bidae", "Aus", "x")
    for name in "fgh":
        study.add(f"{name}.png", "Aidae", "Dus", "x")
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["c.png", "f.png", "g.png", "h.png"]
    assert details(rejected)["a.png"].startswith("line 2: species 'x' is under genus 'Aus' in 2")
    assert details(rejected)["d.png"].startswith("line 5: genus 'Aus' is under family 'Bidae' in 2")


def test_a_gap_between_does_not_hide_a_contradiction(study):
    study.add("a.png", "Aidae", "", "x")
    study.add("b.png", "Aidae", "", "x")
    study.add("c.png", "Bidae", "", "x")
    assert study.ingest()[0]["id"].tolist() == ["a.png", "b.png"]


def test_a_specimen_has_one_taxon_at_each_rank(tmp_path):
    study = Study(tmp_path, header="filename,family,genus,species,specimen")
    study.add("a.png", "A", "B", "C", "s1")
    study.add("b.png", "A", "B", "C", "s1")
    study.add("c.png", "A", "B", "D", "s1")
    study.add("d.png", "A", "B", "", "s1")
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["a.png", "b.png", "d.png"]
    assert rejected.to_numpy().tolist() == [
        ["c.png", "contradictory_specimen",
         "line 4: specimen 's1' is under species 'D' in 1 of its rows, but 'C' in 2"]
    ]  # fmt: skip
    assert len(study.ingest(contradictions="keep")[0]) == 4


@pytest.mark.parametrize(("other", "n"), [("mnhn_1", 1), ("MNHN  1", 0), ("MNHN 11", 0)])
def test_specimens_that_may_be_one_are_said(tmp_path, caplog, other, n):
    study = Study(tmp_path, header="filename,family,genus,species,specimen")
    study.add("a.png", "A", "B", "C", "MNHN 1")
    study.add("b.png", "A", "B", "C", other)
    study.ingest()
    assert caplog.text.count("blanks or underscores only (1), such as 'MNHN 1' and") == n


def test_splits_are_brought_to_three_words(tmp_path):
    study = Study(tmp_path, header="filename,family,genus,species,split")
    words = ["Train", "TRAINING", "val", "Valid", "validation", "Test.", "test set", "dev", ""]
    for i, word in enumerate(words):
        study.add(f"{i}.png", "A", "B", "C", word)
    specimens, rejected = study.ingest()
    assert specimens["split"].tolist()[:-1] == ["train"] * 2 + ["val"] * 3 + ["test"] * 2
    assert specimens["split"].isna().tolist() == [False] * 7 + [True]
    assert rejected.to_numpy().tolist() == [
        ["7.png", "unknown_split", "line 9: found split 'dev', expected train, val or test"],
    ]


def test_a_text_that_slipped_into_a_name_is_refused_with_its_beginning(study):
    study.add("a.png", "A", "B", "C" * 200)
    study.add("b.png", "A", "B", "D" * 3000)
    study.add(deep := "/".join(["c" * 80] * 3) + ".png", "A", "B", "C" * 200)
    specimens, rejected = study.ingest()
    assert specimens["id"].tolist() == ["a.png", deep]
    detail = f"line 3: species has 3,000 letters, expected at most 200: {'D' * 40!r}…"
    assert rejected.to_numpy().tolist() == [["b.png", "name_too_long", detail]]


def test_names_that_differ_in_case_are_one_taxon_and_no_contradiction(study):
    study.add("a.png", "Aidae", "Aus", "Aus bus")
    study.add("b.png", "AIDAE", "Aus", "Aus Bus")
    study.add("c.png", "Aidae", "aus", "Aus bus")
    specimens, rejected = study.ingest()
    assert specimens[RANKS].drop_duplicates().to_numpy().tolist() == [["Aidae", "Aus", "Aus bus"]]
    assert rejected.empty and len(specimens) == 3


@pytest.mark.parametrize(
    ("rows", "placed"),
    [
        pytest.param(["Cus bus"], ["Aidae", "Aus", "Aus bus"], id="genus of the new name"),
        pytest.param(
            ["Cus bus", "Aus bus"], ["Bidae", "Aus", "Aus bus"], id="place of the accepted name"
        ),
        pytest.param(["cus BUS"], ["Aidae", "Aus", "Aus bus"], id="in another case"),
    ],
)
def test_a_synonym_is_its_accepted_name_and_stands_where_that_does(study, rows, placed):
    for i, name in enumerate(rows):
        family = "Bidae" if name == "Aus bus" else "Aidae"
        study.add(f"{i}.png", family, name.split()[0], name)
    specimens, rejected = study.ingest(synonyms={"Cus bus": "Aus bus"})
    assert rejected.empty
    assert specimens[RANKS].to_numpy().tolist() == [placed] * len(rows)


def test_an_empty_split_column_counts_as_none(tmp_path):
    study = Study(tmp_path, header="filename,family,genus,species,split")
    study.add("a.png", "A", "B", "C", "")
    specimens, rejected = study.ingest()
    assert rejected.empty
    assert specimens["split"].isna().tolist() == [True]


def test_wrong_arguments_are_refused(study, tmp_path):
    with pytest.raises(ValueError, match="give either a table"):
        ingest(study.images, ranks=RANKS)
    with pytest.raises(ValueError, match="contradictions is 'drop'; expected 'reject' or 'keep'"):
        study.ingest(contradictions="drop")
    with pytest.raises(ValueError, match="workers is 0"):
        study.ingest(workers=0)
    study.images = tmp_path / "nowhere"
    with pytest.raises(NotADirectoryError, match="nowhere: no such folder of images"):
        study.ingest()


# --- properties on messy folders ---------------------------------------------------------------


def messy(folder, generator):
    """Write a random folder; return the rows of a random table of it."""

    def pick(*options):
        return options[generator.integers(len(options))]

    names = []
    for i in range(generator.integers(5, 40)):
        name = pick("", "sub/", "Süb/", ".h/") + pick("a", "B", "é", "x  y") + str(i // 2)
        name += pick(".png", ".PNG", ".jpg", ".jpg", ".txt", "")
        path = folder / pick(name, unicodedata.normalize("NFD", name))
        photograph(path, seed=generator.integers(12))
        kept = path.read_bytes()[: pick(None, None, None, None, 0, 7, -40)]
        path.write_bytes(kept)
        names.append(name)
    rows = []
    for _ in range(generator.integers(0, 60)):
        name = pick(*names, *names, "lost.png", "", "../a.png", "/b.png")
        name = pick(name, name, unicodedata.normalize("NFD", name), name.replace("/", "\\"))
        genus = pick("Aus", "Bus", "Cus", "")
        family = pick({"Aus": "Aidae", "Bus": "Bidae"}.get(genus, ""), "Aidae", "")
        rows.append([name, family, genus, pick("s1", "s2", "", ""), pick(*["train"] * 5, "dev")])
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_every_row_and_every_file_ends_in_exactly_one_table(tmp_path, seed):
    generator = np.random.default_rng(seed)
    images = tmp_path / "images"
    images.mkdir()
    rows = messy(images, generator)
    meta = pd.DataFrame(rows, columns=["filename", "family", "genus", "specimen", "split"])
    meta = meta.mask(meta == "").astype("str").assign(view=None, source=None)
    meta["line"] = pd.array(range(2, len(meta) + 2), dtype="Int64")
    options = {"ranks": ["family", "genus"], "contradictions": ["reject", "keep"][seed % 2]}
    specimens, rejected = ingest(images, meta=meta, workers=1, **options)

    def plain(name):
        return unicodedata.normalize("NFC", str(name)).replace("\\", "/")

    on_disk = [path.relative_to(images).as_posix() for path in images.rglob("*") if path.is_file()]
    named = {plain(row[0]) for row in rows}
    twice = [name for name in on_disk if plain(name) != name and plain(name) in on_disk]
    unnamed = [name for name in on_disk if plain(name) not in named and name not in twice]
    assert len(specimens) + len(rejected) == len(rows) + len(unnamed) + len(twice)

    lines = rejected["detail"].str.extract(r"^line (\d+): ")[0].dropna().astype(int)
    assert lines.is_unique
    assert len(lines) + len(specimens) == len(rows)
    shown = {plain(name) for name in [*specimens["id"], *rejected["file"]]}
    assert {plain(name) for name in on_disk} <= shown
    assert specimens["id"].is_unique
    assert specimens["id"].is_monotonic_increasing
    again = set(specimens["id"]) & set(rejected["file"])
    allowed = {"repeated_row", "not_in_meta"}  # a second row, or a second Unicode form
    assert set(rejected.loc[rejected["file"].isin(again), "reason"]) <= allowed
    assert rejected[["file", "reason", "detail"]].notna().all(axis=None)

    other = ingest(images, meta=meta, workers=3, **options)
    pd.testing.assert_frame_equal(specimens, other[0])
    pd.testing.assert_frame_equal(rejected, other[1])


def test_accepted_images_agree_with_each_other(tmp_path):
    generator = np.random.default_rng(3)
    study = Study(tmp_path, header="filename,family,genus,species,specimen")
    for i in range(300):
        labels = [f"{r}{generator.integers(n)}" for r, n in (("f", 2), ("g", 11), ("s", 97))]
        study.add(f"{i}.png", *labels, f"{i // 2}" if i < 20 else "", seed=i)
    specimens, rejected = study.ingest()
    assert len(specimens) > 10
    assert "contradictory_taxonomy" in set(rejected["reason"])
    for finer, coarser in (("genus", "family"), ("species", "family"), ("species", "genus")):
        assert specimens.groupby(finer)[coarser].nunique().max() == 1


# --- how much was rejected ---------------------------------------------------------------------


def test_share_counts_rows_and_not_files_that_no_row_names():
    specimens = pd.DataFrame({"id": ["a", "b", "c"]})
    others = pd.DataFrame({"file": ["e", "f"], "reason": ["not_in_meta", "not_an_image"]})
    rejected = pd.DataFrame({"file": ["d"], "reason": ["duplicate"], "detail": ["of a"]})
    rejected = pd.concat([rejected, others.assign(detail="x")])
    check_share(specimens, rejected, 0.25, n_rows=4)
    with pytest.raises(ValueError) as caught:
        check_share(specimens, rejected, 0.2, n_rows=4)
    assert str(caught.value) == (
        "1 of 4 rows were rejected (25.0%); ingest.max_rejected allows 20.0%\n"
        "  duplicate: 1\n"
        "    d: of a\n"
        "  not_an_image: 1\n"
        "    f: x\n"
        "  not_in_meta: 1\n"
        "    e: x\n"
        "All are listed in rejected.tsv. Correct the table or the folder, or raise "
        "ingest.max_rejected."
    )


def test_share_without_a_table_counts_images_that_the_pattern_does_not_fit():
    specimens = pd.DataFrame({"id": ["a", "b", "c"]})
    rejected = pd.DataFrame({"file": ["d", "e"], "reason": ["not_in_meta", "not_an_image"]})
    check_share(specimens, rejected.assign(detail="x"), 0.25)
    with pytest.raises(ValueError, match=r"1 of 4 files were rejected \(25\.0%\)"):
        check_share(specimens, rejected.assign(detail="x"), 0.2)


NOTHING = ["Unknown", "UNKNOWN", "NaN", "None", "null", "n/a", "#N/A", "not_classified", " NA "]
NOTHING += ["unidentified", "?", "-", "Indet.", "incertae sedis", "Incertae_sedis"]
NOTHING += ["Arcoida incertae sedis", "Unidentified bivalve", "Arcidae indet.", "Inc. sedis sp."]
NOTHING += [
    "N.A",
    "<NA>",
    "(null)",
    r"\N",
    "#N/D",
    "#WERT!",
    "---",
    "???",
    "\u2026",
    "-9999",
    "[empty]",
]
NOTHING += [
    "Undet.",
    "unid.",
    "not provided",
    "no-data",
    "Unbekannt",
    "ind\u00e9termin\u00e9",
    "\u672a\u77e5",
]
NOTHING += ["gen. nov.", "Gen. et sp. indet.", "sp.", "spp", "n. gen.", "Arca NA", "nan nan"]


@pytest.mark.parametrize("word", NOTHING)
def test_words_and_placeholders_that_say_nothing_are_gaps_in_any_case(tmp_path, word, caplog):
    caplog.set_level("INFO")
    table = write_table(tmp_path / "m.csv", f"a.jpg,{word},Arca,Arca noae")
    meta = read_meta(table, {}, RANKS)
    assert meta[RANKS].isna().to_numpy().tolist() == [[True, False, False]]
    assert f"column 'family': taken as gaps: {word!r} (1)" in caplog.text


@pytest.mark.parametrize(
    "name",
    ["Nanina", "Missulena", "Nullipora", "Unknownia", "Nana nana",
     "Arca sp. 1", "sp. 1", "species 2", "Arca cf. noae", "Arca indeterminata", "Arca sp.", "0"],
)  # fmt: skip
def test_names_that_begin_like_a_gap_are_names(tmp_path, name):
    meta = read_meta(write_table(tmp_path / "m.csv", f"a.jpg,{name},A,B"), {}, RANKS)
    assert meta["family"].tolist() == [name]


def test_a_study_without_any_image_is_stopped_whatever_the_limit():
    none = pd.DataFrame({"id": []})
    rejected = pd.DataFrame({"file": [""], "reason": ["no_filename"], "detail": ["x"]})
    with pytest.raises(ValueError, match=r"no image was accepted[\s\S]*\(no name\): x"):
        check_share(none, rejected, 1.0)
    with pytest.raises(ValueError, match="no image was accepted: 0 of 0 files"):
        check_share(none, rejected.iloc[:0], 1.0)


def test_many_rejections_are_counted_and_only_three_of_a_kind_are_shown():
    rejected = pd.DataFrame({"file": [*"abcde", "f"], "reason": ["y"] * 5 + ["x"], "detail": "d"})
    with pytest.raises(ValueError, match=r"y: 5\n    a: d\n    b: d\n    c: d\n  x: 1\n    f: d"):
        check_share(pd.DataFrame({"id": ["z"]}), rejected, 0.5)


# --- taxonomy and coverage ---------------------------------------------------------------------

SPECIMENS = pd.DataFrame(
    [
        ["Bidae", "Bus", "Bus a", "1"],
        ["Bidae", "Bus", "Bus a", "1"],
        ["Bidae", "Bus", None, "2"],
        ["Aidae", "Zus", "Zus b", "3"],
        ["Aidae", "Zus", "Zus c", "4"],
        ["Aidae", None, "Nus d", "5"],
        [None, "Cus", "Cus e", "6"],
    ],
    columns=[*RANKS, "specimen"],
    dtype="str",
)


def test_taxa_are_ordered_by_their_lineage_with_gaps_last():
    assert taxonomic_order(SPECIMENS, RANKS, "family") == ["Aidae", "Bidae"]
    assert taxonomic_order(SPECIMENS, RANKS, "genus") == ["Zus", "Bus", "Cus"]
    assert taxonomic_order(SPECIMENS, RANKS, "species") == [
        "Zus b", "Zus c", "Nus d", "Bus a", "Cus e"
    ]  # fmt: skip


def test_lineage_takes_the_commonest_taxon_above_and_no_gap():
    rows = [["A", "x"], ["B", "x"], ["B", "x"], [None, "x"], ["D", "y"], ["C", "y"], [None, "z"]]
    table = pd.DataFrame(rows, columns=["family", "genus"], dtype="str")
    above = lineage(table, ["family", "genus"], "genus")
    assert above["family"].dropna().to_dict() == {"x": "B", "y": "C"}
    assert above.index.tolist() == ["x", "y", "z"]
    with pytest.raises(ValueError, match="the rank 'tribe' is not one of"):
        lineage(table, ["family", "genus"], "tribe")


def test_coverage_counts_by_taxon_and_sums_over_members():
    table = coverage(
        SPECIMENS, RANKS, {"Zus", "Cus", "Yus"}, "genus", {"Bus_a": 5, "Zus b": 2, "Q q": 7},
        "species",
    )  # fmt: skip
    found = table.astype("object").where(table.notna(), None).to_numpy().tolist()
    assert found == [
        ["family", "Aidae", None, 3, 3, 2, True],
        ["family", "Bidae", None, 3, 2, 5, False],
        ["genus", "Zus", "Aidae", 2, 2, 2, True],
        ["genus", "Bus", "Bidae", 3, 2, 5, False],
        ["genus", "Cus", None, 1, 1, 0, True],
        ["species", "Zus b", "Zus", 1, 1, 2, None],
        ["species", "Zus c", "Zus", 1, 1, 0, None],
        ["species", "Nus d", None, 1, 1, 0, None],
        ["species", "Bus a", "Bus", 2, 1, 5, None],
        ["species", "Cus e", "Cus", 1, 1, 0, None],
    ]
    assert list(table) == [
        "rank", "taxon", "parent", "n_images", "n_specimens", "n_sequences", "in_tree"
    ]  # fmt: skip


def test_coverage_without_tree_and_sequences_is_null_there():
    table = coverage(SPECIMENS, RANKS, None, None, None, None)
    assert table[["n_sequences", "in_tree"]].isna().all(axis=None)
    with pytest.raises(ValueError, match="the rank of the tips is None"):
        coverage(SPECIMENS, RANKS, {"Zus"}, None, None, None)


def test_ranks_are_summarised_with_their_imbalance():
    sizes = [1, 1, 2, 4]
    taxa = pd.DataFrame({"rank": "genus", "taxon": [*"abcd"], "n_images": sizes})
    row = summarise_ranks(taxa, n_images=11).iloc[0]
    assert row[["rank", "n_taxa", "n_images", "n_unlabelled"]].tolist() == ["genus", 4, 8, 3]
    assert row[["min_images", "median_images", "max_images"]].tolist() == [1, 1.5, 4]
    assert row[["imbalance", "largest_share"]].tolist() == [4, 0.5]
    # entropy of (1/8, 1/8, 1/4, 1/2) is 1.75 bits
    assert row["effective_taxa"] == pytest.approx(2**1.75)
    differences = sum(abs(a - b) for a in sizes for b in sizes)
    assert row["gini"] == pytest.approx(differences / (2 * 4 * sum(sizes)))


def test_summary_of_even_taxa_has_no_imbalance():
    taxa = pd.DataFrame({"rank": "genus", "taxon": [*"abc"], "n_images": [7, 7, 7]})
    row = summarise_ranks(taxa, n_images=21).iloc[0]
    assert row["imbalance"] == 1
    assert row["effective_taxa"] == pytest.approx(3)
    assert row["gini"] == pytest.approx(0)


def test_progress_goes_to_standard_error(study, capsys):
    study.add("a.png", "A", "B", "C")
    study.ingest()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "1/1" in captured.err


def test_an_epithet_that_says_nothing_by_itself_makes_a_name(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("filename,genus,ep\na,Arca,sp. nov.\nb,Arca,NA\nc,Arca,noae\nd,Arca,sp.\n")
    meta = read_meta(path, {"species": ["genus", "ep"]}, ["genus", "species"], ["Arca sp."])
    assert meta["species"].fillna("").tolist() == ["Arca sp. nov.", "", "Arca noae", ""]
