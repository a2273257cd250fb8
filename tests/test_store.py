import json

import numpy as np
import pandas as pd
import pytest
from visgen.features.store import add_vectors, read_vectors, stored_keys
from visgen.machine.recipes import recipe_folder

KEYS = pd.DataFrame({"sha256": ["cc", "aa", "aa", "bb"], "repeat": [0, 1, 0, 0]})
VECTORS = np.arange(20, dtype=np.float32).reshape(4, 5)


@pytest.fixture
def packs(tmp_path):
    packs = recipe_folder(tmp_path, {"model": "m"})
    add_vectors(packs, KEYS[:3], VECTORS[:3])
    add_vectors(packs, KEYS[3:], VECTORS[3:])
    return packs


def test_vectors_come_back_bit_for_bit_in_the_order_asked_for(packs):
    order = [3, 0, 2, 1]
    found = read_vectors(packs, KEYS.iloc[order])
    assert found.dtype == np.float32
    assert np.array_equal(found, VECTORS[order])


def test_a_part_of_the_vectors_can_be_read(packs):
    assert np.array_equal(read_vectors(packs, KEYS.iloc[[1]]), VECTORS[[1]])


def test_the_keys_are_those_added(packs):
    assert stored_keys(packs) == {("cc", 0), ("aa", 1), ("aa", 0), ("bb", 0)}


def test_a_new_store_is_empty(tmp_path):
    packs = recipe_folder(tmp_path, {"model": "m"})
    assert stored_keys(packs) == set()
    assert len(read_vectors(packs, KEYS[:0])) == 0


@pytest.mark.parametrize("key", [("dd", 0), ("bb", 1)])
def test_a_vector_that_is_not_there_is_named(packs, key):
    asked = pd.concat([KEYS, pd.DataFrame([key], columns=KEYS.columns)])
    with pytest.raises(KeyError, match=rf"no vector of image {key[0]}, repeat {key[1]}"):
        read_vectors(packs, asked)


def test_the_same_recipe_is_the_same_folder_whatever_its_order(tmp_path):
    first = recipe_folder(tmp_path, {"model": "m", "mean": [0.5, 0.25]})
    assert recipe_folder(tmp_path, {"mean": (0.5, 0.25), "model": "m"}) == first
    assert json.loads((first / "recipe.json").read_text()) == {"model": "m", "mean": [0.5, 0.25]}


def test_another_recipe_is_another_folder(tmp_path):
    folders = {recipe_folder(tmp_path, {"model": "m", "seed": seed}) for seed in (1, 2, 3)}
    assert len(folders) == 3


def test_a_pack_that_was_not_finished_is_not_read(packs):
    whole = next(packs.glob("*.parquet"))
    (packs / f".{whole.name}.4711").write_bytes(whole.read_bytes()[:31])
    assert np.array_equal(read_vectors(packs, KEYS), VECTORS)


def test_a_damaged_pack_is_named(packs):
    (packs / "damaged.parquet").write_bytes(b"")
    with pytest.raises(ValueError, match=r"damaged\.parquet"):
        read_vectors(packs, KEYS)


def test_writing_a_pack_again_leaves_one(packs):
    before = {path.name: path.read_bytes() for path in packs.iterdir()}
    add_vectors(packs, KEYS[3:], VECTORS[3:])
    assert {path.name: path.read_bytes() for path in packs.iterdir()} == before
