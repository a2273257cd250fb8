import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from recognition_study import VARIANTS
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, metrics_table, over_seeds
from visgen.report.cells import cell, points
from visgen.report.page import render_report
from visgen.report.visual_genetic.content import (
    omitted_rows,
    published_scores,
    visual_genetic_content,
)
from visgen.report.visual_genetic.findings import visual_genetic_findings
from visgen.report.visual_genetic.rows import (
    evaluator_rows,
    unseen_rows,
    variant_rows,
)
from visgen.report.visual_genetic.spaces import space_rows
from visgen.tables import write_table
from visgen.visual_genetic.figure_names import FIGURES
from visgen.visual_genetic.recognition.evaluators import evaluator_in_words
from visgen.visual_genetic.recognition.hits import METRICS
from visgen.visual_genetic.recognition.nulls import PERMUTED
from visgen.visual_genetic.recognition.unseen_scores import BY_FREQUENCY, UNIFORMLY

TEMPLATE = Path(__file__).parents[1] / "workflow/report/visual_genetic.html.jinja"
HOSTILE = '<script>alert("1 & 2")</script>\'>'


def row(variant, evaluator, metric, value, ends=(np.nan, np.nan), **labels):
    labels = {"part": "test", "rank": "species", "n": 97, "seed": 1} | labels
    labels |= {"experiment": "visual_genetic", "backbone": "b", "variant": variant}
    labels |= {"evaluator": evaluator, "metric": metric, "value": value}
    return labels | {"ci_low": ends[0], "ci_high": ends[1]}


def scores(gain=(0.02, 0.2), p=0.01, n=99, aligned="wd_sgt"):
    """Scores of two variants at one evaluator, with difference, null and a withheld taxon."""
    rows = [row("wd", "knn_5", "balanced_accuracy", 0.5, part="val", n=31)]
    rows.append(row(None, "knn", "neighbours", 5, part="val", n=31, seed=np.nan))
    permuted = {"against": PERMUTED, "n_permutations": n, "seed": np.nan}
    for metric in METRICS:
        rows.append(row("wd", "knn_5", metric, 0.5, (0.4, 0.6)))
        rows.append(row(aligned, "knn_5", metric, 0.6, (0.5, 0.7)))
        rows.append(row(aligned, "knn_5", metric, 0.1, gain, role=DIFFERENCE, against="wd"))
        rows.append(row(aligned, "knn_5", metric, 0.55, (0.5, 0.58), role=EXPECTED, **permuted))
        rows.append(row(aligned, "knn_5", metric, 0.05, p=p, role=DIFFERENCE, **permuted))
    for evaluator, rank in (("knn_5", "genus"), ("anchor", "species")):
        of_rank = {"part": "unseen_species", "rank": rank, "n": 7}
        chance = UNIFORMLY if evaluator == "anchor" else BY_FREQUENCY
        for role, value in ((SCORE, 0.4), (EXPECTED, 0.1), (DIFFERENCE, 0.3)):
            against = None if role == SCORE else chance
            labels = of_rank | {"role": role, "against": against}
            rows.append(
                row(aligned, evaluator, "placed", value, (value - 0.1, value + 0.1), **labels)
            )
    return metrics_table(rows)


def content(folder, metrics=None, variants=VARIANTS, name="c"):
    """Return what the page says; names of taxa and sources are `name`."""
    figures = [folder / f"{figure}.png" for figure in FIGURES]
    for path in figures:
        Figure(figsize=(1, 1)).savefig(path)
    omitted = folder / "wd_sgt" / "seed-1" / "omitted.tsv"
    omitted.parent.mkdir(parents=True, exist_ok=True)
    write_table(omitted, pd.DataFrame({"taxon": [name], "n_images": [5], "reason": [name]}))
    write_table(folder / "p.tsv", pd.DataFrame({
        "source": [name], "rank": "species", "variant": "wd", "metric": "tail_accuracy",
        "value": 0.371, "note": name,
    }))  # fmt: skip
    impossible = pd.DataFrame({"evaluator": ["unseen_genera"], "reason": [name]})
    write_table(folder / "impossible.tsv", impossible)
    given = {
        "visual_genetic_figures": figures,
        "visual_genetic_omitted": [omitted],
        "visual_genetic_impossible": [folder / "impossible.tsv"],
        "visual_genetic_published": [folder / "p.tsv"],
    }
    settings = {"rank": "species", "variants": variants, "tail": 11, "head": 1013}
    metrics = scores() if metrics is None else metrics
    return visual_genetic_content(metrics, settings | {"bootstraps": 503}, given)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def spaces(name="wd"):
    rows = []
    for space, more in (("visual", {"variant": name}), ("genetic", {"anchors": "sgt"})):
        row = {"experiment": "spaces", "evaluator": space, "n": 13} | more
        row |= {"metric": "evenness"}
        rows.append(row | {"value": 0.412})
        chance = {"role": EXPECTED, "against": "random_directions", "n_permutations": 199}
        rows.append(row | chance | {"value": 0.868, "ci_low": 0.851, "ci_high": 0.89})
        if space == "visual":
            row |= {"metric": "nearest_same_group", "n": 11}
            rows.append(row | {"value": 0.385, "p": 0.012})
            rows.append(row | {"value": 0.07, "role": EXPECTED, "against": "dealt_groups"})
    return metrics_table(rows)


def findings(table, pair=("wd", "wd_sgt")):
    return visual_genetic_findings(over_seeds(table), "knn_5", pair, "species")


# --- spaces ---


def test_each_space_stands_above_what_chance_gives():
    rows = space_rows(spaces())
    assert [row["space"] for row in rows] == [
        "visual: wd", "by chance", "genetic: sgt", "by chance",
    ]  # fmt: skip
    assert [row["is_null"] for row in rows] == [False, True] * 2
    assert [row["evenness"]["value"] for row in rows] == ["0.41", "0.87"] * 2
    assert rows[1]["evenness"]["interval"] == "0.85 to 0.89"
    assert [row["same_group"] and row["same_group"]["value"] for row in rows] == [
        "38.5 %", "7.0 %", None, None,
    ]  # fmt: skip
    assert rows[0]["same_group"]["p"] == 0.012


def test_page_has_the_table_of_spaces_where_they_are_scored(tmp_path):
    metrics = pd.concat([scores(), spaces(HOSTILE)])
    text = "".join(Tags(render_report(TEMPLATE, content(tmp_path, metrics))).text)
    assert f"visual: {HOSTILE}" in text
    assert "Evenness" in text and "p from 999 deals" in text
    assert "Evenness" not in render_report(TEMPLATE, content(tmp_path))


# --- findings ---


def test_findings_say_first_what_could_not_be_scored(tmp_path):
    table = scores()
    choice = table["metric"] == "neighbours"
    nothing = table[choice].assign(value=1, n=0)
    (sentence,) = visual_genetic_findings(over_seeds(nothing), "knn_1", ("wd", "wd_sgt"), "species")
    assert sentence.startswith("Recognition of species could not be scored, so this study does not")
    said = content(tmp_path, nothing)["visual_genetic"]
    assert said["chosen"] == "the nearest image" and not said["is_validated"]
    level, alignment = findings(table[choice | (table["variant"] == "wd")])
    assert level.startswith("By 5 nearest images") and alignment.startswith("Images could not be")
    level, *_ = findings(table.assign(n=table["n"].where(~choice, 0)))
    assert level.startswith("By 5 nearest images (without an image to choose a number by on valid")


def test_findings_tell_level_change_null_and_withheld_taxa():
    assert findings(scores()) == [
        "By 5 nearest images (a number chosen on validation), without anchors (wd), the mean share "
        "of test images whose species is recognised is 50.0 % over all taxa (97 specimens, 95 % "
        "40.0 % to 60.0 %) and 50.0 % over those of the tail (97 specimens, 95 % 40.0 % to "
        "60.0 %).",
        "Alignment (wd_sgt) changes that by +10.0 points over all taxa (95 % +2.0 to +20.0) and "
        "+10.0 points over those of the tail (95 % +2.0 to +20.0). A gain is shown over all taxa, "
        "a gain is shown over those of the tail.",
        "With the same anchors dealt to other taxa (99 times) it is 55.0 % over all taxa (50.0 % "
        "to 58.0 %; real anchors p = 0.01) and 55.0 % over those of the tail (50.0 % to 58.0 %; "
        "real anchors p = 0.01). Which taxon has which anchor matters over all taxa and over those "
        "of the tail.",
        "Taxa withheld one by one from all training are placed (wd_sgt) by 5 nearest images: 40.0 "
        "% of a taxon's images at the right genus (7 taxa, 95 % 30.0 % to 50.0 %; by chance 10.0 "
        "%); by the nearest anchor: 40.0 % of a taxon's images at the right species (7 taxa, 95 % "
        "30.0 % to 50.0 %; by chance 10.0 %).",
    ]


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [((-0.1, 0.3), "Cannot tell whether it changes anything."),
     ((np.nan, np.nan), "Cannot tell whether it changes anything."),
     ((0.01, 0.3), "A gain is shown over all taxa, a gain")],
)  # fmt: skip
def test_a_change_is_shown_where_its_interval_leaves_out_zero(gain, verdict):
    assert verdict in findings(scores(gain))[1]


def test_a_loss_is_called_a_loss():
    table = scores((-0.3, -0.1))
    table.loc[table["against"] == "wd", "value"] = -0.2
    assert "−20.0 points over all taxa" in findings(table)[1]
    assert "A loss is shown over all taxa" in findings(table)[1]


def test_real_anchors_that_are_the_worst_of_all_are_called_so():
    table = scores(p=0.4)
    of_tail = table["metric"].eq("tail_accuracy") & table["p"].notna()
    table.loc[of_tail, "p"] = 1.0
    assert findings(table)[2].endswith(
        "Cannot tell whether genes help. Real anchors do no better than any of the permuted ones "
        "over those of the tail."
    )


@pytest.mark.parametrize("p", [0.05, 0.3, 0.99])
def test_a_gain_over_nothing_is_not_laid_to_genetics(p):
    sentence = findings(scores(p=p))[2]
    assert sentence.endswith("Cannot tell whether genes help.")
    assert "matters" not in sentence


def test_too_few_permutations_are_said():
    sentence = findings(scores(p=0.125, n=7))[2]
    assert sentence.endswith("With 7 permutations p cannot fall under 0.125.")


def test_without_permutations_nothing_is_laid_to_genetics():
    table = scores()
    table = table[table["against"] != PERMUTED]
    assert findings(table)[2].startswith("Anchors of wd_sgt were not permuted")


def test_without_an_aligned_variant_nothing_is_said_of_genetics():
    (sentence,) = findings(scores(), None)
    assert sentence.startswith("No variant is aligned")


# --- rows ---


def test_every_aligned_variant_has_change_null_and_gain_below_it():
    rows = variant_rows(over_seeds(scores()), "knn_5", VARIANTS)
    assert [(r["variant"], r["what"], r["is_null"]) for r in rows] == [
        ("control", "", False), ("wd", "", False), ("wd_sgt", "", False),
        ("wd_sgt", "less wd, in points", False),
        ("wd_sgt", "anchors permuted: mean, range", True),
        ("wd_sgt", "less these, in points", False),
    ]  # fmt: skip
    assert rows[0]["cells"] == dict.fromkeys(METRICS)  # no score, and said
    assert rows[3]["cells"]["tail_accuracy"]["value"] == "+10.0"
    assert rows[5]["cells"]["tail_accuracy"]["p"] == 0.01


def test_ways_to_recognise_are_listed_without_differences():
    rows = evaluator_rows(over_seeds(scores()), VARIANTS)
    assert [(r["variant"], r["evaluator"]) for r in rows] == [
        ("wd", "5 nearest images"), ("wd_sgt", "5 nearest images"),
    ]  # fmt: skip
    assert evaluator_in_words("knn_1") == "the nearest image"


def test_withheld_taxa_have_their_own_kind_of_chance():
    knn, anchor = unseen_rows(over_seeds(scores()))
    assert (knn["random"]["value"], knn["uniform"]) == ("10.0 %", None)
    assert (anchor["random"], anchor["uniform"]["value"]) == (None, "10.0 %")
    assert knn["gain"]["value"] == anchor["gain"]["value"] == "+30.0"
    assert (knn["rank"], anchor["rank"], knn["n"], knn["p"]) == ("genus", "species", 7, None)


def test_p_of_withheld_taxa_is_that_of_permuted_anchors():
    labels = {"role": DIFFERENCE, "part": "unseen_species", "n": 7, "seed": np.nan}
    labels |= {"against": PERMUTED, "n_permutations": 19, "p": 0.05}
    permuted = metrics_table([row("wd_sgt", "anchor", "placed", 0.2, **labels)])
    knn, anchor = unseen_rows(over_seeds(pd.concat([scores(), permuted])))
    assert (knn["p"], anchor["p"]) == (None, 0.05)
    assert (anchor["gain"]["value"], anchor["n"]) == ("+30.0", 7)


def test_published_numbers_stand_beside_those_of_the_same_variant():
    published = pd.DataFrame({
        "source": "K", "rank": ["species", "species", "genus", "species"],
        "variant": ["wd", "unknown", "wd", "wd"],
        "metric": ["tail_accuracy", "accuracy", "accuracy", "macro_f1"],
        "value": [0.371, 0.9, 0.8, 0.7], "note": [None, "n", "n", "n"],
    })  # fmt: skip
    rows = published_scores(published, over_seeds(scores()), "knn_5", "species")
    assert [(r["variant"], r["metric"], r["value"]) for r in rows] == [
        ("wd", "tail_accuracy", "37.1 %"), ("unknown", "accuracy", "90.0 %"),
    ]  # fmt: skip
    assert [item["value"] for _, item in rows[0]["here"]] == ["50.0 %"]
    assert rows[1]["here"] == []


def test_cells_write_minus_zero_and_nothing_plainly():
    score = {"value": -0.0001, "ci_low": np.nan, "ci_high": np.nan, "n": 3, "p": np.nan}
    assert cell(score, points) == {"value": "+0.0", "interval": "", "n": 3, "p": None}
    assert cell(None) is None and cell(score | {"value": np.nan}) is None


def test_omitted_taxa_are_joined_over_variants(tmp_path):
    paths = []
    for variant, taxa in (("b", ["x", "y"]), ("a", ["x"]), ("c", [])):
        path = tmp_path / variant / "seed-1" / "omitted.tsv"
        path.parent.mkdir(parents=True)
        table = pd.DataFrame({"taxon": taxa, "n_images": 3, "reason": "no anchor"})
        write_table(path, table.reindex(columns=["taxon", "n_images", "reason"]))
        paths.append(path)
    assert [(r["taxon"], r["variants"]) for r in omitted_rows(paths)] == [("x", "a, b"), ("y", "b")]
    assert omitted_rows(paths[2:]) == omitted_rows([]) == []


def test_images_without_a_label_are_listed_among_what_is_left_out(tmp_path):
    path = tmp_path / "a" / "seed-1" / "omitted.tsv"
    path.parent.mkdir(parents=True)
    columns = ["taxon", "n_images", "reason"]
    write_table(path, pd.DataFrame([(None, 7, "no label at the rank species")], columns=columns))
    (found,) = omitted_rows([path])
    assert (found["taxon"], found["n_images"]) == ("–", 7)


# --- the page ---


def test_section_has_its_figures_rows_and_notes(tmp_path):
    text = render_report(TEMPLATE, content(tmp_path))
    images = [a for tag, a in Tags(text).found if tag == "img"]
    assert len(images) == len(FIGURES) and all(image["alt"] for image in images)
    assert "fewer than 11 training images" in text and "more than 1,013" in text
    assert "Left out: <em>unseen genera</em>, since c." in text
    assert "Left out of training or alignment, and why (1)" in text
    assert len(re.findall(r'<tr class="null">', text)) == 1
    assert "503 bootstrap samples" in text


def test_hostile_names_stay_text(tmp_path):
    hostile = Tags(render_report(TEMPLATE, content(tmp_path, name=HOSTILE)))
    plain = Tags(render_report(TEMPLATE, content(tmp_path)))
    assert "script" not in {tag for tag, _ in hostile.found}
    assert [tag for tag, _ in hostile.found] == [tag for tag, _ in plain.found]
    assert "".join(hostile.text).count(HOSTILE) >= 5


def test_without_published_and_withheld_taxa_their_parts_are_left_out(tmp_path):
    table = scores()
    found = content(tmp_path, table[table["part"] != "unseen_species"])
    found["visual_genetic"] |= {"published": [], "impossible": [], "omitted": []}
    text = render_report(TEMPLATE, found)
    assert "Beside published" not in text
    assert "no training saw" not in text
    assert "left out of an alignment" not in text
