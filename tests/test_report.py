import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from jinja2 import UndefinedError
from matplotlib.figure import Figure
from visgen.metrics import metrics_table
from visgen.report import content
from visgen.report.page import (
    embed_image,
    format_number,
    format_p,
    format_percent,
    is_nothing,
    render_report,
)
from visgen.tables import write_table

TEMPLATE = Path(__file__).parents[1] / "workflow/report/report.html.jinja"
HOSTILE = '<script>alert("1 & 2")</script>\'>'
BASELINES = ["most_frequent", "uniform"]


def classification(values, backbone="net"):
    """One score of each variant, over two seeds; `values` has (value, ci_low, ci_high)."""
    return [
        {"experiment": "classification", "variant": variant, "backbone": backbone, "rank": "genus"}
        | {"part": "test", "seed": seed, "metric": metric, "n": 31}
        | {"value": value, "ci_low": low, "ci_high": high}
        for variant, (value, low, high) in values.items()
        for seed in (1, 2)
        for metric in ("accuracy", "balanced_accuracy", "macro_f1")
    ]


def agreement(p, p_shuffled, variant="mean"):
    labels = {"experiment": "embedding", "variant": variant, "backbone": "net", "rank": "family"}
    labels |= {"part": "all", "seed": 1, "n": 17}
    rows = [
        labels | {"evaluator": test, "metric": metric, "value": 0.423, "p": p, **ends}
        for test, ends in (
            ("mantel", {"ci_low": 0.1, "ci_high": 0.6}),
            ("mantel_within", {}),
        )
        for metric in ("pearson", "spearman")
    ]
    if p_shuffled is None:
        return rows
    shuffled = labels | {"evaluator": "shuffled_specimens"}
    rows.append(shuffled | {"metric": "pearson", "value": 0.423, "p": p_shuffled})
    random = {"metric": "pearson_shuffled", "value": -0.001, "ci_low": -0.2, "ci_high": 0.2}
    return [*rows, shuffled | random]


RANKS = pd.DataFrame({
    "rank": ["genus"], "n_taxa": [7], "n_images": [1234], "n_unlabelled": [3], "min_images": [1],
    "median_images": [5.0], "max_images": [101], "imbalance": [101.0], "largest_share": [0.5],
    "effective_taxa": [3.3], "gini": [0.61],
})  # fmt: skip
NOTES = ["note", "rank", "name", "n_images", "n_specimens", "detail"]


def page(folder, name="study", tree_rank="family"):
    """Return a page on which every name is `name`."""
    figure = folder / "figure.png"
    Figure(figsize=(1, 1)).savefig(figure)
    write_table(folder / "none.tsv", pd.DataFrame(columns=["variant", "evaluator", "reason"]))
    omitted = pd.DataFrame([(1, name, name), (2, name, name)], columns=["seed", "rank", "reason"])
    write_table(folder / "omitted.tsv", omitted)
    columns = ["taxon", "found_in", "missing_from", "similar_name"]
    missing = pd.DataFrame([(name, "study", "distances", name)], columns=columns)
    write_table(folder / "missing.tsv", missing)
    write_table(folder / "few.tsv", pd.DataFrame({"taxon": [name], "n_images": [2]}))
    metrics = metrics_table(
        classification({name: (0.6, 0.5, 0.7), "uniform": (0.2, 0.1, 0.3)}, backbone=name)
        + agreement(0.01, 0.01, variant=name)
    )
    rejected = pd.DataFrame({"file": [name] * 211, "reason": name, "detail": name})
    given = {
        "dataset": name,
        "simulated": False,
        "tree_rank": tree_rank,
        "permutations": 9999,
        "min_images": 3,
        "bootstraps": 1999,
        "counts": figure,
        "left_out": content.left_out(tree_rank, None),
        "provenance": {
            "workflow": {"commit": None, "changed": None},
            "machine": {"system": name},
            "images": {"sha256": "0" * 64},
            "software": {name: name},
            "features": [{"shard": name, "device": name, "precision": name, "software": name}],
            "inputs": {name: name},
        },
    }
    specimens = pd.DataFrame({"specimen": [name] * 1237})
    given |= content.specimen_content(specimens, RANKS.assign(rank=name), rejected)
    shared = pd.DataFrame([("shared_specimen", np.nan, name, 2, 1, name)], columns=NOTES)
    given |= content.split_content([shared], RANKS.assign(rank=name))
    metrics["rank"] = metrics["rank"].replace("genus", name)
    score_figures = [str(figure)]
    given |= content.classification_content(
        metrics, [name], BASELINES, score_figures, [folder / "omitted.tsv"]
    )
    if tree_rank:
        given["distance_figure"] = figure
        given |= content.descent_content(
            metrics,
            [str(figure)],
            [folder / "none.tsv"],
            folder / "few.tsv",
            folder / "missing.tsv",
        )
    return render_report(TEMPLATE, given)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def test_hostile_names_stay_text(tmp_path):
    plain, hostile = Tags(page(tmp_path)), Tags(page(tmp_path, HOSTILE))
    assert "script" not in {tag for tag, _ in hostile.found}
    assert [tag for tag, _ in hostile.found] == [tag for tag, _ in plain.found]
    assert [set(x) for _, x in hostile.found] == [set(x) for _, x in plain.found]
    assert "".join(hostile.text).count(HOSTILE) > 200


def test_page_needs_no_other_file(tmp_path):
    text = page(tmp_path)
    assert "://" not in text
    assert not re.search(r"@import|url\(", text)
    for tag, attributes in Tags(text).found:
        assert tag not in {"link", "script", "iframe"}
        assert attributes.get("href", "#").startswith("#")


def test_every_figure_is_in_the_page(tmp_path):
    images = [attributes for tag, attributes in Tags(page(tmp_path)).found if tag == "img"]
    assert len(images) == 4  # counts, scores, distances, embedding
    assert {image["src"] for image in images} == {embed_image(tmp_path / "figure.png")}
    assert all(image["alt"] for image in images)


def test_links_lead_somewhere(tmp_path):
    found = Tags(page(tmp_path)).found
    targets = {attributes.get("id") for _, attributes in found}
    links = [attributes["href"].removeprefix("#") for tag, attributes in found if tag == "a"]
    assert links
    assert set(links) <= targets


def test_numbers_of_the_study_are_on_the_page(tmp_path):
    text = page(tmp_path)
    for part in ("<b>1,237</b> images", "<b>211</b> rows", "The first 200;", "9,999", "1,999"):
        assert part in text
    assert "1 specimens have images in more than one part" in text
    assert "study in 2 of 1 seeds (study)" in text  # 2 seeds in omitted.tsv, 1 table of notes


def test_without_a_tree_the_section_says_it_is_left_out(tmp_path):
    text = page(tmp_path, tree_rank=None)
    assert "No tree and no distances were given, so this part is left out." in text
    assert "the comparison of look and descent, since neither inputs.tree" in text
    assert "Mantel r =" not in text
    assert "Mantel r =" in page(tmp_path)


def test_name_that_the_template_lacks_is_an_error(tmp_path):
    (tmp_path / "template").write_text("{{ there }} {{ lacking }}")
    with pytest.raises(UndefinedError, match="'lacking' is undefined"):
        render_report(tmp_path / "template", {"there": 1})


def classification_finding(values):
    rows = content.classification_rows(
        metrics_table(classification(values)), ["family", "genus"], BASELINES
    )
    return content.classification_findings(rows)


def test_finding_where_a_classifier_beats_the_baselines():
    values = {"most_frequent": (0.2, 0.2, 0.2), "random_forest": (0.6, 0.5, 0.71)}
    assert classification_finding(values | {"uniform": (0.25, 0.1, 0.4)}) == [
        "Genus: random forest on net has a balanced accuracy of 60.0 % (95 % interval 50.0 % to "
        "71.0 %, 31 test specimens); the best baseline that does not see the images has 25.0 %. "
        "The interval lies above it."
    ]


@pytest.mark.parametrize("forest", [(0.3, 0.2, 0.4), (0.3, 0.25, 0.4), (0.1, 0.05, 0.2)])
def test_finding_where_a_classifier_does_not_beat_them(forest):
    values = {"random_forest": forest, "uniform": (0.25, 0.1, 0.4)}
    (sentence,) = classification_finding(values)
    assert sentence.endswith("does not lie above it: nothing beyond chance is shown.")


def test_baseline_of_another_backbone_does_not_count():
    metrics = metrics_table(
        classification({"random_forest": (0.6, 0.5, 0.7)})
        + classification({"uniform": (0.9, 0.9, 0.9)}, backbone="other")
    )
    rows = content.classification_rows(metrics, ["genus"], BASELINES)
    assert [row["is_baseline"] for row in rows] == [False, True]
    (sentence,) = content.classification_findings(rows)
    assert "baseline" not in sentence


def test_classification_rows_follow_the_ranks_and_count_the_seeds():
    metrics = metrics_table(classification({"random_forest": (0.6, 0.5, 0.7)}))
    metrics = pd.concat([metrics, metrics.assign(rank="order", n=11)])
    rows = content.classification_rows(metrics, ["order", "family", "genus"], BASELINES)
    assert [(row["rank"], row["n"], row["n_seeds"]) for row in rows] == [
        ("order", 11, 2),
        ("genus", 31, 2),
    ]


@pytest.mark.parametrize(
    ("p", "p_shuffled", "verdict"),
    [
        (0.049, 0.001, "Look follows descent beyond chance, as far as r says."),
        (0.05, 0.001, "No agreement is shown."),
        (0.001, 0.05, "No agreement is shown: the numbers of images per taxon alone give as much."),
    ],
)
def test_finding_of_agreement_needs_both_tests(p, p_shuffled, verdict):
    rows = content.agreement_rows(metrics_table(agreement(p, p_shuffled)))
    assert [row["test"] for row in rows] == ["mantel", "mantel_within"]
    (sentence,) = content.agreement_findings(rows)
    assert sentence.startswith(
        "Visual and phylogenetic distance (mean vectors, net): Mantel r = 0.42, p = "
    )
    assert "17 taxa; with specimens dealt to the taxa at random r = 0.00 on average" in sentence
    assert sentence.endswith(verdict)


def test_random_vectors_make_no_finding():
    rows = content.agreement_rows(metrics_table(agreement(0.001, None, variant="random")))
    assert len(rows) == 2
    assert content.agreement_findings(rows) == []


def test_untested_taxa_are_means_over_seeds():
    one = pd.DataFrame(
        [("untested", "genus", "A", 1, 1, ""), ("shared_specimen", np.nan, "s", 2, 1, "")],
        columns=NOTES,
    )
    two = pd.DataFrame([("untrained", "genus", "B", 1, 1, "")], columns=NOTES)
    found = content.split_content([one, two, one], RANKS)
    (row,) = found["untested_rows"]
    assert (row["untested"], row["untrained"]) == pytest.approx((2 / 3, 1 / 3))
    assert (found["n_seeds"], found["n_shared_specimens"]) == (3, 1)


def test_parts_without_inputs_are_named():
    assert content.left_out("family", "species") == []
    assert [part.split(",")[0] for part in content.left_out(None, None)] == [
        "the comparison of look and descent",
        "counts of sequences",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (0, "0"),
        (0.12345, "0.123"),
        (-0.5, "−0.500"),
        (-0.0004, "0.000"),
        (-0.0, "0.000"),
        (np.float64(2), "2.000"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_numbers_are_written_for_reading(value, text):
    assert format_number(value) == text


def test_shares_and_p_values_are_written_for_reading():
    assert [format_percent(x) for x in (0.1234, 1, 0.0, np.nan)] == [
        "12.3 %",
        "100.0 %",
        "0.0 %",
        "–",
    ]
    assert [format_p(x) for x in (1.0, 0.473, 0.0012, 0.0001, np.nan)] == [
        "1",
        "0.47",
        "0.0012",
        "0.0001",
        "–",
    ]
    assert is_nothing(None)
    assert is_nothing(np.nan)
    assert not is_nothing(0.0)
