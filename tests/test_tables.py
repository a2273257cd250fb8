import numpy as np
import pandas as pd
from visgen.tables import read_table, write_table


def test_names_gaps_and_numbers_come_back_exactly(tmp_path):
    table = pd.DataFrame({"taxon": ["007", "12", "NA", "nan", None], "backbone": ["50"] * 5})
    table["value"] = np.random.default_rng(1).random(5) / 3
    table["p"] = [np.nan, 0.1, 1e-300, 1 / 7, 2.0]
    write_table(tmp_path / "t.tsv", table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.tsv"), table, check_exact=True)


def test_names_that_look_like_numbers_stay_text(tmp_path):
    table = pd.DataFrame({"taxon": ["007", "1e5"], "against": ["50", None], "n": [1, 2]})
    write_table(tmp_path / "t.tsv", table)
    back = read_table(tmp_path / "t.tsv")
    assert back["taxon"].tolist() == ["007", "1e5"] and back["against"][0] == "50"
