import os

from visgen.specimens.inventory import inventory


def test_a_new_a_changed_and_a_touched_file_are_noticed_and_nothing_else(tmp_path):
    folder = tmp_path / "drawer"
    (folder / "tray").mkdir(parents=True)
    (folder / "tray" / "one.png").write_bytes(b"one")
    first = inventory(folder)
    assert inventory(folder) == first and len(first) == 64
    (folder / "two.png").write_bytes(b"two")
    second = inventory(folder)
    (folder / "two.png").write_bytes(b"more")
    third = inventory(folder)
    os.utime(folder / "two.png", ns=(7, 7))
    fourth = inventory(folder)
    (folder / "two.png").unlink()
    assert len({first, second, third, fourth}) == 4
    assert inventory(folder) == first


def test_links_are_followed_and_those_that_go_round_or_nowhere_do_no_harm(tmp_path):
    folder, elsewhere = tmp_path / "drawer", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "tray").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    (folder / "gone.png").symlink_to(tmp_path / "nothing.png")
    before = inventory(folder)
    (elsewhere / "new.png").write_bytes(b"new")
    assert inventory(folder) != before
