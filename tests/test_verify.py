import zipfile

import pandas as pd
import pytest
from visgen.metrics import metrics_table
from visgen.publishing.archive import write_archive
from visgen.verify.__main__ import main
from visgen.verify.checksums import check_files
from visgen.verify.comparing import differing_rows
from visgen.verify.unpacking import unpacked

SCORES = metrics_table(
    [
        {"experiment": "classification", "rank": rank, "seed": seed, "metric": "accuracy"}
        | {"value": 0.5, "n": 7}
        for rank in ("genus", "species")
        for seed in (1, 2)
    ]
)


def test_equal_scores_do_not_differ_in_whatever_order():
    assert differing_rows("scores.tsv", SCORES, SCORES[::-1]).empty


def test_one_changed_number_is_found_with_its_row():
    again = SCORES.copy()
    again.loc[2, "value"] = 0.5000001
    (row,) = differing_rows("scores.tsv", SCORES, again).to_dict("records")
    assert (row["rank"], row["seed"], row["metric"], row["column"]) == (
        *("species", "1", "accuracy"),
        "value",
    )
    assert (row["archived"], row["recomputed"]) == ("0.5", "0.5000001")


def test_a_gap_is_a_difference_and_rounding_is_none():
    gap = SCORES.assign(value=[0.5, None, 0.5, 0.5])
    assert differing_rows("scores.tsv", SCORES, gap)["recomputed"].tolist() == [""]
    assert differing_rows("scores.tsv", SCORES, SCORES.assign(value=0.5 + 1e-13)).empty


def test_a_row_on_one_side_only_is_named():
    found = differing_rows("scores.tsv", SCORES, SCORES[:3])
    assert found[["rank", "seed", "column", "archived"]].to_numpy().tolist() == [
        ["species", "2", "row", "there"]
    ]
    assert differing_rows("scores.tsv", SCORES[:3], SCORES)["recomputed"].tolist() == ["there"]


def test_rows_with_the_same_labels_are_held_against_each_other_in_their_order():
    twice = pd.concat([SCORES[:1], SCORES[:1].assign(value=0.25)])
    assert differing_rows("scores.tsv", twice, twice).empty
    assert len(differing_rows("scores.tsv", twice, twice[::-1])) == 2


def test_files_that_changed_are_missing_or_are_not_listed_are_told_apart(tmp_path):
    write_archive(tmp_path / "a.zip", {"one": b"1", "two": b"2", "in/three": b"3"})
    with unpacked(tmp_path / "a.zip") as folder:
        assert check_files(folder).hold
        (folder / "one").write_bytes(b"0")
        (folder / "two").unlink()
        (folder / "in/four").write_bytes(b"4")
        (folder / ".venv").mkdir()
        (folder / ".venv/python").write_bytes(b"")
        found = check_files(folder)
    assert found == (3, ["one"], ["two"], ["in/four"]) and not found.hold


def test_an_archive_whose_names_leave_the_folder_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../out", "")
    with pytest.raises(ValueError, match="expected a path inside it"), unpacked(tmp_path / "a.zip"):
        pass


def test_what_is_no_archive_is_said_in_a_line(tmp_path, capsys):
    write_archive(tmp_path / "a.zip", {"one": b"1"})
    assert main([str(tmp_path / "none.zip")]) == 2
    assert main([str(tmp_path / "a.zip")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert "none.zip: expected an archive of a study" in said[0]
    assert "config.filled.yaml: not found" in said[1]
