import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visgen.naming import __main__ as command
from visgen.naming import photographs
from visgen.naming.answering import Asked
from visgen.naming.opening import open_model
from visgen.naming.photographs import IMAGE_COLUMNS, chunks_of, name_photographs
from visgen.specimens.unnamed import ingest_unnamed
from visgen.tables import read_table

GOLDEN = Path(__file__).parent / "golden/naming-1"
#: As tests/golden/make_naming.py asked for its tables.
AS_GOLDEN = ["--specimen-pattern", r"(?P<specimen>\w)_\d", "--confidence", "0.8"]
AS_GOLDEN += ["--false-flags", "0.1", "--workers", "1"]


def name(*arguments, model="classification"):
    command.main([str(GOLDEN / model), *map(str, arguments)])


def tables(folder):
    return {path.stem: read_table(path) for path in sorted(folder.iterdir())}


def picture(path, seed, size=(32, 32)):
    """Draw a disc of a colour on white."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[1], : size[0]]
    disc = ((x - size[0] / 2) ** 2 + (y - size[1] / 2) ** 2 < 130)[..., None]
    pixels = np.where(disc, rng.integers(0, 200, 3), 250) + rng.integers(0, 5, (*size[::-1], 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


@pytest.fixture
def drawer(tmp_path):
    """Return a folder of eleven photographs: specimens of one to three, one in a folder."""
    for i, name in enumerate(["a_1", "a_2", "a_3", "b_1", "c_1", "c_2", "d_1", "e_1", "sub/f_1"]):
        picture(tmp_path / f"drawer/{name}.png", i)
    picture(tmp_path / "drawer/small.png", 11, size=(17, 13))
    Image.new("RGB", (32, 32), "white").save(tmp_path / "drawer/b_2.png")
    return tmp_path / "drawer"


# --- chunks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([1], [1]),
        ([7], [7]),
        ([11], [11]),
        ([3, 4], [7]),
        ([3, 5], [3, 5]),
        ([1, 1, 1, 1, 1, 1, 1, 1], [7, 1]),
        ([2, 13, 2, 5], [2, 13, 7]),
        ([13, 1], [13, 1]),
        ([6, 2, 5, 1, 7], [6, 7, 1, 7]),
    ],
)
def test_chunks_hold_whole_specimens_in_their_order(monkeypatch, sizes, expected):
    monkeypatch.setattr(photographs, "CHUNK", 7)
    table = pd.DataFrame({"specimen": np.repeat(list("abcdefgh")[: len(sizes)], sizes)})
    chunks = list(chunks_of(table))
    assert [len(chunk) for chunk in chunks] == expected
    pd.testing.assert_frame_equal(pd.concat(chunks), table)
    specimens = [set(chunk["specimen"]) for chunk in chunks]
    assert sum(map(len, specimens)) == len(set().union(*specimens))


def test_chunks_are_what_a_loop_makes(monkeypatch):
    monkeypatch.setattr(photographs, "CHUNK", 13)
    rng = np.random.default_rng(1)
    for _ in range(29):
        sizes = rng.choice([1, 1, 2, 3, 5, 17], rng.integers(1, 23))
        table = pd.DataFrame(
            {"specimen": [f"{i:02d}" for i in np.repeat(range(len(sizes)), sizes)]}
        )
        expected = []
        for size in sizes:
            if expected and expected[-1] + size <= 13:
                expected[-1] += size
            else:
                expected.append(size)
        assert [len(chunk) for chunk in chunks_of(table)] == expected


# --- naming ------------------------------------------------------------------------------------


def named(drawer, folder, chunk, monkeypatch, store=None, pictures=None):
    monkeypatch.setattr(photographs, "CHUNK", chunk)
    folder.mkdir()
    accepted, _ = ingest_unnamed(drawer, specimen_pattern=AS_GOLDEN[1], workers=1)
    opened = open_model(GOLDEN / "prior", workers=1)
    model = opened.model if pictures is None else opened.model._replace(pictures=pictures)
    made = {which: folder / f"{which}.tsv" for which in ("specimens", "images")}
    asked = Asked(0.8, 0.1, None)
    name_photographs(accepted, drawer, model, opened.looking, asked, opened.usual, made, store)
    return tables(folder)


def assert_same(found, expected, rel=1e-3):
    assert list(found) == list(expected)
    for which, table in found.items():
        pd.testing.assert_frame_equal(table, expected[which], rtol=rel, atol=1e-3)


@pytest.mark.parametrize("chunk", [1, 5])
def test_in_chunks_all_are_named_as_in_one_go(drawer, tmp_path, monkeypatch, chunk):
    whole = named(drawer, tmp_path / "whole", 1024, monkeypatch)
    assert whole["specimens"]["specimen"].tolist() == [*"abcdef", "small.png"]
    assert whole["specimens"]["n_images"].tolist() == [3, 2, 2, 1, 1, 1, 1]
    assert list(whole["images"]) == IMAGE_COLUMNS
    assert_same(named(drawer, tmp_path / "parts", chunk, monkeypatch), whole)


def test_what_the_study_already_has_is_marked(drawer, tmp_path, monkeypatch):
    accepted, _ = ingest_unnamed(drawer, specimen_pattern=AS_GOLDEN[1], workers=1)
    digest = accepted.set_index("id")["sha256"]
    rows = [("own.png", digest["a_2.png"], "s1"), ("x.png", "0", "d")]
    pictures = pd.DataFrame(rows, columns=["id", "sha256", "specimen"], dtype="str")
    found = named(drawer, tmp_path / "out", 5, monkeypatch, pictures=pictures)
    marked = {
        which: table.set_index(table.columns[0])["in_study"] for which, table in found.items()
    }
    assert marked["images"].dropna().to_dict() == {"a_2.png": "own.png", "d_1.png": "x.png"}
    assert marked["specimens"].dropna().to_dict() == {"a": "s1", "d": "d"}


def test_what_was_seen_before_is_not_looked_at_again(drawer, tmp_path, monkeypatch):
    first = named(drawer, tmp_path / "first", 5, monkeypatch, tmp_path / "store")
    kept = {path: path.read_bytes() for path in (tmp_path / "store").rglob("*.*")}
    assert kept
    monkeypatch.setattr("visgen.features.extraction.forward", None)
    again = named(drawer, tmp_path / "again", 1024, monkeypatch, tmp_path / "store")
    assert_same(again, first)
    assert kept == {path: path.read_bytes() for path in (tmp_path / "store").rglob("*.*")}


def test_the_oddities_of_a_specimen_are_those_of_its_images_each_once(drawer, tmp_path):
    picture(drawer / "d_2.png", 21, size=(19, 13))
    picture(drawer / "d_3.png", 22, size=(17, 13))
    name(drawer, tmp_path / "out", *AS_GOLDEN)
    found = tables(tmp_path / "out")
    words = found["images"].set_index("id")["oddities"].fillna("").str.split()
    assert "tiny" in words["d_2.png"] and "tiny" in words["d_3.png"] and "flat" in words["b_2.png"]
    specimens = found["specimens"].set_index("specimen")["oddities"].fillna("").str.split()
    for specimen, own in found["images"].groupby("specimen"):
        expected = [word for image in own["id"] for word in words[image]]
        assert specimens[specimen] == list(dict.fromkeys(expected))


# --- what can occur ----------------------------------------------------------------------------


def test_a_list_of_what_can_occur_counts_for_candidates_too(tmp_path):
    path = tmp_path / "here.csv"
    path.write_text("taxon\nG0\nG3 t1\nnobody\n")
    opened = open_model(GOLDEN / "prior", restrict=path, workers=1)
    whole = open_model(GOLDEN / "prior", workers=1)
    names = opened.model.lineages.names
    assert set(names[opened.allowed]["genus"]) == {"G0"} and opened.unknown == ["nobody"]
    assert list(opened.model.candidates.names) == ["G0 t0", "G3 t1"]  # a tip, of a genus listed
    assert list(whole.model.candidates.names) == ["G0 t0", "G3 t1", "G4 t2"]
    np.testing.assert_array_equal(opened.model.candidates.far, whole.model.candidates.far[:2])
    assert whole.allowed is None and whole.unknown == []
    path.write_text("taxon\nG1\n")
    assert open_model(GOLDEN / "prior", restrict=path, workers=1).model.candidates is None


def test_a_list_of_candidates_alone_leaves_nothing_to_name(tmp_path):
    path = tmp_path / "here.csv"
    path.write_text("taxon\nG3 t1\n")
    with pytest.raises(ValueError, match=r"here.csv: none of its 1 taxa is of this study: .*G3 t1"):
        open_model(GOLDEN / "prior", restrict=path, workers=1)


# --- the command -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["classification", "prior", "network"])
def test_golden_pictures_get_the_names_that_they_got(tmp_path, kind, capsys):
    name(GOLDEN / "images", tmp_path / "out", *AS_GOLDEN, model=kind)
    expected = {
        which: read_table(GOLDEN / kind / f"expected_{which}.tsv")
        for which in ("images", "rejected", "specimens")
    }
    assert_same(tables(tmp_path / "out"), expected)
    assert "specimens.tsv: 3 specimens" in capsys.readouterr().out


def test_every_file_is_in_the_table_of_images_or_of_rejected_ones(drawer, tmp_path):
    (drawer / "broken.png").write_bytes((drawer / "a_1.png").read_bytes()[:40])
    (drawer / "notes.txt").write_text("x")
    shutil.copy(drawer / "a_1.png", drawer / "zz.png")
    name(drawer, tmp_path / "out", *AS_GOLDEN)
    found = tables(tmp_path / "out")
    assert list(found) == ["images", "rejected", "specimens"]
    files = [path.relative_to(drawer).as_posix() for path in drawer.rglob("*.*")]
    assert sorted([*found["images"]["id"], *found["rejected"]["file"]]) == sorted(files)
    assert dict(zip(found["rejected"]["file"], found["rejected"]["reason"], strict=True)) == {
        "broken.png": "unreadable",
        "notes.txt": "not_an_image",
        "zz.png": "duplicate",
    }


def test_a_table_says_what_is_known_of_photographs(drawer, tmp_path):
    meta = tmp_path / "meta.csv"
    meta.write_text("filename,specimen,view,source,place\na_1.png,x,dorsal,me,Sylt\nb_1.png,x,,,\n")
    name(drawer, tmp_path / "out", "--meta", meta)
    images = tables(tmp_path / "out")["images"].set_index("id")
    assert images.loc["a_1.png", ["specimen", "view", "source", "locality"]].tolist() == [
        *("x", "dorsal", "me", "Sylt")
    ]
    assert images.loc["b_1.png", "specimen"] == "x" and images["locality"].notna().sum() == 1
    assert images.loc["c_1.png", "specimen"] == "c_1.png"


def test_names_can_be_restricted(drawer, tmp_path, capsys):
    listed = tmp_path / "list.csv"
    listed.write_text("taxon,place\nG2,Sylt\nG0 s1,Föhr\nNobody,Sylt\n")
    name(drawer, tmp_path / "out", *AS_GOLDEN, "--restrict", listed, "--place", "sylt")
    found = tables(tmp_path / "out")["specimens"]
    assert set(found["genus"]) == {"G2"}
    assert found["ruled_out"].between(0, 1).all() and (found["ruled_out"] > 0).any()
    assert "not of this study: Nobody" in capsys.readouterr().err


def test_a_place_needs_a_list(drawer, tmp_path, capsys):
    with pytest.raises(SystemExit):
        name(drawer, tmp_path / "out", "--place", "Sylt")
    assert "--place says which rows of --restrict count" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="found no file; expected photographs"):
        name(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(NotADirectoryError):
        name(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "empty/a.png").touch()
    with pytest.raises(ValueError, match=r"no photograph was accepted[\s\S]*empty_file: 1"):
        name(tmp_path / "empty", tmp_path / "out")
    assert list(tables(tmp_path / "out")) == ["rejected"]


def test_no_model_is_one_line_and_an_exit_status(drawer, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["naming", *map(str, (tmp_path, drawer, tmp_path / "out"))])
    monkeypatch.delitem(sys.modules, "visgen.naming.__main__")
    with pytest.raises(SystemExit) as left:
        runpy.run_module("visgen.naming", run_name="__main__")
    # Python prints what is no number, and leaves with the status 1.
    assert left.value.code.startswith(f"visgen.naming: {tmp_path}: found no naming model")
    assert "\n" not in left.value.code and not (tmp_path / "out").exists()


def test_a_model_without_its_study_needs_nothing_else(drawer, tmp_path, monkeypatch):
    shutil.copytree(GOLDEN / "prior", tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    command.main(["elsewhere", "drawer", "out", *AS_GOLDEN])
    assert len(tables(tmp_path / "out")["specimens"]) == 7
