import numpy as np
import pandas as pd
from visgen.classification.predictions import read_predictions, write_predictions


def table(taxa, n_images, seed):
    rng = np.random.default_rng(seed)
    odds = rng.random((n_images, len(taxa))).astype(np.float32)
    labels = pd.DataFrame({
        "part": rng.choice(["val", "test"], n_images),
        "id": [f"image {seed}-{i}" for i in range(n_images)],
        "truth": rng.choice(taxa, n_images),
        "predicted": rng.choice(taxa, n_images),
    })  # fmt: skip
    return pd.concat([labels, pd.DataFrame(odds, columns=taxa)], axis=1)


def round_trip(path, tables):
    write_predictions(path, tables)
    back = read_predictions(path)
    assert list(back) == sorted(tables)
    for key, expected in tables.items():
        found = back[key]
        assert set(found.columns) == set(expected.columns), key
        pd.testing.assert_frame_equal(
            found[list(expected.columns)], expected, check_dtype=False, check_exact=True
        )


def test_colons_unicode_and_blanks_in_names_come_back(tmp_path):
    taxa = ["Ψ: œuf", "p:family:A", "A b", ":", "<i>"]
    round_trip(tmp_path / "p.parquet", {(1, "family"): table(taxa, 7, 1)})


def test_same_name_at_two_ranks_keeps_its_own_probabilities(tmp_path):
    tables = {(1, "genus"): table(["A", "B"], 5, 1), (1, "subgenus"): table(["A", "C"], 3, 2)}
    round_trip(tmp_path / "p.parquet", tables)


def test_seeds_with_different_taxa_keep_their_own_columns(tmp_path):
    tables = {
        (11, "genus"): table(["A", "B"], 5, 1),
        (2, "genus"): table(["B", "C", "D"], 3, 2),
        (2, "family"): table(["B", "E"], 7, 3),
    }
    round_trip(tmp_path / "p.parquet", tables)


def test_file_is_one_long_table(tmp_path):
    tables = {(1, "genus"): table(["A", "B"], 5, 1), (1, "family"): table(["A", "C"], 3, 2)}
    write_predictions(tmp_path / "p.parquet", tables)
    whole = pd.read_parquet(tmp_path / "p.parquet")
    assert len(whole) == 8
    assert whole.loc[whole["rank"] == "genus", "p:family:A"].isna().all()
    assert whole.loc[whole["rank"] == "family", "p:family:A"].notna().all()


def test_no_predictions_make_an_empty_table(tmp_path):
    round_trip(tmp_path / "p.parquet", {})
