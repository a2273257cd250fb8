"""Which specimens the page shows, and what stands beside them."""

import base64
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gallery_study import (
    GENERA,
    features_of,
    galleries_of,
    labels_of,
    named_of,
    of_every_kind,
    relatives_named,
    shown_study,
)
from test_report import HOSTILE, Tags
from visgen.classification.predictions import LABELS
from visgen.prior.examples import changed_names
from visgen.report.galleries.choosing import choose_galleries
from visgen.report.galleries.confused import PAIRS, choose_confused, confused_pairs
from visgen.report.galleries.content import alt_text
from visgen.report.galleries.examples import GALLERIES, wanted_images
from visgen.report.galleries.helped import choose_helped
from visgen.report.galleries.looks import first_photographs, most_typical, oddness
from visgen.report.galleries.mistakes import choose_mistakes
from visgen.report.galleries.named import Choice, choose, named_images, no_names
from visgen.report.galleries.strip import choose_strip
from visgen.report.galleries.taxa import choose_taxa
from visgen.report.galleries.weighted import choose_weighted
from visgen.report.page import render_report
from visgen.tables import read_table, write_table

REPORT = Path(__file__).parents[1] / "workflow/report"
ARCA, ZEBRA, LIMA = GENERA


def pick(rows, *keys):
    return [tuple(row.get(key) for key in keys) for row in rows]


# Whose names are shown.


def chosen(*rows):
    table = pd.DataFrame(rows, columns=["backbone", "rank", "variant", "value"])
    return table.assign(evaluator="independent")


def test_names_are_those_of_the_backbone_that_is_best_on_validation_at_its_finest_rank():
    table = chosen(
        ("a", "genus", "forest", 0.9), ("a", "species", "svm", 0.3),
        ("b", "genus", "svm", 0.8), ("b", "species", "forest", 0.5),
    )  # fmt: skip
    assert choose(table, ["genus", "species"]) == Choice("b", "species", "forest")
    table.loc[len(table)] = ("c", "genus", "svm", 1.0, "joint")  # answers no rank by itself
    assert choose(table, ["genus", "species"]).backbone == "b"


def test_of_equal_backbones_and_of_those_without_validation_the_first_is_taken():
    both = chosen(("b", "genus", "svm", 0.5), ("a", "genus", "svm", 0.5))
    assert choose(both, ["genus"]).backbone == "b"
    assert choose(chosen(("b", "genus", "svm", np.nan)), ["genus"]).backbone == "b"
    assert choose(chosen(), ["genus"]) is None


def test_only_test_photographs_of_trained_taxa_have_names_here():
    odds = [[0.7, 0.3], [0.2, 0.8], [0.6, 0.4], [0.9, 0.1]]
    table = pd.DataFrame(odds, columns=[ARCA, LIMA])
    table.insert(0, "predicted", [ARCA, LIMA, ARCA, ARCA])
    table.insert(0, "truth", [ARCA, ARCA, ZEBRA, ARCA])
    table.insert(0, "id", ["a", "b", "c", "d"])
    table.insert(0, "part", ["test", "test", "test", "val"])
    assert list(table)[:4] == LABELS
    specimens = pd.Series({"a": "s1", "b": "s1", "c": "s2", "d": "s3"})
    tables = [((1, "genus"), table), ((1, "species"), table), ((2, "species"), table)]
    named = named_images(tables, "species", specimens)
    assert named["id"].tolist() == ["a", "b"] * 2 and named["seed"].tolist() == [1, 1, 2, 2]
    assert named["probability"].tolist() == [0.7, 0.8] * 2
    assert named["specimen"].tolist() == ["s1"] * 4
    assert named_images(tables, "family", specimens).empty


def test_probabilities_are_tempered_and_names_stay_as_they_are():
    rng = np.random.default_rng(1)
    names = [ARCA, LIMA]
    truth = rng.choice(names, 60)
    odds = np.where(truth[:, None] == names, 0.52, 0.48)  # unsure, and always right
    table = pd.DataFrame(odds, columns=names)
    part = ["val"] * 40 + ["test"] * 20
    ids = [f"i{i}" for i in range(60)]
    for name, values in zip(LABELS[::-1], (truth, truth, ids, part), strict=True):
        table.insert(0, name, values)
    specimens = pd.Series(ids, ids)
    named = named_images([((1, "species"), table)], "species", specimens)
    assert (named["predicted"] == named["truth"]).all() and len(named) == 20
    assert named["probability"].min() > 0.9


# What is typical.


def test_a_typical_photograph_is_the_first_one_of_a_specimen_nearest_to_its_taxon():
    labels = labels_of(names=(ARCA,), n=3)
    features = pd.DataFrame({"x": [0.0, 5, 4, 9, 10, 2]}, index=labels.index)  # mean 5
    odd = oddness(features, labels["species"])
    assert odd.tolist() == [5, 0, 1, 4, 5, 3]
    assert most_typical(first_photographs(labels), odd, "species").to_dict() == {ARCA: "s01a"}


def test_oddness_is_the_same_in_blocks(monkeypatch):
    labels = labels_of()
    features = features_of(labels).assign(y=np.sqrt(range(18)))
    whole = oddness(features, labels["species"].mask(labels.index == "s08b"))
    monkeypatch.setattr("visgen.report.galleries.looks._ROWS", 2)
    in_blocks = oddness(features, labels["species"].mask(labels.index == "s08b"))
    assert np.allclose(whole, in_blocks) and "s08b" not in whole
    own = features.iloc[:6]  # of the first species
    assert np.allclose(whole[:6], np.hypot(*(own - own.mean()).to_numpy().T))


def test_without_features_the_first_specimen_is_typical_and_equals_go_by_name():
    photographs = first_photographs(labels_of())
    none, equal = pd.Series(dtype=float), pd.Series(1.0, photographs.index)
    for odd in (none, equal):
        assert list(most_typical(photographs, odd, "species")) == ["s00a", "s03a", "s06a"]


# Strip.


@pytest.mark.parametrize(("n", "n_shown"), [(1, 1), (7, 7), (8, 8), (23, 8)])
def test_the_strip_has_a_photograph_of_as_many_taxa_spread_over_the_taxonomy(n, n_shown):
    names = tuple(f"Arca {i:02d}" for i in range(n))
    photographs = first_photographs(labels_of(names, n=1, genera={}))
    rows = choose_strip(photographs, pd.Series(dtype=float), ["genus", "species"], "species")
    taxa = [row["taxon"] for row in rows]
    assert len(set(taxa)) == n_shown and (taxa[0], taxa[-1]) == (names[0], names[-1])
    assert taxa == sorted(taxa)


# Contact sheets.


def sheets(labels, named=None, order=(LIMA, ARCA, ZEBRA)):
    odd = oddness(features_of(labels), labels["species"])
    parts = pd.Series("train", labels.index)
    named = no_names() if named is None else named
    return choose_taxa(labels, odd, parts, named, "species", order)


def test_a_sheet_has_one_photograph_a_specimen_in_the_order_of_taxa():
    rows = sheets(labels_of(n=2))
    assert [row["taxon"] for row in rows] == [LIMA] * 2 + [ARCA] * 2 + [ZEBRA] * 2
    assert {row["image"] for row in rows} == set(first_photographs(labels_of(n=2)).index)
    assert set(pick(rows, "n_images", "n_specimens", "part")) == {(4, 2, "train")}


def test_a_sheet_of_many_has_eight_from_the_most_typical_to_the_least():
    labels = labels_of(names=(ARCA,), n=20)
    rows = sheets(labels, order=[ARCA])
    odd = oddness(features_of(labels), labels["species"])
    shown = odd[[row["image"] for row in rows]]
    assert len(rows) == 8 and shown.is_monotonic_increasing
    assert shown.iloc[[0, -1]].tolist() == [odd[::2].min(), odd[::2].max()]


def test_a_specimen_is_shown_by_its_first_photograph_that_has_a_label():
    labels = labels_of(names=(ARCA, LIMA), n=3)
    first = first_photographs(labels).index
    labels.loc[first, "species"] = None
    rows = sheets(labels, order=[ARCA, LIMA])
    assert {row["taxon"] for row in rows if row["image"]} == {ARCA, LIMA}
    assert not {row["image"] for row in rows} & set(first)


def test_sheets_of_very_many_taxa_are_smaller(monkeypatch):
    monkeypatch.setattr("visgen.report.galleries.taxa.IN_ALL", 5)
    rows = sheets(labels_of(names=(ARCA, LIMA), n=9), order=[ARCA, LIMA])
    assert [row["taxon"] for row in rows] == [ARCA] * 2 + [LIMA] * 2


def test_a_sheet_says_how_many_test_photographs_were_named_right():
    labels = labels_of()
    named = named_of(labels, {"s00a": (LIMA, 0.9)}, seeds=(1, 2))
    rows = {row["taxon"]: row for row in sheets(labels, named[named["truth"] != LIMA])}
    assert pick(rows.values(), "n", "n_asked", "n_test_specimens", "share") == [
        (None, 0, 0, None), (10, 12, 3, 10 / 12), (12, 12, 3, 1.0),
    ]  # fmt: skip


# Confused pairs.


def test_pairs_are_counted_both_ways_in_all_splits():
    labels = labels_of()
    taken = {"s00a": (ZEBRA, 0.9), "s03b": (ARCA, 0.9), "s06a": (ARCA, 0.9)}
    distances = pd.DataFrame([[0, 0.5], [0.5, 0]], [ARCA, ZEBRA], [ARCA, ZEBRA])
    pairs = confused_pairs(named_of(labels, taken, seeds=(1, 2)), distances)
    assert pairs["taxon"].tolist() == [ARCA, ARCA]
    assert pairs["other"].tolist() == [ZEBRA, LIMA]
    assert pairs["n"].tolist() == [4, 2] and pairs["n_asked"].tolist() == [24, 24]
    assert pairs["n_test_specimens"].tolist() == [6, 6]
    assert pairs["share"].tolist() == [4 / 24, 2 / 24]
    assert pairs["distance"].fillna(-1).tolist() == [0.5, -1]


def test_of_pairs_confused_as_often_the_larger_share_is_first_then_the_name():
    labels = labels_of()
    named = named_of(labels, {"s00a": (ZEBRA, 0.9), "s06a": (ZEBRA, 0.9)})
    assert confused_pairs(named, None)["taxon"].tolist() == [ARCA, ZEBRA]
    fewer = named[named["id"] != "s07a"]
    assert confused_pairs(fewer, None)["taxon"].tolist() == [ZEBRA, ARCA]


def test_no_more_than_ten_pairs_are_shown():
    names = tuple(f"Arca {i:02d}" for i in range(13))
    labels = labels_of(names, n=1, genera={})
    taken = dict.fromkeys(labels.index[2:], (names[0], 0.5))
    assert len(confused_pairs(named_of(labels, taken), None)) == PAIRS == 10


def test_sides_of_a_pair_begin_with_specimens_taken_for_the_other():
    labels = labels_of(n=6)
    taken = {"s02a": (ZEBRA, 0.6), "s02b": (ZEBRA, 0.9), "s04a": (ZEBRA, 0.7), "s00a": (LIMA, 0.9)}
    rows = choose_confused(named_of(labels, taken), None)
    side = [row for row in rows if row["group"] == "1" and row["taxon"] == ARCA]
    assert pick(side, "specimen", "image", "role", "predicted") == [
        ("s02", "s02b", "mistaken", ZEBRA),
        ("s04", "s04a", "mistaken", ZEBRA),
        ("s00", "s00a", "asked", LIMA),
        ("s01", "s01a", "asked", ARCA),
    ]
    other = [row for row in rows if row["group"] == "1" and row["taxon"] == ZEBRA]
    assert [row["specimen"] for row in other] == ["s06", "s07", "s08", "s09"]
    assert {row["other"] for row in other} == {ARCA}


# Mistakes.


def test_mistakes_come_the_most_confident_first_each_specimen_once_beside_a_typical_one():
    labels = labels_of()
    taken = {"s00a": (ZEBRA, 0.6), "s00b": (LIMA, 0.9), "s06a": (ARCA, 0.9), "s03a": (ARCA, 0.7)}
    typical = pd.Series({ARCA: "s01a", LIMA: "s07a"})
    rows = choose_mistakes(named_of(labels, taken, seeds=(1, 2)), typical, labels["specimen"])
    assert pick(rows, "group", "role", "image", "taxon", "predicted", "probability") == [
        ("1", "mistaken", "s00b", ARCA, LIMA, 0.9),
        ("1", "typical", "s07a", LIMA, None, None),
        ("2", "mistaken", "s06a", LIMA, ARCA, 0.9),
        ("2", "typical", "s01a", ARCA, None, None),
        ("3", "mistaken", "s03a", ZEBRA, ARCA, 0.7),
        ("3", "typical", "s01a", ARCA, None, None),
    ]
    assert set(pick(rows, "n", "n_test_specimens")) == {(3, 9)}
    without = choose_mistakes(named_of(labels, taken), typical[:0], labels["specimen"])
    assert [row["role"] for row in without] == ["mistaken"] * 3


def test_without_mistakes_there_are_neither_mistakes_nor_pairs():
    named = named_of(labels_of(), {})
    assert choose_mistakes(named, pd.Series(dtype=str), None) == []
    assert choose_confused(named, None) == []
    assert choose_mistakes(no_names(), pd.Series(dtype=str), None) == []
    assert choose_confused(no_names(), None) == []


# Weights.


def weights(**taxa):
    rows = [(f"{taxon}{i}", 0, taxon, w) for taxon, ws in taxa.items() for i, w in enumerate(ws)]
    return pd.DataFrame(rows, columns=["id", "repeat", "taxon", "weight"])


def test_images_that_count_most_and_least_are_shown_in_even_shares():
    table = weights(t=[0.1, 0.2, 0.1, 0.05, 0.15, 0.1, 0.3])
    table.loc[len(table)] = ("t9", 1, "t", 9.0)  # an augmented repeat is no photograph
    rows = choose_weighted(table, pd.Series({f"t{i}": f"s{i}" for i in range(7)}))
    assert pick(rows, "image", "role") == [
        ("t6", "most"), ("t1", "most"), ("t4", "most"),
        ("t2", "least"), ("t5", "least"), ("t3", "least"),
    ]  # fmt: skip
    assert np.allclose([row["weight"] for row in rows][:2], [2.1, 1.4])
    assert {row["n_images"] for row in rows} == {7}


def test_taxa_of_one_image_or_of_equal_ones_are_not_shown_and_none_is_shown_twice():
    table = weights(one=[1.0], even=[0.5, 0.5], three=[0.2, 0.5, 0.3])
    rows = choose_weighted(table, pd.Series({image: image for image in table["id"]}))
    assert pick(rows, "image", "role") == [("three1", "most"), ("three0", "least")]
    assert choose_weighted(table[:0], pd.Series(dtype=str)) == []


def test_of_many_taxa_the_six_that_are_weighed_most_unevenly_are_shown():
    table = weights(**{f"t{i}": [0.5 + i / 20, 0.5 - i / 20] for i in range(9)})
    rows = choose_weighted(table, pd.Series({image: image for image in table["id"]}))
    assert sorted({row["taxon"] for row in rows}) == [f"t{i}" for i in range(3, 9)]


# Relatives.


def test_specimens_of_rare_taxa_that_relatives_put_right_and_those_they_spoil():
    labels = labels_of()
    given = {"s00": (LIMA, ARCA), "s01": (ARCA, LIMA), "s03": (LIMA, ZEBRA), "s06": (ARCA, LIMA)}
    predictions = relatives_named(labels, given)
    predictions.loc[predictions["taxon"] == LIMA, "n_train"] = 2
    images = pd.Series({specimen: f"{specimen}a" for specimen in given})
    rows = choose_helped(predictions, "tree", 2, images)
    assert pick(rows, "group", "image", "taxon", "predicted", "other", "n", "n_asked") == [
        ("helped", "s00a", ARCA, ARCA, LIMA, 2, 3),
        ("helped", "s03a", ZEBRA, ZEBRA, LIMA, 2, 3),
        ("harmed", "s01a", ARCA, LIMA, ARCA, 1, 3),
    ]
    assert choose_helped(predictions, "taxonomy", 2, images) == []
    assert choose_helped(predictions[:0], "tree", 2, images) == []


def test_as_many_taxa_as_can_be_are_shown_before_a_second_specimen_of_one():
    labels = labels_of(n=20)
    given = {f"s{i:02d}": (LIMA, ARCA) for i in range(20)} | {"s20": (LIMA, ZEBRA)}
    images = pd.Series({specimen: specimen for specimen in given})
    rows = choose_helped(relatives_named(labels, given), "tree", 2, images)
    assert [row["taxon"] for row in rows] == [ARCA, ZEBRA] + [ARCA] * 10


def test_a_specimen_of_two_splits_counts_in_both():
    labels = labels_of()
    once = relatives_named(labels, {"s00": (LIMA, ARCA)})
    changed = changed_names(pd.concat([once, once.assign(seed=2)]), "tree")
    assert changed["seed"].tolist() == [1, 2] and set(changed["kind"]) == {"helped"}


# The table, and the page.


def test_the_table_comes_back_as_it_was_written(tmp_path):
    table = of_every_kind((HOSTILE, "NA", "007"))
    write_table(tmp_path / "examples.tsv", table)
    back = read_table(tmp_path / "examples.tsv")
    pd.testing.assert_frame_equal(back, table, check_dtype=False)
    assert list(back["gallery"].unique()) == list(GALLERIES)


def test_images_of_maps_are_made_small_too():
    table = of_every_kind()
    more = pd.DataFrame({"image": ["z", None, "s00a"]})
    assert wanted_images(table, [more]) == sorted({*table["image"], "z"})
    assert wanted_images(table) == sorted(set(table["image"]))


def parts_of_page(examples, is_tested=True, **more):
    content = galleries_of(examples, {"net": "net"}, is_tested)
    content |= {"labels": {"net": "net"}, "tree_rank": None, "naming": None, "weighing": []}
    content |= {"prior": {"rows": [1]}} | more
    parts = ("strip", "galleries", "helped", "weighted", "photographs_script")
    return [render_report(REPORT / f"{part}.html.jinja", content) for part in parts]


def test_every_photograph_is_on_the_page_with_what_it_shows():
    examples = of_every_kind()
    tags = Tags("".join(parts_of_page(examples)))
    images = [dict(attributes) for tag, attributes in tags.found if tag == "img"]
    keys = [image["data-photo"] for image in images if "data-photo" in image]
    assert sorted(keys) == sorted(examples.loc[examples["gallery"] != "strip", "image"])
    inline = [image["src"].partition(",")[2] for image in images if "src" in image]
    strip = examples.loc[examples["gallery"] == "strip", "image"]
    assert [base64.b64decode(source).decode() for source in inline] == list(strip)
    alts = {image["alt"] for image in images}
    assert f"{ARCA}, specimen s00, taken for {ZEBRA}" in alts
    assert all(image["width"] and image["height"] and image["alt"] for image in images)


def test_the_page_says_what_was_counted():
    _, section, helped, weighted, _ = ("".join(Tags(part).text) for part in parts_of_page(
        of_every_kind()
    ))  # fmt: skip
    assert "Taken for each other 2 of 12 times (16.7\xa0%; 6 test specimens)" in section
    assert f"{LIMA} 6 images, 3 specimens; right 5 of 6 (83.3\xa0%; 3 test specimens)" in section
    assert "3 of 3 specimens. Probabilities are calibrated" in section
    assert "It may be the label that is wrong." in section
    times = "1 of 3 times that a specimen of a rare taxon was named, in all splits together"
    assert f"{times}, its name is right with relatives (tree) and wrong without:" in helped
    assert f"{times}, its name is right without relatives and wrong with them (tree):" in helped
    assert "counts 1.71" in weighted


def test_hostile_names_of_taxa_stay_text():
    plain, hostile = (
        Tags("".join(parts_of_page(of_every_kind(names))))
        for names in ((ARCA, ZEBRA, LIMA), ("<img src=x onerror=alert(1)>", HOSTILE, f"{HOSTILE}2"))
    )
    assert [tag for tag, _ in hostile.found] == [tag for tag, _ in plain.found]
    assert [set(has) for _, has in hostile.found] == [set(has) for _, has in plain.found]


def test_where_relatives_spoil_no_name_the_page_says_so():
    examples = of_every_kind()
    helped = parts_of_page(examples[examples["group"] != "harmed"])[2]
    assert "No name is right without relatives and wrong with them (tree)." in helped
    assert helped.count("<img") == 1


def test_what_a_study_has_not_leaves_no_empty_heading():
    untested = choose_galleries(shown_study(is_tested=False), {})
    strip, section, helped, weighted, _ = parts_of_page(
        untested, is_tested=False, prior={"rows": []}
    )
    assert "<img" in strip and "All species" in section and "named right" not in section
    assert "confused" not in section and "Named wrong" not in section
    assert not helped.strip() and not weighted.strip()
    alike = parts_of_page(untested, is_tested=False, weighing=["guided"])[3]
    assert "learned by guided, but all images of a taxon count alike" in alike
    assert galleries_of(untested, is_tested=False)["galleries"]["findings"] == [
        "No classifier could be chosen, so no specimen is shown by what it was taken for."
    ]
    right = galleries_of(choose_galleries(shown_study(), {}))["galleries"]
    assert right["findings"] == ["No test specimen was named wrong."]
    none = parts_of_page(untested[:0], is_tested=False)
    assert "<h3" not in none[1] and "and spoil none" in none[2]


def test_photographs_that_are_many_lie_beside_the_page(monkeypatch):
    *_, inline = parts_of_page(of_every_kind())
    assert "showPhotographs({" in inline and "src=" not in inline
    monkeypatch.setattr("visgen.report.galleries.content.INLINE", 10)
    *_, beside = parts_of_page(of_every_kind())
    assert '<script src="photographs.js"></script>' in beside
    assert "showPhotographs({" not in beside


def test_what_a_photograph_shows_is_said_of_what_was_named_alone():
    row = {"taxon": ARCA, "specimen": "s1", "predicted": ARCA}
    assert alt_text(row) == f"{ARCA}, specimen s1, named right"
