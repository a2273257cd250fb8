import errno
import json
import os
import resource
import time

import pytest
from visgen.machine.recipes import recipe_folder, whole_file, write_whole

HOUR = 3600


def test_the_same_recipe_is_the_same_folder_whatever_its_order(tmp_path):
    first = recipe_folder(tmp_path, {"model": "m", "mean": [0.5, 0.25]})
    assert recipe_folder(tmp_path, {"mean": (0.5, 0.25), "model": "m"}) == first
    assert json.loads((first / "recipe.json").read_text()) == {"model": "m", "mean": [0.5, 0.25]}


def test_another_recipe_is_another_folder(tmp_path):
    folders = {recipe_folder(tmp_path, {"model": "m", "seed": seed}) for seed in (1, 2, 3)}
    assert len(folders) == 3


@pytest.mark.parametrize("torn", [b"", b"{"])
def test_a_recipe_that_was_not_written_whole_is_written_again(tmp_path, torn):
    told = recipe_folder(tmp_path, {"model": "m"}) / "recipe.json"
    told.write_bytes(torn)
    recipe_folder(tmp_path, {"model": "m"})
    assert json.loads(told.read_text()) == {"model": "m"}


@pytest.mark.parametrize(
    ("name", "age", "swept"),
    [
        pytest.param(".k3j_2x8a", 25 * HOUR, True, id="of a killed writer"),
        pytest.param(".k3j_2x8a", 23 * HOUR, False, id="perhaps still written"),
        pytest.param(".k3j_2x8a", -2 * HOUR, False, id="of a host whose clock is ahead"),
        pytest.param("5x7-aa-bb.pack", 25 * HOUR, False, id="a pack"),
        pytest.param(".nfs00000000", 25 * HOUR, False, id="of the file system"),
    ],
)
def test_only_what_killed_writers_left_is_swept(tmp_path, name, age, swept):
    left = recipe_folder(tmp_path, {"model": "m"}) / name
    left.write_bytes(b"half")
    os.utime(left, (time.time() - age,) * 2)
    recipe_folder(tmp_path, {"model": "m"})
    assert left.exists() != swept


def test_what_a_writer_leaves_is_known_by_its_name(tmp_path):
    folder = recipe_folder(tmp_path, {"model": "m"})
    with whole_file(folder / "x"):
        (left,) = folder.glob(".*")
    left.touch()
    os.utime(left, (0, 0))
    recipe_folder(tmp_path, {"model": "m"})
    assert sorted(path.name for path in folder.iterdir()) == ["recipe.json", "x"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_file_that_is_not_finished_leaves_the_one_before(tmp_path, error):
    path = tmp_path / "x"
    path.write_bytes(b"before")
    with pytest.raises(error), whole_file(path) as file:
        file.write(b"after")
        raise error
    assert [found.read_bytes() for found in tmp_path.iterdir()] == [b"before"]


@pytest.fixture
def small_disk():
    """Let no file grow beyond 100 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("size", [101, 10**6])
def test_a_disk_without_room_is_named_and_left_clean(tmp_path, small_disk, size):
    path = tmp_path / "x"
    said = rf"^config key features\.store: cannot write {path}: {os.strerror(errno.EFBIG)}$"
    with pytest.raises(ValueError, match=said):
        write_whole(path, bytes(size))
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_a_file_is_named(tmp_path):
    store = tmp_path / "store"
    store.write_text("x")
    with pytest.raises(
        ValueError, match=rf"^config key features\.store: cannot use .*{store}/\w+: "
    ):
        recipe_folder(store, {"model": "m"})
