import hashlib

import numpy as np
import pandas as pd
import pytest
from visgen.features.store import add_vectors, read_vectors
from visgen.machine.recipes import recipe_folder


def sha256(name):
    return hashlib.sha256(name.encode()).hexdigest()


NAMES = ["c", "a", "a", "b"]
KEYS = pd.DataFrame(
    {"sha256": [sha256(n) for n in NAMES], "repeat": [0, 1, 0, 0], "path": NAMES},
    index=[7, 5, 3, 2],
)
VECTORS = np.arange(20, dtype=np.float32).reshape(4, 5)
SIZE = 5


@pytest.fixture
def packs(tmp_path):
    packs = recipe_folder(tmp_path, {"model": "m"})
    add_vectors(packs, KEYS[:3], VECTORS[:3])
    add_vectors(packs, KEYS[3:], VECTORS[3:])
    return packs


def pack_of(packs, n):
    (path,) = packs.glob(f"{n}x*.pack")
    return path


def test_vectors_come_back_bit_for_bit_in_the_order_asked_for(packs):
    order = [3, 0, 2, 1]
    vectors, found = read_vectors(packs, KEYS.iloc[order], SIZE)
    assert found.all()
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, VECTORS[order])


def test_a_part_of_the_vectors_can_be_read(packs):
    assert np.array_equal(read_vectors(packs, KEYS.iloc[[1]], SIZE)[0], VECTORS[[1]])


@pytest.mark.parametrize("other", [("d", 0), ("b", 1), ("c", 256)])
def test_a_vector_that_is_not_there_is_not_found(packs, other):
    asked = pd.concat([KEYS, KEYS[:1].assign(sha256=sha256(other[0]), repeat=other[1])])
    assert read_vectors(packs, asked, SIZE)[1].tolist() == [True] * 4 + [False]


def test_a_new_store_is_empty(tmp_path):
    packs = recipe_folder(tmp_path, {"model": "m"})
    assert not read_vectors(packs, KEYS, SIZE)[1].any()


def test_nothing_is_asked_of_a_store(packs):
    vectors, found = read_vectors(packs, KEYS[:0], SIZE)
    assert vectors.shape == (0, SIZE) and found.shape == (0,)


def test_a_vector_that_two_jobs_wrote_is_read_once(packs):
    add_vectors(packs, KEYS[1:], VECTORS[1:])
    assert np.array_equal(read_vectors(packs, KEYS, SIZE)[0], VECTORS)


def test_writing_a_pack_again_leaves_one(packs):
    before = {path.name: path.read_bytes() for path in packs.iterdir()}
    add_vectors(packs, KEYS[3:], VECTORS[3:])
    assert {path.name: path.read_bytes() for path in packs.iterdir()} == before


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_does_not_enter(tmp_path, value):
    packs = recipe_folder(tmp_path, {"model": "m"})
    vectors = VECTORS.copy()
    vectors[1, 3] = value
    with pytest.raises(ValueError, match=r"^a: its features \(repeat 1\) hold NaN or infinity"):
        add_vectors(packs, KEYS, vectors)
    assert not list(packs.glob("*.pack"))


def test_every_flipped_bit_of_a_pack_is_found(packs, caplog):
    path = pack_of(packs, 3)
    whole = path.read_bytes()
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        caplog.clear()
        vectors, found = read_vectors(packs, KEYS, SIZE)
        assert found.tolist() == [False] * 3 + [True], position
        assert np.array_equal(vectors[found], VECTORS[found])
        (line,) = caplog.messages
        assert str(path) in line and not path.exists()


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\0")


def renamed(name):
    return lambda path: path.rename(path.with_name(name(path.name)))


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        pytest.param(lambda path: path.write_bytes(b""), "found 0 bytes, expected 168", id="empty"),
        pytest.param(cut, "found 167 bytes, expected 168", id="cut short"),
        pytest.param(lengthen, "found 169 bytes, expected 168", id="too long"),
        pytest.param(lambda path: path.write_bytes(bytes(168)), "not what was written", id="zeros"),
        pytest.param(renamed("copy of {}".format), "its name", id="renamed"),
        pytest.param(
            renamed(lambda name: name.replace("3x5", "999999999x5")),
            "found 168 bytes, expected 55999999944",
            id="a false number",
        ),
        pytest.param(
            renamed(lambda name: name.replace("x5", "x7")),
            "found 7 features a vector, expected 5",
            id="of another network",
        ),
    ],
)
def test_a_broken_pack_is_named_once_and_replaced(packs, caplog, harm, why):
    harm(pack_of(packs, 3))
    found = read_vectors(packs, KEYS, SIZE)[1]
    assert found.tolist() == [False] * 3 + [True]
    (line,) = caplog.messages
    assert why in line and ".pack" in line and ".broken, which can be deleted" in line
    add_vectors(packs, KEYS[:3], VECTORS[:3])
    caplog.clear()
    assert np.array_equal(read_vectors(packs, KEYS, SIZE)[0], VECTORS)
    assert not caplog.messages


def test_a_sound_pack_stands_in_for_a_broken_one(packs):
    add_vectors(packs, KEYS, VECTORS)
    cut(pack_of(packs, 3))
    assert np.array_equal(read_vectors(packs, KEYS, SIZE)[0], VECTORS)


def test_a_pack_that_cannot_be_read_is_named(packs):
    path = pack_of(packs, 3)
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match=rf"^config key features\.store: cannot read {path}: Is a"):
        read_vectors(packs, KEYS, SIZE)


def test_packs_without_checksums_are_not_read_and_told_of(packs, caplog):
    (packs / "0123456789abcdef0123.parquet").write_bytes(b"PAR1")
    assert read_vectors(packs, KEYS, SIZE)[1].all()
    (line,) = caplog.messages
    assert f"{packs}: found 1 packs of an earlier version" in line


@pytest.mark.parametrize("content", [b"", b"half a pack"])
def test_what_a_killed_writer_left_is_not_read(packs, content, caplog):
    (packs / ".k3j_2x8a").write_bytes(content)
    assert np.array_equal(read_vectors(packs, KEYS, SIZE)[0], VECTORS)
    assert not caplog.messages
