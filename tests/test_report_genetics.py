import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from visgen.genetics.anchors.files import write_anchors
from visgen.metrics import metrics_table
from visgen.report.genetics.content import (
    anchor_rows,
    genetics_content,
    record_content,
    tree_in_words,
    vectors_in_words,
)
from visgen.report.genetics.findings import genetics_findings
from visgen.report.genetics.rows import agreement_rows, neighbour_rows
from visgen.report.page import render_report
from visgen.tables import write_table

TEMPLATE = Path(__file__).parents[1] / "workflow/report/report.html.jinja"
TIPS = "shuffled_tips"
STEPS = {"within_coarsest": "order", "within_above": "genus"}
HOSTILE = '<script>alert("1 & 2")</script>\'>'
PLAIN = {"source": "sgt", "space": "raw", "scaling": None}
SETTINGS = {
    "sgt": {"engine": "fast", "letters": 2, "symbols": "overlapping", "kappa": 1.0,
            "length_sensitive": False, "scaling": "none"},
    "kmers": {"letters": 4},
    "tree": {"engine": "nj"},
    "anchors": {"sgt": PLAIN},
    "inferred": False,
}  # fmt: skip
MODEL = {
    "engine": "iqtree", "program": "IQ-TREE version 2", "model": "GTR+G4",
    "log_likelihood": "-1234.567", "bootstraps": "100", "seed": "1", "root": "midpoint",
    "n_sequences": "11", "n_taxa": "11", "n_sites": "1301",
}  # fmt: skip


def score(variant, evaluator, metric, value, ends=(np.nan, np.nan), p=np.nan, rank="species", n=87):
    low, high = ends
    labels = {"experiment": "genetics", "variant": variant, "evaluator": evaluator, "rank": rank}
    return labels | {
        "metric": metric, "value": value, "ci_low": low, "ci_high": high, "p": p, "n": n,
    }  # fmt: skip


def null(against, *given, **more):
    return score(*given, **more) | {"role": "expected", "against": against}


def neighbours(variant, accuracy=0.96):
    rows = []
    for suffix, lower in (("", 0.0), ("_distinct", 0.1)):
        value, nearest = accuracy - lower, f"loo_nearest_neighbour{suffix}"
        ends = (value - 0.02, value + 0.01)
        rows.append(score(variant, nearest, "accuracy", value, ends))
        rows.append(score(variant, nearest, "balanced_accuracy", value - 0.05))
        rows.append(null("permuted_labels", variant, nearest, "accuracy", 0.08))
        rows.append(null("permuted_labels", variant, nearest, "balanced_accuracy", 0.025))
    return rows


def trees():
    rows = [
        score("tree", "tree_comparison", "robinson_foulds", 0.25, p=0.01, n=11),
        null(TIPS, "tree", "tree_comparison", "robinson_foulds", 0.98, (0.9, 1), n=11),
        score("tree", "tree_comparison", "clades_found", 0.75, p=0.01, n=11),
        null(TIPS, "tree", "tree_comparison", "clades_found", 0.02, (0, 0.1), n=11),
        score("tree", "tree_comparison", "pearson", 0.91, (0.8, 0.95), 0.001, n=11),
    ]
    for rank, n in (("genus", 5), ("family", 3)):
        measure, more = ("tree", "monophyly", "monophyletic"), {"rank": rank, "n": n}
        rows.append(score(*measure, 0.6, p=0.002, **more))
        rows.append(null(TIPS, *measure, n / 50, (0, 0), **more))
    return rows


def scores(*groups):
    return metrics_table([row for group in groups for row in group])


def mantel(variant, p, within=()):
    """Scores over all pairs, and within groups by step; `within` has p of these."""
    rows = [
        score(variant, "mantel", metric, 0.423, (0.1, 0.66), p, n=13) | {"part": "taxa"}
        for metric in ("pearson", "spearman")
    ]
    for step, its_p in dict(within).items():
        rows += [
            score(variant, "mantel_within", metric, 0.3, (0.2, 0.4), its_p, n=11) | {"part": step}
            for metric in ("pearson", "spearman")
        ]
    return rows


def records(name="s", taxon="Aa x", n_refused=3):
    """Five accepted records, of two taxa with images and one without, and some refused."""
    columns = ["row", "name", "given_taxon", "taxon", "duplicate_of", "status",
               "reason", "detail"]  # fmt: skip
    rows = [
        (1, name, taxon, taxon, "", "accepted", "", ""),
        (2, name, taxon, taxon, name, "accepted", "", "other taxa have the same bases: B"),
        (3, name, "B", "B", "", "accepted", "", "turned: its reverse complement fits"),
        (4, name, "C", "C", "", "accepted", "", ""),
        (5, name, "C", "C", "", "accepted", "", ""),
    ]
    reasons = ["too_short", "too_short", "ambiguous"]
    rows += [
        (6 + i, name, taxon, taxon, "", "refused", reasons[i % 3], name) for i in range(n_refused)
    ]
    return pd.DataFrame(rows, columns=columns)


def genetics(folder, name="study", n_refused=3, metrics=None, settings=SETTINGS, model=MODEL):
    """Return what the page says of sequences; every name is `name`."""
    figure = folder / "figure.png"
    Figure(figsize=(1, 1)).savefig(figure)
    write_table(folder / "sequences.tsv", records(name, name, n_refused))
    columns = ["name", "found_in", "missing_from", "similar_name"]
    unmatched = [(name, "sequences", "images", name), ("Z", "images", "sequences", "")]
    write_table(folder / "unmatched.tsv", pd.DataFrame(unmatched, columns=columns))
    table = pd.DataFrame({"taxon": [name, "B"], "spread": [0.1, np.nan], "source": ["own", "none"]})
    write_table(folder / "sgt.tsv", table)
    write_anchors(folder / "sgt.npz", pd.DataFrame([[1.0, 2]], index=[name]))
    write_table(folder / "model.tsv", pd.DataFrame(model.items(), columns=["key", "text"]))
    given = {
        "sequences": folder / "sequences.tsv",
        "unmatched": folder / "unmatched.tsv",
        "mirrored_figure": figure,
        "sgt_figure": figure,
        "sequence_figure": figure,
        "anchor_figure": figure,
        "anchor_tables": [folder / "sgt.tsv"],
        "anchor_files": [folder / "sgt.npz"],
    }
    if settings["tree"]:
        given |= {"tree_figure": figure, "tree_model": folder / "model.tsv"}
    if metrics is None:
        metrics = scores(neighbours("sgt"), neighbours("kmers"), mantel("sgt", 0.01), trees())
    specimens = pd.DataFrame({"species": [name, name, "B", "D", None]})
    return genetics_content(metrics, specimens, "species", STEPS, settings, given)


def section(content):
    """Return the page's section on sequences, its findings before it."""
    found = "".join(f"<p>{escape(sentence)}</p>" for sentence in content["genetics"]["findings"])
    return found + render_report(TEMPLATE.with_name("genetics.html.jinja"), content)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def test_records_and_taxa_are_counted():
    content = record_content(records().replace("", np.nan), pd.Series(["Aa x", "Aa x", "B", "D"]))
    assert {key: content[key] for key in content if key.startswith("n_")} == {
        "n_records": 8, "n_accepted": 5, "n_refused": 3, "n_copies": 1, "n_shared_bases": 1,
        "n_turned": 1, "n_sequenced": 3, "n_imaged": 3, "n_both": 2,
    }  # fmt: skip
    assert content["reasons"] == [("too_short", 2), ("ambiguous", 1)]
    assert [row["row"] for row in content["refused"]] == [6, 7, 8]


def test_page_tells_what_became_of_every_record(tmp_path):
    text = section(genetics(tmp_path))
    assert "5 of 8 records of the FASTA file are accepted. They are of 3 taxa (species);" in text
    assert "3 taxa have images, 2 have both." in text
    assert "3 records refused (too_short 2, ambiguous 1)" in text
    assert "1 were turned" in text


def test_of_many_refused_records_the_page_has_the_first(tmp_path):
    text = section(genetics(tmp_path, n_refused=211))
    assert "211 records refused" in text
    assert "The first 200; all are in genetics/sequences.tsv." in text
    assert text.count("too_short</td>") + text.count("ambiguous</td>") == 200
    assert "No record was refused." in section(genetics(tmp_path, n_refused=0))


def test_names_much_alike_are_shown_before_all_others(tmp_path):
    text = section(genetics(tmp_path, name="Aa xx"))
    assert "perhaps one taxon spelled in two ways" in text
    assert text.count("<td>Aa xx</td><td>sequences</td><td>images</td><td>Aa xx</td>") == 2
    assert "Names on one side only (2)" in text


def test_hostile_names_stay_text(tmp_path):
    metrics = scores(neighbours("sgt"), trees()).replace({"rank": {"genus": HOSTILE}})
    model = dict.fromkeys(MODEL, HOSTILE) | {"log_likelihood": "-1"}
    hostile = Tags(section(genetics(tmp_path, HOSTILE, metrics=metrics, model=model)))
    plain = Tags(section(genetics(tmp_path, metrics=scores(neighbours("sgt"), trees()))))
    assert "script" not in {tag for tag, _ in hostile.found}
    assert [tag for tag, _ in hostile.found if tag != "p"] == [
        tag for tag, _ in plain.found if tag != "p"
    ]
    assert "".join(hostile.text).count(HOSTILE) > 20


def test_section_has_its_figures_with_words_for_those_who_do_not_see_them(tmp_path):
    images = [a for tag, a in Tags(section(genetics(tmp_path))).found if tag == "img"]
    assert len(images) == 5
    assert all(image["alt"] for image in images)


def test_without_a_tree_the_page_has_no_figure_of_it(tmp_path):
    text = section(genetics(tmp_path, settings=SETTINGS | {"tree": None}, metrics=scores()))
    assert len([tag for tag, _ in Tags(text).found if tag == "img"]) == 4
    assert "How the tree was inferred" not in text
    assert "Do sequences agree with descent?" not in text


def test_page_without_sequences_has_no_such_section():
    text = TEMPLATE.read_text(encoding="utf-8")
    assert text.index('{% if genetics %}\n{{ begin("genetics"') > 0
    for link in re.findall(r".{40}#genetics.{12}", text):
        assert "{% if genetics %}" in link


def test_every_score_of_neighbours_has_its_null_below_it():
    rows = neighbour_rows(scores(neighbours("sgt"), neighbours("kmers", 0.97)))
    assert [(row["vectors"], row["is_null"]) for row in rows] == [
        ("SGT", False), ("SGT", True), ("SGT", False), ("SGT", True),
        ("k-mers", False), ("k-mers", True), ("k-mers", False), ("k-mers", True),
    ]  # fmt: skip
    assert [row["accuracy"]["value"] for row in rows[:4]] == [
        *("96.0 %", "8.0 %", "86.0 %", "8.0 %")
    ]
    assert rows[0]["accuracy"]["interval"] == "94.0 % to 97.0 %"
    assert rows[4]["balanced_accuracy"]["value"] == "92.0 %"


def test_every_score_of_the_tree_has_its_own_null_below_it():
    rows = agreement_rows(scores(mantel("kmers", 0.2)[:1], trees()), STEPS)
    assert [(row["of"], row["rank"], row["value"], row["is_null"]) for row in rows] == [
        ("k-mers", "species", "0.423", False),
        ("inferred tree", "species", "25.0 %", False),
        ("inferred tree", "species", "98.0 %", True),
        ("inferred tree", "species", "75.0 %", False),
        ("inferred tree", "species", "2.0 %", True),
        ("inferred tree", "species", "0.910", False),
        ("inferred tree", "genus", "60.0 %", False),
        ("inferred tree", "genus", "10.0 %", True),
        ("inferred tree", "family", "60.0 %", False),
        ("inferred tree", "family", "6.0 %", True),
    ]
    assert (rows[0]["interval"], rows[1]["interval"]) == ("0.100 to 0.660", "")


def test_rows_say_within_which_rank_and_what_is_expected_of_inherited_likeness():
    inherited = null("brownian_motion", "sgt", "mantel", "pearson", 0.6) | {"part": "taxa"}
    rows = agreement_rows(scores(mantel("sgt", 0.01, {"within_above": 0.2}), [inherited]), STEPS)
    assert [(row["asked"], row["value"], row["is_null"]) for row in rows] == [
        ("distances of vectors and phylogenetic ones, r", "0.423", False),
        ("r if wholly inherited", "0.600", True),
        ("the same, Spearman's r", "0.423", False),
        ("the same within genus, r", "0.300", False),
        ("the same within genus, Spearman's r", "0.300", False),
    ]


def findings(*groups, inferred=False):
    return genetics_findings(scores(*groups), "species", inferred, STEPS)


def test_finding_sets_the_transform_beside_words_of_letters():
    better = findings(neighbours("sgt", 0.98), neighbours("kmers"))
    assert better == [
        "The nearest other sequence names the species of 88.0 % (86.0 % to 89.0 %) of 87 sequences "
        "by SGT and of 86.0 % (84.0 % to 87.0 %) of 87 sequences by k-mers; names dealt at random "
        "give 8.0 %. Copies within a taxon count once."
    ]
    (no_better,) = findings(neighbours("sgt"), neighbours("kmers"))
    assert no_better.endswith("does not tell taxa apart better than plain words of letters.")


SAME = (
    " Agreement was to be expected, since the phylogenetic distances come from these very "
    "sequences."
)


@pytest.mark.parametrize("inferred", [True, False])
@pytest.mark.parametrize(
    ("p", "within", "verdict"),
    [
        (0.01, {}, "Likeness of sequences by SGT follows descent beyond chance"),
        (
            *(0.025, {"within_above": 0.01}),
            "Likeness of sequences by SGT follows descent beyond chance and beyond the genus",
        ),
        (
            *(0.01, {"within_coarsest": 0.05, "within_above": 0.01}),
            "Likeness of sequences by SGT follows descent beyond chance; beyond the order this is "
            "undecided",
        ),
        (0.1, {}, "Whether likeness of sequences by SGT follows descent is undecided"),
        (0.2, {}, "That likeness of sequences by SGT follows descent is not shown"),
    ],
)
def test_finding_of_mantel_tests_says_what_p_and_the_distances_allow(p, within, verdict, inferred):
    numbers = [f"Mantel r = 0.42 (95 % 0.10 to 0.66, p = {p}, 13 taxa; Spearman 0.42, p = {p})"]
    numbers += [
        f"within {STEPS[step]} r = 0.30 (95 % 0.20 to 0.40, p = {its_p}, 11 taxa; "
        f"Spearman 0.30, p = {its_p})"
        for step, its_p in within.items()
    ]
    assert findings(mantel("sgt", p, within), inferred=inferred) == [
        f"{verdict}. {'; '.join(numbers)}." + inferred * SAME
    ]


@pytest.mark.parametrize("inferred", [True, False])
def test_page_says_whether_the_distances_come_from_the_sequences(tmp_path, inferred):
    text = section(genetics(tmp_path, settings=SETTINGS | {"inferred": inferred}))
    assert (SAME in text) == inferred


def test_findings_of_the_tree_stand_beside_shuffled_tips():
    assert findings(trees()) == [
        "The tree inferred from the sequences has 75.0 % of the inner branches of the given tree "
        "(11 taxa; with tips shuffled 2.0 %; p = 0.01); path lengths: r = 0.91 (95 % 0.80 to 0.95, "
        "p = 0.001, 11 taxa).",
        "3 of 5 taxa of the rank genus with two or more tips are clades of the inferred tree; with "
        "tips shuffled 0.5 on average (p = 0.002).",
        "2 of 3 taxa of the rank family with two or more tips are clades of the inferred tree; "
        "with tips shuffled 0.2 on average (p = 0.002).",
    ]


def test_without_scores_nothing_is_found():
    assert findings() == []
    assert neighbour_rows(scores()) == agreement_rows(scores(), STEPS) == []


def test_vectors_are_described_by_their_settings():
    text = vectors_in_words(SETTINGS)
    assert "of overlapping words of 2 letters" in text
    assert "256 values, κ = 1, without regard to length, not scaled." in text
    assert text.endswith("each word of 4 letters, 256 values, scaled to unit length.")
    other = {"letters": 3, "symbols": "binned", "kappa": 0.5, "length_sensitive": True}
    text = vectors_in_words(SETTINGS | {"sgt": SETTINGS["sgt"] | other})
    assert "of binned words of 3 letters" in text
    assert "4,096 values, κ = 0.5, with regard to length" in text


def test_tree_is_described_by_its_facts():
    assert tree_in_words(MODEL) == (
        "Inferred by IQ-TREE version 2 under the model GTR+G4 from 11 aligned sequences of 11 "
        "taxa, 1301 sites; log-likelihood −1234.6; 100 bootstraps; rooted at its midpoint."
    )
    joined = {key: MODEL[key] for key in MODEL if key not in ("program", "log_likelihood")}
    joined |= {"engine": "nj", "bootstraps": "0", "root": "Aa x, Ba y"}
    assert tree_in_words(joined).startswith("Inferred by nj under")
    assert tree_in_words(joined).endswith("1301 sites; no bootstraps; rooted by Aa x, Ba y.")


def test_anchors_are_counted_by_their_source(tmp_path):
    table = pd.DataFrame({
        "taxon": list("abcdef"), "spread": [0.1, 0.3, np.nan, np.nan, np.nan, np.nan],
        "source": ["own", "own", "own", "genus G", "family F", "none"],
    })  # fmt: skip
    anchors = pd.DataFrame([[1.0, 0, 0], [0, 1, 0], [1, 1, 0]], index=list("abc"))
    options = {
        "sgt": PLAIN,
        "dealt": PLAIN | {"source": "random"},
        "drawn": PLAIN | {"source": "random"},
        "tree": PLAIN | {"source": "tree", "space": "centred"},
        "own": PLAIN | {"scaling": "none"},
    }
    for name in options:
        write_table(tmp_path / f"{name}.tsv", table)
        write_anchors(tmp_path / f"{name}.npz", anchors)
    tables, files = ([tmp_path / f"{name}.{end}" for name in options] for end in ("tsv", "npz"))
    measured = metrics_table([
        {"anchors": "sgt", "evaluator": "anchors", "metric": metric, "value": value}
        for metric, value in (("median_cosine", 0.7), ("median_spread", 0.2))
    ])  # fmt: skip
    rows = anchor_rows(measured, tables, files[::-1], options)
    assert [(row["name"], row["made"], row["is_null"]) for row in rows] == [
        ("sgt", "sgt, raw", False),
        ("dealt", "random, raw", True),
        ("drawn", "random, raw", True),
        ("tree", "tree, centred", False),
        ("own", "sgt, raw, not scaled", False),
    ]
    assert [rows[0][key] for key in ("n_own", "n_lent", "n_without", "size")] == [3, 2, 1, 3]
    assert (rows[0]["cosine"], rows[0]["spread"]) == (0.7, 0.2)
    assert (rows[1]["cosine"], rows[1]["spread"]) == (None, None)  # no score, so nothing
