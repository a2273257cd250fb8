import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from recognition_study import UNANCHORED, VARIANTS
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, metrics_table, over_seeds
from visgen.report.cells import cell, points
from visgen.report.page import render_report
from visgen.report.published import is_of_recognition
from visgen.report.visual_genetic.alignment import alignment_rows, marks_of, worse_projections
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
from visgen.visual_genetic.recognition.alignment import ALIGNMENT, COSINES, NEARER
from visgen.visual_genetic.recognition.chance import MOST_FREQUENT, UNIFORM
from visgen.visual_genetic.recognition.evaluators import evaluator_in_words
from visgen.visual_genetic.recognition.hits import METRICS
from visgen.visual_genetic.recognition.nulls import PERMUTED
from visgen.visual_genetic.recognition.unseen_scores import BY_FREQUENCY, UNIFORMLY

TEMPLATE = Path(__file__).parents[1] / "workflow/report/visual_genetic.html.jinja"
ALL = VARIANTS | {
    "wd_seen": UNANCHORED | {"regime": "wd", "stage2": "features"},
    "wd_more": UNANCHORED | {"regime": "wd", "stage2": "supervised", "sampling": "natural"},
    "wd_even": VARIANTS["wd_sgt"] | {"sampling": "balanced"},
}
HOSTILE = '<script>alert("1 & 2")</script>\'>'


def row(variant, evaluator, metric, value, ends=(np.nan, np.nan), **labels):
    labels = {"part": "test", "rank": "species", "n": 97, "seed": 1} | labels
    labels |= {"experiment": "visual_genetic", "backbone": "b", "variant": variant}
    labels |= {"evaluator": evaluator, "metric": metric, "value": value}
    return labels | {"ci_low": ends[0], "ci_high": ends[1]}


def cosines(variant, own, other, permuted=(0.09, 0.02, 0.17), **labels):
    """How near images lie to anchors at the end, and where anchors are permuted."""
    of_val = {"part": "val", "n": 57} | labels
    null = {"role": EXPECTED, "against": PERMUTED, "n_permutations": 99}
    rows = []
    for metric, value in zip(COSINES, (own, other), strict=True):
        rows.append(row(variant, ALIGNMENT, metric, value, **of_val))
        if permuted:
            mean, *ends = permuted
            rows.append(row(variant, ALIGNMENT, metric, mean, ends, **of_val | null))
    return rows


def less(variant, reference, value, ends=(np.nan, np.nan), metrics=METRICS):
    """Differences of a variant to a reference."""
    return [
        row(variant, "knn_5", metric, value, ends, role=DIFFERENCE, against=reference)
        for metric in metrics
    ]


def joined(table, rows):
    return pd.concat([table, metrics_table(rows)])


def scores(gain=(0.02, 0.2), p=0.01, n=99, aligned="wd_sgt", near=(0.8, 0.6)):
    """Scores of two variants at one evaluator, with difference, null and a withheld taxon."""
    rows = cosines(aligned, *near)
    rows += [
        row(None, None, metric, value, role=EXPECTED, against=against)
        for against, value in ((UNIFORM, 0.08), (MOST_FREQUENT, 0.11))
        for metric in METRICS
    ]
    rows.append(row("wd", "knn_5", "balanced_accuracy", 0.5, part="val", n=31))
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


def content(folder, metrics=None, variants=VARIANTS, name="c", published=None):
    """Return what the page says; names of taxa and sources are `name`."""
    figures = [folder / f"{figure}.png" for figure in FIGURES]
    for path in figures:
        Figure(figsize=(1, 1)).savefig(path)
    omitted = folder / "wd_sgt" / "seed-1" / "omitted.tsv"
    omitted.parent.mkdir(parents=True, exist_ok=True)
    write_table(omitted, pd.DataFrame({"taxon": [name], "n_images": [5], "reason": [name]}))
    if published is None:
        published = pd.DataFrame({
            "source": [name], "rank": "species", "variant": "wd", "metric": "tail_accuracy",
            "value": 0.371, "note": name,
        })  # fmt: skip
    write_table(folder / "p.tsv", published)
    impossible = pd.DataFrame({"evaluator": ["unseen_genera"], "reason": [name]})
    write_table(folder / "impossible.tsv", impossible)
    given = {
        "visual_genetic_figures": figures,
        "visual_genetic_omitted": [omitted],
        "visual_genetic_impossible": [folder / "impossible.tsv"],
        "visual_genetic_published": [folder / "p.tsv"],
    }
    settings = {"rank": "species", "variants": variants, "tail": 11, "head": 1013, "steps": 211}
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


def findings(table, variants=VARIANTS):
    return visual_genetic_findings(table, variants, "species", 211)


def genes(table, variants=VARIANTS):
    """Return the sentences on genes alone."""
    told = findings(table, variants)
    return next(s for s in told if s.startswith(("With the same anchors", "Anchors of")))


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


# --- spaces ---


def test_each_space_stands_above_what_chance_gives():
    rows = space_rows(spaces(), {})
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
    (sentence,) = findings(nothing)
    assert sentence.startswith("Recognition of species could not be scored, so this study does not")
    assert findings(pd.concat([nothing, table[table["against"] == UNIFORM]])) == [sentence]
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
        "real anchors p = 0.01). That the right anchors do better than others is shown over all "
        "taxa and over those of the tail. What as much learning without anchors does was not "
        "asked, so that genes help is not claimed; that takes a variant of stage2: supervised and "
        "sampling: natural.",
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


@pytest.mark.parametrize(
    ("p", "verdict"),
    [(0.025, "That the right anchors do better than others is shown over all taxa and over tho"),
     (0.03, "Whether genes help is undecided over all taxa and over those of the tail."),
     (0.1, "Whether genes help is undecided over all taxa and over those of the tail."),
     (0.11, "That genes help is not shown over all taxa and over those of the tail.")],
)  # fmt: skip
def test_genes_are_judged_by_the_p_of_claims(p, verdict):
    sentence = genes(scores(p=p))
    assert verdict in sentence
    assert ("is shown" in sentence) == (p <= 0.025)
    assert "genes help is shown" not in sentence  # nothing is known of learning without anchors


def test_all_taxa_and_the_tail_are_judged_apart():
    table = scores(p=0.4)
    of_tail = table["metric"].eq("tail_accuracy") & table["p"].notna()
    table.loc[of_tail, "p"] = 0.02
    assert (
        "That genes help is not shown over all taxa. That the right anchors do better than others "
        "is shown over those of the tail."
    ) in genes(table)
    table.loc[of_tail, "p"] = 1.0
    assert "not shown over all taxa and over those of the tail. Real anchors do no better" in (
        genes(table)
    )
    assert "than any of the permuted ones over those of the tail." in genes(table)


def test_too_few_permutations_are_said():
    coarse = "Whether genes help cannot be told over all taxa and over those of the tail: with "
    assert f"{coarse}38 permutations p cannot fall under 0.0256." in genes(scores(p=0.0256, n=38))
    assert "is shown over all taxa" in genes(scores(p=0.025, n=39))


def test_without_permutations_nothing_is_laid_to_genetics():
    table = joined(scores(), less("wd_sgt", "wd_more", 0.04, (0.01, 0.07)))
    table = table[table["against"] != PERMUTED]
    told = genes(table, ALL)
    assert told.startswith("Anchors of wd_sgt were not permuted")
    assert "Anchors add to that" in told


WHERE = "over all taxa and over those of the tail"


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [((0.01, 0.07), f"Anchors add to that {WHERE}."),
     ((-0.01, 0.09), f"Whether anchors add anything to it {WHERE} cannot be told"),
     ((-0.09, -0.01), f"As much learning without any does better {WHERE}."),
     ((np.nan, np.nan), f"Whether anchors add anything to it {WHERE} cannot be told")],
)  # fmt: skip
@pytest.mark.parametrize("p", [0.01, 0.3])
def test_beside_the_claim_stands_as_much_learning_without_anchors(ends, verdict, p):
    told = genes(joined(scores(p=p), less("wd_sgt", "wd_more", 0.04, ends)), ALL)
    assert ("That the right anchors do better than others is shown" in told) == (p == 0.01)
    claim = f"That genes help is shown {WHERE}."
    helped = ends[0] > 0 and p == 0.01
    assert (claim in told) == told.endswith(claim) == helped
    assert "Against as much learning without anchors (wd_more) real ones change it by +4.0" in told
    assert verdict in told
    others = ("Anchors add to", "Whether anchors add", "As much learning without any does")
    assert sum(words in told for words in others) == 1


def test_all_taxa_and_the_tail_are_set_apart_against_learning_without_anchors():
    all_taxa = less("wd_sgt", "wd_more", 0.04, (0.01, 0.07), ["balanced_accuracy"])
    tail = less("wd_sgt", "wd_more", 0.04, (-0.01, 0.07), ["tail_accuracy"])
    told = genes(joined(scores(), all_taxa + tail), ALL)
    assert (
        "Anchors add to that over all taxa. Whether anchors add anything to it over those" in told
    )
    assert told.endswith("That genes help is shown over all taxa.")


@pytest.mark.parametrize(("share", "is_fair"), [(0.4, False), (0.6, True)])
def test_permuted_runs_that_are_under_way_prove_nothing(share, is_fair):
    came = row("wd_sgt", ALIGNMENT, NEARER, share, part="train", n=311, n_permutations=99)
    came |= {"role": EXPECTED, "against": PERMUTED}
    told = genes(joined(scores(), [came, *less("wd_sgt", "wd_more", 0.04, (0.01, 0.07))]), ALL)
    assert ("In 40.0 % of the permuted runs alone did training images come" in told) == (
        not is_fair
    )
    assert ("genes help is shown" in told) == is_fair
    assert ("Whether genes help is undecided" in told) == (not is_fair)


def test_a_space_that_is_not_aligned_is_marked_and_has_no_p():
    rows = space_rows(spaces(), {"wd": "not aligned: own 0.120, nearest other 0.190"})
    assert rows[0]["space"] == "visual: wd (not aligned: own 0.120, nearest other 0.190)"
    assert rows[0]["same_group"]["p"] is None and rows[0]["same_group"]["value"] == "38.5 %"


def test_learning_with_other_batches_does_not_stand_for_it():
    variants = ALL | {"wd_more": ALL["wd_more"] | {"sampling": "balanced"}}
    told = genes(joined(scores(), less("wd_sgt", "wd_more", 0.04, (0.01, 0.07))), variants)
    assert "that takes a variant of stage2: supervised and sampling: natural." in told


def test_nothing_is_claimed_from_what_is_not_aligned():
    level, still = findings(scores(near=(0.12, 0.19)))
    assert level.startswith("By 5 nearest images")
    assert still == (
        "Not aligned: after 211 steps images lie no nearer to the anchor of their own taxon than "
        "to the nearest of another, in wd_sgt (own 0.120, nearest other 0.190, 57 validation "
        "images), so that nothing is claimed of genes there. More steps or another learning rate "
        "may help (visual_genetic.alignment.steps, visual_genetic.alignment.learning_rate)."
    )


def test_more_steps_are_not_recommended_where_training_images_came_to_their_anchors():
    learned = cosines("wd_sgt", 0.97, 0.6, part="train", n=311)
    table = joined(scores(near=(0.12, 0.19)), learned)
    (still,) = (s for s in findings(table) if s.startswith("Not aligned"))
    assert "57 validation images)" in still and "More steps" not in still
    assert still.endswith(
        "Training images did come to their anchors, so that more steps will not help: what is "
        "learned does not carry over to images that were not learned from."
    )
    first, second = alignment_rows(table, VARIANTS, 211)
    assert {(row["part"], row["verdict"]) for row in (first, second)} == {
        ("training", None), ("validation", "not aligned"),
    }  # fmt: skip


def test_without_validation_it_is_said_that_images_were_trained_on():
    table = scores(near=(0.12, 0.19))
    of_cosines = table["evaluator"] == ALIGNMENT
    table.loc[of_cosines, "part"] = "train"
    assert "nearest other 0.190, 57 training images)" in findings(table)[1]


def test_the_claim_is_that_of_an_aligned_variant():
    """The first has as many permutations and comes first, but is not aligned."""
    even = scores(near=(0.12, 0.19)).replace({"variant": {"wd_sgt": "wd_even"}})
    both = pd.concat([even[even["variant"] == "wd_even"], scores(p=0.3)])
    variants = {name: ALL[name] for name in ("wd", "wd_even", "wd_sgt")}
    told = findings(both, variants)
    assert told[1].startswith("Alignment (wd_sgt) changes")
    assert "in wd_even (own 0.120" in told[3] and told[4].startswith("Taxa withheld")
    assert not any("further variants" in sentence for sentence in told)


def test_further_variants_are_told_without_a_claim():
    even = scores(p=0.02).replace({"variant": {"wd_sgt": "wd_even"}})
    both = pd.concat([scores(p=0.3), even[even["variant"] == "wd_even"]])
    assert findings(both, ALL)[3] == (
        "Real less permuted anchors in further variants: wd_even +5.0 points over all taxa (p = "
        "0.02) and +5.0 points over those of the tail (p = 0.02). Of several, one may get there by "
        "chance: the claim is that of wd_sgt alone."
    )


def test_a_variant_has_to_be_aligned_in_every_seed():
    again = joined(scores(), cosines("wd_sgt", 0.3, 0.6, seed=2))
    told = findings(again)
    assert len(told) == 2
    assert "images do not lie nearer in every seed to the anchor of their own taxon" in told[1]
    assert "(own 0.550, nearest other 0.600, 57 validation images; 1 of 2 seeds are)" in told[1]
    nearer = joined(scores(), cosines("wd_sgt", 0.7, 0.6, seed=2))
    assert findings(nearer) == findings(scores())


def test_a_projection_that_is_worse_than_its_features_is_said():
    table = joined(scores(), less("wd", "wd_seen", -0.123))
    assert findings(table, ALL)[1] == (
        "The projection of the regime wd (wd) recognises 12.3 points less over all taxa than the "
        "features it is made of (wd_seen): what is learned on from there (wd_sgt, wd_more, "
        "wd_even) starts behind them."
    )
    assert worse_projections(over_seeds(table), "knn_5", ALL) == {"wd": ("wd_seen", -0.123)}
    little = joined(scores(), less("wd", "wd_seen", -0.049))
    assert worse_projections(over_seeds(little), "knn_5", ALL) == {}
    assert not any("projection" in sentence for sentence in findings(little, ALL))


def test_without_an_aligned_variant_nothing_is_said_of_genetics():
    (sentence,) = findings(scores(), {"wd": VARIANTS["wd"]})
    assert sentence.startswith("No variant is aligned")


# --- rows ---


def test_every_variant_has_its_differences_null_and_gain_below_it():
    table = joined(scores(), less("wd_sgt", "wd_more", 0.04) + less("wd_sgt", "wd_seen", -0.07))
    rows = variant_rows(over_seeds(table), "knn_5", ALL, {})
    assert [(r["variant"], r["what"], r["is_null"]) for r in rows] == [
        ("–", "blind: any taxon alike", True),
        ("–", "blind: the taxon with most images", True),
        ("control", "", False), ("wd", "", False), ("wd_sgt", "", False),
        ("wd_sgt", "less wd, in points", False), ("wd_sgt", "less wd_seen, in points", False),
        ("wd_sgt", "less wd_more, in points", False),
        ("wd_sgt", "anchors permuted: mean, range", True),
        ("wd_sgt", "less permuted, in points", False),
        ("wd_seen", "", False), ("wd_more", "", False), ("wd_even", "", False),
    ]  # fmt: skip
    assert [row["cells"]["tail_accuracy"]["value"] for row in rows[:2]] == ["8.0 %", "11.0 %"]
    assert rows[2]["cells"] == dict.fromkeys(METRICS)  # no score, and said
    changes = [row["cells"]["tail_accuracy"]["value"] for row in rows[5:8]]
    assert changes == ["+10.0", "−7.0", "+4.0"]
    assert rows[9]["cells"]["tail_accuracy"]["p"] == 0.01
    stages = {row["variant"]: row["stage2"] for row in rows[2:]}
    assert stages == {
        "control": "none: features", "wd": "none: projection", "wd_sgt": "to sgt",
        "wd_seen": "none: features", "wd_more": "without anchors",
        "wd_even": "to sgt, each taxon as often",
    }  # fmt: skip


def test_what_is_not_aligned_is_marked_and_has_no_p():
    labels = {"part": "unseen_species", "n": 7, "seed": np.nan, "against": PERMUTED, "p": 0.02}
    gain = row("wd_sgt", "anchor", "placed", 0.2, role=DIFFERENCE, **labels)
    table = joined(scores(near=(0.12, 0.19)), [gain, *less("wd", "wd_seen", -0.07)])
    marks = marks_of(table, "knn_5", ALL)
    assert marks == {
        "wd": "worse than its features", "wd_sgt": "not aligned: own 0.120, nearest other 0.190",
    }  # fmt: skip
    mean = over_seeds(table)
    rows = variant_rows(mean, "knn_5", ALL, marks)
    assert {row["mark"] for row in rows if row["variant"] == "wd_sgt"} == {marks["wd_sgt"]}
    assert {cell["p"] for row in rows for cell in row["cells"].values() if cell} == {None}
    assert [row["mark"] for row in evaluator_rows(mean, ALL, marks)] == list(marks.values())
    assert [(r["mark"], r["p"]) for r in unseen_rows(mean, marks)] == [(marks["wd_sgt"], None)] * 2


def test_alignment_has_cosines_and_a_verdict():
    table = joined(scores(), cosines("wd_even", 0.1, 0.2, None, n=1))
    further = ALL | {"wd_none": ALL["wd_sgt"]}
    aligned, still, none = alignment_rows(table, further, 211)
    assert (aligned["variant"], aligned["steps"], aligned["part"], aligned["n"]) == (
        "wd_sgt", 211, "validation", 57,
    )  # fmt: skip
    assert (aligned["own"]["value"], aligned["other"]["value"]) == ("0.800", "0.600")
    assert aligned["permuted_own"]["value"] == "0.090"
    assert aligned["permuted_other"]["interval"] == "0.020 to 0.170"
    assert [row["verdict"] for row in (aligned, still, none)] == [
        "aligned", "not aligned", "could not be aligned",
    ]  # fmt: skip
    assert still["permuted_own"] is still["permuted_other"] is none["own"] is none["n"] is None


def test_ways_to_recognise_are_listed_without_differences():
    rows = evaluator_rows(over_seeds(scores()), VARIANTS, {})
    assert [(r["variant"], r["evaluator"]) for r in rows] == [
        ("wd", "5 nearest images"), ("wd_sgt", "5 nearest images"),
    ]  # fmt: skip
    assert evaluator_in_words("knn_1") == "the nearest image"


def test_withheld_taxa_have_their_own_kind_of_chance():
    knn, anchor = unseen_rows(over_seeds(scores()), {})
    assert (knn["random"]["value"], knn["uniform"]) == ("10.0 %", None)
    assert (anchor["random"], anchor["uniform"]["value"]) == (None, "10.0 %")
    assert knn["gain"]["value"] == anchor["gain"]["value"] == "+30.0"
    assert (knn["rank"], anchor["rank"], knn["n"], knn["p"]) == ("genus", "species", 7, None)


def test_p_of_withheld_taxa_is_that_of_permuted_anchors():
    labels = {"role": DIFFERENCE, "part": "unseen_species", "n": 7, "seed": np.nan}
    labels |= {"against": PERMUTED, "n_permutations": 19, "p": 0.05}
    permuted = metrics_table([row("wd_sgt", "anchor", "placed", 0.2, **labels)])
    knn, anchor = unseen_rows(over_seeds(pd.concat([scores(), permuted])), {})
    assert (knn["p"], anchor["p"]) == (None, 0.05)
    assert (anchor["gain"]["value"], anchor["n"]) == ("+30.0", 7)


PUBLISHED = pd.DataFrame({
    "source": "K", "rank": ["species", "species", "genus", "species", "species", "species"],
    "variant": ["wd", "unknown", "wd", "wd", "forest", "wd_sgt"],
    "against": [None, None, None, None, None, "wd"],
    "metric": ["tail_accuracy", "accuracy", "accuracy", "macro_f1", "accuracy", "accuracy"],
    "value": [0.371, 0.9, 0.8, 0.7, 0.6, 0.169], "note": [None, "n", "n", "n", "n", "n"],
})  # fmt: skip


def test_published_numbers_stand_beside_those_of_the_same_variant():
    rows = published_scores(PUBLISHED.iloc[[0, 1, 5]], over_seeds(scores()), "knn_5")
    assert [(r["variant"], r["against"], r["metric"], r["value"]) for r in rows] == [
        ("wd", "", "tail_accuracy", "37.1 %"), ("unknown", "", "accuracy", "90.0 %"),
        ("wd_sgt", "wd", "accuracy", "+16.9"),
    ]  # fmt: skip
    assert [item["value"] for _, item in rows[0]["here"]] == ["50.0 %"]
    assert rows[1]["here"] == []
    assert [item["value"] for _, item in rows[2]["here"]] == ["+10.0"]  # .6 less .5, not .6


def test_every_published_number_is_of_one_section_also_without_its_variant():
    forest = row("forest", "independent", "accuracy", 0.4) | {"experiment": "classification"}
    both = pd.concat([scores(), metrics_table([forest])])
    assert is_of_recognition(PUBLISHED, both).tolist() == [True, True, False, False, False, True]
    alone = both[both["experiment"] == "classification"]
    assert not is_of_recognition(PUBLISHED, alone).any()


def test_a_published_difference_and_an_unknown_variant_are_on_the_page(tmp_path):
    found = content(tmp_path, published=PUBLISHED)
    shown = [(r["variant"], r["metric"]) for r in found["visual_genetic"]["published"]]
    assert shown == [
        ("wd", "tail_accuracy"), ("unknown", "accuracy"), ("forest", "accuracy"),
        ("wd_sgt", "accuracy"),
    ]  # fmt: skip
    text = " ".join(Tags(render_report(TEMPLATE, found)).text)
    assert re.search(r"unknown\s+accuracy\s+90.0\s%\s+–\s+n\b", text)
    assert re.search(r"wd_sgt less wd\s+accuracy, in points\s+\+16.9\s+\+10.0\s", text)


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
    assert "fewer than 11 images outside the test part" in text and "more than 1,013" in text
    assert "Left out: <em>unseen genera</em>, since c." in text
    assert "Left out of training or alignment, and why (1)" in text
    assert len(re.findall(r'<tr class="null">', text)) == 3
    assert "Whether images came to their anchors" in text and "<td>aligned</td>" in text
    assert "503 bootstrap samples" in text


def test_page_marks_what_is_not_aligned(tmp_path):
    text = render_report(TEMPLATE, content(tmp_path, scores(near=(0.12, 0.19))))
    mark = "wd_sgt<br><small>not aligned: own 0.120, nearest other 0.190</small>"
    assert text.replace("<wbr>", "").count(mark) == 4 + 1 + 2
    assert "<td>not aligned</td>" in text


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
