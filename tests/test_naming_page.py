"""The page to look through named specimens: what it is given, and how large it is."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visgen.report.naming_page import pictures
from visgen.report.naming_page.cards import PHOTOGRAPHS, specimen_cards
from visgen.report.naming_page.content import page_content, page_data
from visgen.report.naming_page.flags import flags_of, suspected
from visgen.report.naming_page.pictures import make_pictures, shown_pictures
from visgen.report.naming_page.taxa import list_taxa, places_of
from visgen.report.page import render_report
from visgen.report.photographs import script_json
from visgen.specimens.taxonomy import tabulate_taxa

WORKFLOW = Path(__file__).parents[1] / "workflow"
TEMPLATE = WORKFLOW / "naming_page/naming.html.jinja"
PARTS = [WORKFLOW / "naming_page/naming.css", WORKFLOW / "report/photographs.js"]
PARTS += [WORKFLOW / f"naming_page/{name}.js" for name in ("table", "marks", "cards", "naming")]
STUDY_RANKS = ["order", "family", "genus", "species"]
RANKS = ["family", "genus", "species"]  # names are not given at all ranks of a study
LINEAGES = [
    ("Arcida", "Arcidae", "Arca", "Arca noae"),
    ("Arcida", "Arcidae", "Arca", "Arca tetragona"),
    ("Ostreida", "Pinnidae", "Pinna", "Pinna nobilis"),
]
HOSTILE = "<img src=x onerror=\"document.title='ran'\">"


def taxonomy():
    return tabulate_taxa(pd.DataFrame(LINEAGES, columns=STUDY_RANKS), STUDY_RANKS)


def named(name, of=0, depth=3, p=(0.97, 0.9, 0.7), **more):
    """Return a row of the table of specimens: one named down to a rank, or to none."""
    lineage = LINEAGES[of][1:]
    row = {"specimen": name, "n_images": 1, "oddities": None, "in_study": None}
    row |= {"trusted_rank": RANKS[depth - 1] if depth else None}
    row |= {"trusted_taxon": lineage[depth - 1] if depth else None}
    row |= {"novelty": "known", "novelty_doubt": None, "novelty_p": 0.5, "novelty_score": -1.0}
    for rank, taxon, probability in zip(RANKS, lineage, p, strict=True):
        row |= {rank: taxon, f"p:{rank}": probability}
    row |= {"set_size": 2, "set": "Arca noae; Arca tetragona"}
    for k in range(1, 6):
        row |= {f"nearest_{k}": f"VG{k}", f"taxon_{k}": lineage[2], f"distance_{k}": k / 7}
    return row | more


def images_of(table, n=1):
    rows = [
        {"path": f"{name}_{i}.png", "sha256": f"{name}{i}", "specimen": name, "locality": None}
        for name in table["specimen"]
        for i in range(n)
    ]
    return pd.DataFrame(rows)


def tables_of(*rows, n_images=1, **more):
    specimens = pd.DataFrame(list(rows))
    return {
        "specimens": specimens,
        "images": images_of(specimens, n_images),
        "taxonomy": taxonomy(),
        "rejected": pd.DataFrame(columns=["file", "reason", "detail"]),
        "suspects": pd.DataFrame(columns=["specimen", "suggested"]),
        **more,
    }


SETTINGS = {"dataset": "drawer", "ranks": RANKS, "study_ranks": STUDY_RANKS, "confidence": 0.9}


def cards_of(*rows, n_images=1, suspects=None):
    table = pd.DataFrame(list(rows))
    taxa = list_taxa(taxonomy(), STUDY_RANKS)
    places = places_of(taxa, STUDY_RANKS)
    return specimen_cards(table, images_of(table, n_images), RANKS, places, suspects or {}), taxa


def small_photographs(tables):
    made = io.BytesIO()
    Image.new("RGB", (12, 8), "teal").save(made, format="WebP")
    keys = [f"unnamed/{path}" for path in tables["images"]["path"]]
    return dict.fromkeys([*keys, *(f"known/VG{k}" for k in range(1, 6))], made.getvalue())


def page_of(tables, photographs=None):
    photographs = small_photographs(tables) if photographs is None else photographs
    return render_report(TEMPLATE, page_content(tables, SETTINGS, photographs, PARTS))


def test_a_card_says_how_deep_a_name_is_trusted_and_with_which_probability():
    (card,), taxa = cards_of(named("a", depth=2))
    assert taxa[card["trusted"]][0] == "Arca" and card["p"] == 0.9
    assert card["lineage"] == [[0, "Arcidae", 0.97], [1, "Arca", 0.9], [2, "Arca noae", 0.7]]
    assert card["nearest"][1] == ["VG2", "Arca noae", 0.286]


def test_a_card_without_a_trusted_name_has_no_probability_of_one():
    (card,), _ = cards_of(named("a", depth=0, novelty="no such specimen"))
    assert "trusted" not in card and "p" not in card and card["strange"]


def test_a_gap_in_a_lineage_is_left_out():
    (card,), _ = cards_of(named("a", depth=1, genus=None, **{"p:genus": np.nan}))
    assert [name for _, name, _ in card["lineage"]] == ["Arcidae", "Arca noae"]


def test_a_specimen_with_other_photographs_has_another_digest():
    (one,), _ = cards_of(named("a"))
    (same, other), _ = cards_of(named("a"), named("b"))
    (more,), _ = cards_of(named("a"), n_images=2)
    assert one["digest"] == same["digest"]
    assert len({one["digest"], other["digest"], more["digest"]}) == 3


def test_flags_say_what_is_noticed_in_words():
    row = named("a", novelty="new species", novelty_doubt="grey blurred", oddities="grey blurred")
    row |= {"candidates": "Arca sp.", "in_study": "VG9", "ruled_out": 0.75}
    doubted = suspected(pd.DataFrame({"specimen": ["VG3", "VG8"], "suggested": ["Pinna", "Arca"]}))
    assert flags_of(row, doubted) == [
        ["at least a new species", ""],
        ["or its picture", "grey, blurred"],
        ["perhaps", "Arca sp."],
        ["already in the study", "VG9"],
        ["ruled out", "75.0 %"],
        ["doubtful label", "VG3"],
        ["grey", ""],
        ["blurred", ""],
    ]
    assert flags_of(named("b", ruled_out=0.1), doubted | {"VG3": "x"}) == [
        ["doubtful label", "VG3"]
    ]
    assert flags_of(named("c"), {}) == []
    assert flags_of(named("d", novelty=None), {}) == [["cannot be told", ""]]


def test_a_doubted_label_stands_beside_the_known_specimen():
    (card,), _ = cards_of(named("a"), suspects={"VG2": "Pinna nobilis"})
    assert card["nearest"][1][3] == "Pinna nobilis" and len(card["nearest"][0]) == 3


def test_the_page_explains_all_flags_that_it_has_and_no_other():
    tables = tables_of(named("a", oddities="grey"), named("b", novelty="new genus"))
    data = page_data(tables, SETTINGS)
    assert list(data["flags"]) == ["at least a new genus", "grey"]


def test_taxa_come_with_their_lineage_the_finest_first():
    taxa = list_taxa(taxonomy(), STUDY_RANKS)
    assert taxa[0] == ["Arca noae", 3, ["Arcida", "Arcidae", "Arca", "Arca noae"]]
    assert taxa[-1] == ["Ostreida", 0, ["Ostreida"]]
    assert len(taxa) == 3 + 2 + 2 + 2


def test_what_the_scripts_are_given_survives_as_it_is_whatever_names_are():
    tables = tables_of(
        named(HOSTILE), named("</script><script>alert(1)//"), named("95 % Größe\u2028")
    )
    data = page_data(tables, SETTINGS)
    assert json.loads(script_json(data)) == data
    page = page_of(tables)
    written = page.partition('id="study">')[2].partition("</script>")[0]
    assert json.loads(written) == data
    assert "<img" not in page.partition("<main>")[2] and "alert(1)//</" not in page


def test_the_page_says_what_was_refused():
    rejected = pd.DataFrame({"file": [HOSTILE], "reason": ["unreadable"], "detail": ["no image"]})
    page = page_of(tables_of(named("a"), rejected=rejected))
    assert "Refused files and rows (1)" in page and "unreadable" in page
    assert "&lt;img src=x" in page and HOSTILE not in page
    assert "Refused files" not in page_of(tables_of(named("a")))


def test_few_photographs_are_in_the_page_and_many_beside_it():
    tables = tables_of(named("a"))
    few = small_photographs(tables)
    many = few | {f"known/{i}": b"x" for i in range(pictures.FEW)}
    assert 'src="photographs.js"' not in page_of(tables, few)
    assert "showPhotographs({" in page_of(tables, few)
    assert 'src="photographs.js"' in page_of(tables, many)
    assert "showPhotographs({" not in page_of(tables, many)


def test_photographs_of_known_and_unnamed_specimens_do_not_share_a_key(tmp_path):
    specimens = pd.DataFrame([named("VG1", n_images=9)])
    images = pd.DataFrame({"path": [f"VG{i}" for i in range(9)], "specimen": "VG1"})
    images.loc[0, "path"] = "known/VG1"
    known = pd.Series({f"VG{k}": f"labelled/{k}.png" for k in range(1, 8)})
    paths = shown_pictures(specimens, images, tmp_path, known)
    assert len(paths) == PHOTOGRAPHS + 5
    assert paths["unnamed/known/VG1"] == tmp_path / "known/VG1"
    assert paths["known/VG1"] == Path("labelled/1.png") and "known/VG6" not in paths


def test_unnamed_photographs_are_larger_where_there_are_few(tmp_path, monkeypatch):
    Image.new("RGB", (400, 300)).save(tmp_path / "a.png")
    paths = dict.fromkeys(["unnamed/a", "known/a"], tmp_path / "a.png")

    def widths():
        made = make_pictures(paths, (255, 255, 255), 10**6)
        return {key: Image.open(io.BytesIO(photo)).width for key, photo in made.items()}

    assert widths() == {"known/a": 128, "unnamed/a": 256}
    monkeypatch.setattr(pictures, "FEW", 1)
    assert widths() == {"known/a": 128, "unnamed/a": 128}


@pytest.mark.slow
def test_a_page_of_ten_thousand_specimens_can_be_opened():
    n = 10_000
    row = named("x", oddities="grey blurred", novelty="new species", novelty_doubt="grey")
    row |= {"set_size": 20, "set": "; ".join(["Camptochlamys praetermissa"] * 20)}
    specimens = pd.DataFrame(row, index=range(n)).assign(specimen=[f"drawer_{i}" for i in range(n)])
    tables = tables_of(row) | {"specimens": specimens, "images": images_of(specimens)}
    assert len(script_json(page_data(tables, SETTINGS))) < 15e6


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.25, 1.5, "Arca noae, at a distance of 0.25 to 1.5 along the tree"),
        (0.25, np.inf, "Arca noae"),
        (0.0, 0.0, "Arca noae"),
        (np.nan, np.nan, "Arca noae"),
    ],
)
def test_a_relative_is_told_with_how_far_it_is_where_that_is_known(low, high, said):
    row = named("a", relative="Arca noae", relative_low=low, relative_high=high)
    (card,), _ = cards_of(row)
    assert card["relative"] == said


def test_a_specimen_says_where_its_photographs_are_from_and_all_their_files():
    table = pd.DataFrame([named("a")])
    images = images_of(table, 3).assign(locality=["Oman", None, "Oman"])
    places = places_of(list_taxa(taxonomy(), STUDY_RANKS), STUDY_RANKS)
    (card,) = specimen_cards(table, images, RANKS, places, {})
    assert card["place"] == "Oman" and card["files"] == ["a_0.png", "a_1.png", "a_2.png"]
