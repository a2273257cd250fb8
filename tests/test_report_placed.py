import numpy as np
import pandas as pd
import pytest
from visgen.embedding.placement.tables import PLACED_COLUMNS, TRUST_COLUMNS
from visgen.report.embedding.placed import placed_content, placed_finding, placed_rows
from visgen.tables import write_table

WHERE = {"backbone": "net", "variant": "by_ridge"}


def placed(names, kind="tips"):
    rows = [
        {"taxon": name, "group": "Own", "n_images": i + 2, "kind": kind, "place": place}
        | {"relative": f"Known {place}", "relative_group": "Theirs", "distance": 0.3 * place}
        | {"ci_low": 0.0, "ci_high": 0.3 * place + 0.4, "n": 31, "n_groups": 31}
        for i, name in enumerate(names)
        for place in (1, 2, 3)
    ]
    return pd.DataFrame(rows, columns=PLACED_COLUMNS)


def trust():
    row = {"place": 1, "n": 31, "n_groups": 31, "confidence": 0.9, "half_width": 0.4}
    row |= {"covered": 0.92, "found": 0.41, "nearest": 0.22, "blind": 0.95}
    tips = {"own_group": 0.71, "own_group_frequent": 0.3, "own_group_blind": 0.12}
    rows = [row | {"kind": "tips"} | tips, row | {"kind": "clades", "n_groups": 7, "n": 33}]
    return pd.DataFrame(rows, columns=TRUST_COLUMNS)


def test_a_finding_names_taxa_with_most_images_and_what_held_out_ones_had():
    assert placed_finding(placed(["Aa a", "Bb b", "Cc c", "Dd d"]), trust(), WHERE, "species") == (
        "4 species with images are outside the tree; nearest by look (by ridge, net): Dd d to "
        "Known 1 (distance 0.30, 0.00 to 0.70); Cc c to Known 1 (distance 0.30, 0.00 to 0.70); "
        "Bb b to Known 1 (distance 0.30, 0.00 to 0.70); 1 more in the table. Of 31 species that "
        "were held out and are of a group on the tree, the one that looked nearest was 0.41 away "
        "on average, the nearest there is 0.22, one picked blindly 0.95; it was of the right "
        "group for 71.0 % (largest group 30.0 %, blindly 12.0 %)."
    )


def test_a_finding_of_a_taxon_of_no_known_group_has_no_right_group():
    text = placed_finding(placed(["Aa a"], "clades"), trust(), WHERE, "species")
    assert text.startswith("1 species with images is outside the tree; nearest by look")
    assert "Of 33 species that were held out and are of no group on the tree" in text
    assert "right group" not in text


def test_what_could_not_be_predicted_has_no_number():
    table = placed(["Aa a"]).assign(distance=np.nan, ci_low=np.nan, ci_high=np.nan)
    text = placed_finding(table, trust()[:0], WHERE, "species")
    assert text == (
        "1 species with images is outside the tree; nearest by look (by ridge, net): Aa a to "
        "Known 1."
    )
    none = table[:1].assign(relative=None, place=np.nan, reason="too few")
    text = placed_finding(none, trust()[:0], WHERE, "species")
    assert text == "1 species with images is outside the tree and not placed: too few."
    (row,) = placed_rows(none)
    assert row["relatives"] == [] and row["reason"] == "too few" and row["n_images"] == 2


def test_a_row_of_the_page_has_all_relatives_of_a_taxon():
    first, second = placed_rows(placed(["Aa a", "Bb b"]))
    assert (first["taxon"], first["n_images"], second["n_images"]) == ("Aa a", 2, 3)
    relative = {"relative": "Known 2", "group": "Theirs"}
    assert first["relatives"][1] == relative | {"distance": "0.600", "interval": "0.000 to 1.000"}
    assert len(first["relatives"]) == 3 and first["reason"] is None


@pytest.mark.parametrize("names", [[], ["Aa a"]])
def test_the_page_has_a_section_only_where_a_taxon_is_outside_the_tree(tmp_path, names):
    folder = tmp_path / "net" / "by_ridge"
    folder.mkdir(parents=True)
    write_table(folder / "placed.tsv", placed(names))
    write_table(folder / "placed.trust.tsv", trust())
    paths = [[str(folder / name)] for name in ("placed.tsv", "placed.trust.tsv", "placed.png")]
    found = placed_content(*paths, "species", {"net": "net"})
    assert {key: bool(value) for key, value in found.items()} == dict.fromkeys(found, bool(names))
    if names:
        assert [row["kind"] for row in found["trust_rows"]] == ["tips"]
        assert found["placed_figures"] == [WHERE | {"path": paths[2][0]}]
        assert found["placed_rows"][0]["variant"] == "by_ridge" and found["n_placed_rows"] == 1
