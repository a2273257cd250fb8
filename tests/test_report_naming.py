"""What the page says of specimens that had no name."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visgen.metrics import metrics_table, over_seeds
from visgen.naming.overview import Overview
from visgen.naming.suspects import COLUMNS
from visgen.report.cells import in_round_numbers
from visgen.report.naming.content import SUSPECTS, naming_content
from visgen.report.naming.scores import caution_of, score_findings
from visgen.report.naming.specimens import SHOWN, naming_findings, specimen_rows
from visgen.report.page import render_report
from visgen.tables import write_table

TEMPLATE = Path(__file__).parents[1] / "workflow/report/naming.html.jinja"
RANKS = ["family", "genus", "species"]
SETTINGS = {"ranks": RANKS, "backbone": "net", "confidence": 0.9, "false_flags": 0.05}
SETTINGS |= {"degraded": [], "described": "prior, relatives by taxonomy"}
NOTHING = "no such specimen"


def score(part, rank, evaluator, metric, value, n=11, **more):
    row = {"experiment": "naming", "part": part, "rank": rank, "evaluator": evaluator, "seed": 1}
    row |= {"metric": metric, "value": value, "n": n}
    return row | {"ci_low": value - 0.02, "ci_high": value + 0.02} | more


def of_known():
    return [
        score("test", "species", "joint", "accuracy", 0.84, 113),
        score("test", "species", "joint", "accuracy", 0.03, role="expected")
        | {"against": "most_frequent"},
        score("test", "species", "trusted", "named", 0.78, 113),
        score("test", "species", "trusted", "named_accuracy", 0.91, 89),
        score("test", "all", "trusted", "coverage", 0.92, 113),
        score("test", "all", "novelty", "false_flags", 0.08, 113),
    ]


def of_new(rank="species", n=5, **more):
    return [
        score(f"new_{rank}", rank, "novelty", "flagged", 0.26, n, **more),
        score(f"new_{rank}", rank, "trusted", "named_too_deep", 0.51, n, **more),
        score(f"new_{rank}", rank, "nearest_neighbour", "auroc", 0.731, n, **more),
    ]


def overview(rows):
    return Overview(over_seeds(metrics_table(rows)))


def specimen(name, depth=3, novelty="known", oddities=None, p=(0.97, 0.9, 0.7), **more):
    lineage = ("Arcidae", "Arca", "Arca noae")
    row = {"specimen": name, "n_images": 2, "oddities": oddities, "novelty": novelty}
    row["novelty_doubt"] = None
    row |= {"trusted_rank": RANKS[depth - 1] if depth else None}
    row |= {"trusted_taxon": lineage[depth - 1] if depth else None, "set_size": 3}
    for rank, taxon, probability in zip(RANKS, lineage, p, strict=True):
        row |= {rank: taxon, f"p:{rank}": probability}
    row |= {"nearest_1": "VG7", "taxon_1": "Arca tetragona", "in_study": None}
    return row | more


def drawer(*rows):
    return pd.DataFrame(list(rows))


# how far names can be believed


def test_names_of_unknown_taxa_come_before_those_of_known_ones():
    unknown, known = score_findings(overview([*of_known(), *of_new()]), SETTINGS)
    assert unknown == (
        "A name that is trusted is no proof that the study knows the taxon of an unnamed specimen: "
        "of specimens of an unknown species 51 % (95 %: 49 to 53 %) get a trusted name that cannot "
        "be right, since they look like known ones, and 26 % (95 %: 24 to 28 %) are called new "
        "(tried with 5 taxa a split that were withheld from learning)."
    )
    assert known.startswith(
        "Where the study knows the taxon, of 113 test specimens 78 % (95 %: 76 to 80 %) are named "
        "down to species, and 91 % (95 %: 89 to 93 %) of these names are right;"
    )
    assert "is not wrong of 92 % (95 %: 90 to 94 %), where 90 % are promised" in known
    assert known.endswith(
        "8 % (95 %: 6 to 10 %) are called new and are not, where 5 % are allowed."
    )


def test_the_finest_rank_is_told_first_and_a_single_taxon_has_no_interval():
    alone = {"ci_low": None, "ci_high": None}
    said = caution_of(overview([*of_new("genus", 1, **alone), *of_new("species")]))
    assert said.index("unknown species") < said.index("Of an unknown genus it is 51 % and 26 %")
    assert said.endswith("(1 taxon).")


def test_what_was_not_tried_is_said_not_to_be_known():
    unknown, known = score_findings(overview([]), SETTINGS)
    assert "could not be tried: no taxon could be withheld" in unknown
    assert "no test specimen is of a species that was learned" in known


def test_nearly_all_is_not_all_in_round_numbers():
    found = [in_round_numbers(share) for share in (1.0, 0.996, 0.994, 0.006, 0.004, 0.0)]
    assert found == ["100 %", "over 99 %", "99 %", "1 %", "under 1 %", "0 %"]


# what became of the specimens


def test_specimens_are_counted_by_depth_and_by_how_new_they_look():
    table = drawer(
        *(specimen(f"a{i}") for i in range(3)),
        specimen("b", 2, "new species"),
        specimen("c", 1, "new genus", "blurred"),
        specimen("d", 0, NOTHING, in_study="VG11"),
    )
    assert naming_findings(table, RANKS, 0.9, 2) == [
        "6 unnamed specimens, each named as deep as 90 % confidence allows: 3 down to species, 1 "
        "down to genus, 1 down to family, 1 without a name. 3 look new: 1 like nothing in the "
        "study (another group, or no specimen at all), 1 at least a new genus, 1 at least a new "
        "species. 1 is labelled in the study already: its name is no discovery. 2 "
        "photographs were refused (naming/rejected.tsv). 1 has odd pictures: check these first."
    ]


@pytest.mark.parametrize(
    ("novelty", "words"),
    [
        ("known", "None looks new."),
        (None, "Whether any is new cannot be told: too few labelled specimens."),
        ("new species", "1 looks new: 1 at least a new species."),
    ],
)
def test_a_single_specimen_is_one(novelty, words):
    (said,) = naming_findings(drawer(specimen("a", novelty=novelty)), RANKS, 0.995)
    assert said == (
        "1 unnamed specimen, each named as deep as 99.5 % confidence allows: 1 down to species. "
        + words
    )


def test_rows_say_verdicts_and_oddities_in_words():
    first, second = specimen_rows(
        drawer(specimen("a", 2, "new species", "grey cut_at_border"), specimen("b")), RANKS
    )
    assert first["novelty"] == "at least a new species" and first["is_new"]
    assert first["odd"] == (
        "it has no colour, unlike the study's pictures; more lies across its border than across "
        "those of the study's pictures"
    )
    assert (first["trusted_taxon"], first["trusted_rank"]) == ("Arca", "genus")
    assert first["nearest"] == "Arca tetragona (VG7)"
    assert second["novelty"] == "looks known" and not second["is_new"] and second["odd"] == ""
    assert (second["guess"], second["probability"]) == ("Arca noae", "70.0 %")


def test_what_of_a_picture_may_make_a_specimen_new_is_said():
    grey = {"oddities": "grey", "novelty_doubt": "grey tiny"}
    table = drawer(
        specimen("a", 1, "new genus", **grey), specimen("b"), specimen("c", 1, "new genus")
    )
    assert [row["doubt"] for row in specimen_rows(table, RANKS)] == ["grey, tiny", "", ""]
    (said,) = naming_findings(table, RANKS, 0.9)
    assert said.endswith(
        "1 has odd pictures: check these first. Of 1 that looks new that may be why."
    )


def test_what_is_like_nothing_in_the_study_gets_no_guess_however_probable():
    (row,) = specimen_rows(drawer(specimen("label", 0, NOTHING, p=(1.0, 1.0, 1.0))), RANKS)
    assert row["trusted_taxon"] == "no name" and row["trusted_rank"] == ""
    assert row["novelty"] == "like nothing in the study"
    assert row["guess"] is row["probability"] is row["set_size"] is None


def test_a_lineage_that_ends_early_is_guessed_as_deep_as_it_has_names():
    (row,) = specimen_rows(drawer(specimen("a", species=np.nan, novelty=np.nan)), RANKS)
    assert (row["guess"], row["probability"]) == ("Arca", "90.0 %")
    assert row["novelty"] == "cannot be told" and not row["is_new"]


# the page


def suspects(n):
    rows = [(f"s{i:02d}", "genus", "Arca", "Barbatia", 0.1, 0.8, 2.0, True) for i in range(n)]
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture
def page(tmp_path):
    """Return what makes the section of tables: content and text."""

    def make(table=None, rows=(), n_suspects=2, rejected=0, degraded=()):
        given = {"naming_specimens": [], "naming_rejected": []}
        given["naming_suspects"] = str(tmp_path / "suspects.tsv")
        write_table(given["naming_suspects"], suspects(n_suspects))
        figures = ["answers"]
        if table is not None:
            figures.append("specimens")
            refused = pd.DataFrame({"file": [f"{i}.jpg" for i in range(rejected)]})
            for key, content in (("specimens", table), ("rejected", refused)):
                given[f"naming_{key}"] = [str(tmp_path / f"{key}.tsv")]
                write_table(given[f"naming_{key}"][0], content)
        given["naming_figures"] = [str(tmp_path / f"{name}.png") for name in figures]
        for path in given["naming_figures"]:
            Image.new("RGB", (3, 2)).save(path)
        content = naming_content(
            metrics_table(list(rows)), SETTINGS | {"degraded": list(degraded)}, given
        )
        text = render_report(TEMPLATE, content | {"labels": {"net": "net"}})
        return content["naming"], text.replace("&nbsp;", " ")

    return make


def test_findings_begin_with_what_became_of_specimens_and_how_far_to_believe_it(page):
    found, text = page(drawer(specimen("a")), [*of_known(), *of_new()])
    assert found["findings"][0].startswith("1 unnamed specimen, ")
    assert found["findings"][1].startswith("A name that is trusted")
    assert text.index('"../naming/naming.html"') < text.index("<img") < text.index("<table")
    assert text.count("data:image/webp") == 2
    assert [row["rank"] for row in found["known"]["rows"]] == ["species"]
    assert "<td>an unknown species</td>" in text and ">0.73<" in text


def test_a_model_alone_has_no_table_of_specimens(page):
    found, text = page(None, [*of_known(), *of_new()])
    assert "No photographs were given to be named" in text
    assert found["specimens"] == [] and "trusted name</th>" not in text
    assert "naming.html" not in text
    assert text.count("data:image/webp") == 1
    assert found["findings"][0].startswith("A name that is trusted is no proof")


def test_what_was_not_scored_is_said(page):
    found, text = page(drawer(specimen("a")), [])
    assert found["known"] is found["new"] is None and "warn" not in text
    assert "how often names are right is not known" in text
    assert "what is said of specimens of unknown taxa is not known" in text


def test_known_taxa_alone_have_their_table(page):
    found, text = page(drawer(specimen("a")), of_known())
    assert found["known"] and found["new"] is None
    assert "No taxon could be withheld from learning" in text


def test_degraded_pictures_have_their_table_where_they_were_scored(page):
    flags = score("test_grey", "all", "novelty", "false_flags", 0.27, 113)
    before = {"role": "expected", "against": "as_they_are"}
    rows = [flags, score("test_grey", "all", "novelty", "false_flags", 0.04, 113) | before]
    doubt = {"oddities": "grey", "novelty_doubt": "grey"}
    _, text = page(drawer(specimen("a", 1, "new genus", **doubt)), [*of_known(), *rows])
    assert "Pictures that have lost something" not in text  # none were asked for
    table = drawer(specimen("a", 1, "new genus", **doubt))
    _, text = page(table, [*of_known(), *rows], degraded=["outline", "grey"])
    assert "27.0 % of grey ones." in text and "as they are 4.0 %" in text
    assert "or its picture: grey" in text and "outline" not in text


def test_suspects_are_listed_up_to_a_number(page):
    found, text = page(n_suspects=SUSPECTS + 3)
    assert len(found["suspects"]) == SUSPECTS and found["n_suspects"] == SUSPECTS + 3
    assert f"doubts ({SUSPECTS + 3})" in text and f"The {SUSPECTS} most doubtful" in text


def test_no_suspects_are_none(page):
    _, text = page(n_suspects=0)
    assert (
        "The study doubts none of its own labels." in text
        and "that the study itself doubts" not in text
    )


def test_many_specimens_are_cut_and_refused_files_counted(page):
    table = drawer(*(specimen(f"a{i:03d}") for i in range(SHOWN + 1)))
    found, text = page(table, rejected=2)
    assert len(found["specimens"]) == SHOWN and found["n_specimens"] == SHOWN + 1
    assert f"The first {SHOWN} of {SHOWN + 1}." in text
    assert "naming/rejected.tsv (2)" in text and "2 photographs were refused" in found["lead"]


def test_what_a_new_specimen_may_be_and_what_the_study_has_stand_in_small_print(page):
    one, other = specimen("a", 2, "new species", candidates="Arca imbricata"), specimen("VG5")
    _, text = page(drawer(one, other | {"in_study": "VG5"}))
    assert "<br><small>perhaps Arca imbricata</small>" in text
    assert "<br><small>already in the study: VG5</small>" in text
    assert text.count("<small>perhaps") == text.count("<small>already in the study") == 1


def test_names_are_escaped(page):
    evil = "<script>x</script>"
    row = specimen(evil, trusted_taxon=evil, species=evil, nearest_1=evil, taxon_1=evil)
    row |= {"candidates": evil, "in_study": evil}
    _, text = page(drawer(row))
    assert "<script" not in text and text.count("&lt;script&gt;") == 7
