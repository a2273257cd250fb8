import numpy as np
import pandas as pd
from visgen.naming.recurring import in_study, labelled_pictures

PICTURES = pd.DataFrame(
    [("a.png", "1a", "A"), ("b.png", "2b", "A"), ("c.png", "3c", "C"), ("d.png", "3c", "D")],
    columns=["id", "sha256", "specimen"],
    dtype="str",
)


def photographs(*rows):
    return pd.DataFrame(rows, np.arange(len(rows)) + 7, columns=["sha256", "specimen"], dtype="str")


def test_pictures_are_those_of_labelled_specimens():
    images = pd.DataFrame({"id": ["c", "a", "b"], "sha256": ["3", "1", "2"], "width": 5})
    specimens = pd.Series({"b": "B", "c": "A", "a": "A"})
    found = labelled_pictures(images, specimens, pd.Index(["A"]))
    assert found.to_numpy().tolist() == [["a", "1", "A"], ["c", "3", "A"]]
    assert list(found) == list(PICTURES)


def test_a_file_is_known_whatever_it_is_called_and_a_specimen_by_its_name():
    asked = photographs(("2b", "x"), ("9", "C"), ("9", "x"), ("2b", "C"), ("3c", "y"))
    found = in_study(asked, PICTURES)
    assert found.index.equals(asked.index)
    assert found.fillna("").to_numpy().tolist() == [
        ["b.png", "A"],
        ["c.png", "C"],
        ["", ""],
        ["b.png", "A"],  # the file says more than the name
        ["c.png", "C"],  # of two labelled images with the same bytes, the first
    ]


def test_without_pictures_nothing_is_known():
    for pictures in (None, PICTURES[:0]):
        found = in_study(photographs(("2b", "x"), ("9", "C")), pictures)
        assert found.shape == (2, 2) and found.isna().all(axis=None)
