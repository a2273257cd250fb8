import hashlib
import os

import pytest
from visgen.specimens.inventory import inventory


@pytest.fixture
def drawer(tmp_path):
    """Return a folder of two files, and a function that takes its inventory."""
    folder = tmp_path / "drawer"
    (folder / "tray").mkdir(parents=True)
    (folder / "tray" / "one.png").write_bytes(b"one")
    (folder / "two.png").write_bytes(b"two")
    os.utime(folder / "two.png", ns=(7, 7))
    return folder, lambda: inventory(folder, tmp_path / "kept" / "cache", tmp_path / "images.tsv")


def ingest(folder):
    """Leave the table that an ingest leaves."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    rows = [
        f"{path.relative_to(folder)}\t{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for path in files
    ]
    (folder.parent / "images.tsv").write_text("path\tsha256\n" + "".join(rows))


def test_new_other_and_lost_files_are_noticed(drawer):
    folder, take = drawer
    digests = [take()]
    assert take() == digests[0] and len(digests[0]) == 64
    ingest(folder)
    for change in (
        lambda: (folder / "three.png").write_bytes(b"three"),
        lambda: (folder / "three.png").write_bytes(b"other"),
        lambda: (folder / "two.png").write_bytes(b"owt"),
        lambda: [
            (folder / "two.png").write_bytes(b"more"),
            os.utime(folder / "two.png", ns=(7, 7)),
        ],
        lambda: [(folder / "two.png").write_bytes(b"2"), os.utime(folder / "two.png", ns=(7, 7))],
        lambda: (folder / "two.png").rename(folder / "tray" / "two.png"),
        lambda: (folder / "tray" / "two.png").unlink(),
    ):
        change()
        digests.append(take())
        assert take() == digests[-1]
    assert len(set(digests)) == 8


def test_a_new_date_of_what_was_ingested_is_no_change_again_and_again(drawer):
    folder, take = drawer
    first = take()
    ingest(folder)
    for time in (3, 4):
        os.utime(folder / "two.png", ns=(time, time))
        assert take() == first
    (folder / "two.png").write_bytes(b"owt")
    os.utime(folder / "two.png", ns=(4, 5))
    assert take() != first


def test_what_was_never_ingested_is_judged_by_its_date(drawer):
    folder, take = drawer
    first = take()
    os.utime(folder / "two.png", ns=(3, 3))
    assert take() != first


def test_a_content_that_comes_back_is_not_taken_for_the_one_between(drawer):
    folder, take = drawer
    take()
    ingest(folder)  # of "two"
    (folder / "two.png").write_bytes(b"owt")
    os.utime(folder / "two.png", ns=(8, 8))
    take()  # never ingested
    (folder / "two.png").write_bytes(b"two")
    restored = take()
    ingest(folder)
    (folder / "two.png").write_bytes(b"owt")
    os.utime(folder / "two.png", ns=(8, 8))
    assert take() != restored


def test_a_folder_that_moves_is_the_same(drawer, tmp_path):
    folder, take = drawer
    first = take()
    moved = folder.rename(tmp_path / "elsewhere")
    assert inventory(moved, tmp_path / "kept" / "cache", tmp_path / "images.tsv") == first
    assert inventory(moved, tmp_path / "new", tmp_path / "images.tsv") == first


def test_links_are_followed_and_those_that_go_round_or_nowhere_do_no_harm(drawer, tmp_path):
    folder, take = drawer
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "trays").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    (folder / "gone.png").symlink_to(tmp_path / "nothing.png")
    before = take()
    (elsewhere / "new.png").write_bytes(b"new")
    assert take() != before


def test_names_of_any_bytes_are_listed(drawer):
    folder, take = drawer
    for name in (b"line\nbreak.png", b"tab\t1.png", b"latin\xe9.png"):
        (folder / os.fsdecode(name)).write_bytes(b"x")
    first = take()
    assert take() == first
    os.utime(folder / os.fsdecode(b"latin\xe9.png"), ns=(1, 1))
    assert take() != first
