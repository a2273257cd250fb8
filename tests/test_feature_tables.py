import tracemalloc

import numpy as np
import pandas as pd
import pytest
from visgen.features.blocks import Block, write_blocks
from visgen.features.tables import (
    in_shard,
    read_blocks,
    read_features,
    read_framing,
    read_made_with,
    write_features,
)


def features(ids, repeats=(0,), n_features=7, seed=5):
    index = pd.MultiIndex.from_product([ids, repeats], names=["id", "repeat"])
    values = np.random.default_rng(seed).normal(size=(len(index), n_features))
    return pd.DataFrame(values.astype(np.float32), index=index)


def written(path, table):
    write_features(path, table, {"device": "cpu"})
    return path


def test_what_is_written_is_read_bit_for_bit(tmp_path):
    table = features(["a", "b/c.jpg", "é"], (0, 1, 2))
    table.iloc[1, 3], table.iloc[2, 5] = -0.0, 1e-42
    found = read_features([written(tmp_path / "x.parquet", table)])
    pd.testing.assert_index_equal(found.index, table.index, exact=False)
    assert found.index.names == ["id", "repeat"]
    assert found.dtypes.eq(np.float32).all()
    assert found.to_numpy().tobytes() == table.to_numpy().tobytes()


def test_shards_are_one_sorted_table_whatever_their_order(tmp_path):
    one = written(tmp_path / "1.parquet", features(["d", "a"], (1, 2)))
    two = written(tmp_path / "2.parquet", features(["c"], (0,), seed=11))
    found = read_features([one, two])
    assert list(found.index) == [("a", 1), ("a", 2), ("c", 0), ("d", 1), ("d", 2)]
    pd.testing.assert_frame_equal(found, read_features([two, one]))
    assert np.array_equal(found.loc[("a", 1)], features(["d", "a"], (1, 2)).loc[("a", 1)])


def test_a_shard_tells_what_it_was_made_with(tmp_path):
    path = tmp_path / "x.parquet"
    write_features(path, features(["a"]), {"device": "cpu", "recipe": "17"})
    assert read_made_with(path) == {"device": "cpu", "recipe": "17"}


def test_a_shard_that_does_not_say_how_images_were_framed_is_named(tmp_path):
    path = written(tmp_path / "old.parquet", features(["a"]))
    with pytest.raises(ValueError, match=r"old\.parquet: .* \(image_size, .* missing\); delete it"):
        read_framing(path)


def test_shards_say_which_features_belong_together(tmp_path):
    def shard(name, **about):
        write_features(tmp_path / name, features(["a"]), about)
        return tmp_path / name

    blocks = [Block("2", "mean", 3), Block("final", "deviation", 4)]
    one, same = (shard(name, blocks=write_blocks(blocks)) for name in "12")
    assert read_blocks([one, same]) == blocks
    with pytest.raises(ValueError, match=r"3: blocks of features 2:mean:7, expected 2:mean:3 .*1$"):
        read_blocks([one, shard("3", blocks=write_blocks([Block("2", "mean", 7)]))])
    with pytest.raises(ValueError, match=r"old: found a damaged .*blocks missing"):
        read_blocks([one, shard("old")])


def test_the_same_features_give_the_same_file(tmp_path):
    paths = [written(tmp_path / name, features(["a", "b"])) for name in ("1", "2")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_an_image_that_is_there_twice_is_refused(tmp_path):
    shards = [written(tmp_path / str(i), features(["a", f"b{i}"])) for i in range(2)]
    with pytest.raises(ValueError, match="features of image 'a', repeat 0, are there twice"):
        read_features(shards)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_refused(tmp_path, value):
    table = features(["a", "b"], (0, 3))
    table.iloc[3, 5] = value
    with pytest.raises(ValueError, match="features of image 'b', repeat 3, hold NaN or infinity"):
        read_features([written(tmp_path / "x", table)])


def test_no_flipped_bit_of_a_shard_goes_unseen(tmp_path):
    table = features(["a", "b"], n_features=3)
    path = written(tmp_path / "x.parquet", table)
    whole = path.read_bytes()
    outcomes = set()
    for position in [*range(0, len(whole), 29), *range(-8, 0)]:  # headers, data and footer
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        try:
            pd.testing.assert_frame_equal(read_features([path]), table, check_exact=True)
            outcomes.add("the same")  # such as statistics, which nobody reads
        except ValueError as error:
            assert str(error).startswith(f"{path}: found a damaged table of features"), error
            outcomes.add("named")
    assert outcomes == {"the same", "named"}


@pytest.mark.parametrize("read", [lambda path: read_features([path]), read_made_with])
@pytest.mark.parametrize("length", [0, 300])
def test_a_shard_that_was_cut_short_is_named(tmp_path, read, length):
    path = written(tmp_path / "x.parquet", features(["a", "b"]))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=rf"^{path}: found a damaged .*the next run makes it anew"):
        read(path)


def test_shards_of_different_networks_are_refused(tmp_path):
    shards = [written(tmp_path / f"{n}.parquet", features([str(n)], n_features=n)) for n in (5, 3)]
    with pytest.raises(ValueError, match=r"3\.parquet: 3 features a vector, expected 5 as in .*5"):
        read_features(shards)


def test_an_empty_shard_does_not_break_the_others(tmp_path):
    empty = written(tmp_path / "0.parquet", features([]))
    full = written(tmp_path / "1.parquet", features(["a", "b"]))
    for shards in ([empty, full], [full, empty]):
        assert list(read_features(shards).index) == [("a", 0), ("b", 0)]


def test_empty_shards_alone_are_refused(tmp_path):
    empty = written(tmp_path / "0.parquet", features([]))
    with pytest.raises(ValueError, match=r"no feature vector in .*0\.parquet"):
        read_features([empty])


def test_every_image_is_in_one_shard():
    sha256 = pd.Series([f"{i:064x}" for i in range(503)])
    shards = pd.concat([in_shard(sha256, shard, 7) for shard in range(7)], axis=1)
    assert (shards.sum(axis=1) == 1).all()
    assert (shards.sum(axis=0) > 40).all()


def test_an_image_stays_in_its_shard_when_others_come():
    sha256 = pd.Series([f"{i:064x}" for i in range(101)])
    few = sha256[::3]
    assert in_shard(few, 2, 5).equals(in_shard(sha256, 2, 5)[few.index])


def test_the_shard_of_an_image_is_fixed():
    # The CRC-32 of "123456789" is 0xCBF43926 = 3421780262, its published check value.
    assert in_shard(pd.Series(["123456789"]), 3421780262 % 7, 7).tolist() == [True]


def test_a_shard_of_no_images_is_a_mask():
    none = pd.DataFrame({"sha256": pd.Series([], dtype="str")})
    assert len(none[in_shard(none["sha256"], 0, 3)]) == 0


def test_the_table_is_the_only_matrix_of_its_size(tmp_path):
    ids = [f"{i:05d}" for i in np.random.default_rng(1).permutation(5003)]
    table = features(ids, n_features=512)
    shards = [written(tmp_path / "1", table[:3001]), written(tmp_path / "2", table[3001:])]
    size, expected = table.to_numpy().nbytes, table.sort_index()
    tracemalloc.start()
    found = read_features(shards)
    peak = tracemalloc.get_traced_memory()[1]  # of numpy; Arrow reads in small batches beside it
    tracemalloc.stop()
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert peak < 1.3 * size
