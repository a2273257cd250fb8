"""What the cards of the page's first screen say, of rows of scores."""

import re

import numpy as np
import pandas as pd
import pytest
from visgen.claims import CHANCE
from visgen.metrics import metrics_table, over_seeds
from visgen.naming.novelty import KNOWN
from visgen.naming.overview import Overview
from visgen.prior.scoring import NOTHING, SEEN, beyond
from visgen.report.answers.answer import NOT_SHOWN, OPEN, PARTLY, YES
from visgen.report.answers.content import answers_content
from visgen.report.answers.descent import answer_descent
from visgen.report.answers.rare import answer_rare
from visgen.report.answers.recognition import answer_recognition
from visgen.report.answers.unnamed import answer_unnamed
from visgen.report.embedding.agreement import verdicts_of
from visgen.report.prior.findings import rows_by_key

STEPS = {"within_coarsest": "order", "within_above": "genus"}


def score(value, low=None, high=None, **others):
    return {"value": value, "ci_low": low, "ci_high": high} | others


# --- can taxa be told apart? -------------------------------------------------------------------


def chosen(rank, accuracy, best=0.1, backbone="net", validation=0.5, mcc=None, is_baseline=False):
    return {
        "rank": rank,
        "backbone": backbone,
        "is_chosen": True,
        "is_baseline": is_baseline,
        "best_baseline": best,
        "validation": {"value": validation},
        "cells": {"balanced_accuracy": accuracy} | ({"mcc": mcc} if mcc else {}),
        "n": 31,
    }


CLEAR, UNCLEAR = score(0.6, 0.5, 0.7), score(0.2, 0.05, 0.3)


@pytest.mark.parametrize(
    ("family", "species", "kind", "headline"),
    [
        (CLEAR, CLEAR, YES, "Yes, down to the species"),
        (CLEAR, UNCLEAR, PARTLY, "Partly: down to the family"),
        (UNCLEAR, CLEAR, YES, "Yes, down to the species"),
        (UNCLEAR, UNCLEAR, OPEN, "Cannot be told"),
    ],
)
def test_taxa_are_told_apart_down_to_the_finest_rank_above_guessing(
    family, species, kind, headline
):
    answer = answer_recognition([chosen("family", family), chosen("species", species)], [])
    assert (answer.kind, answer.headline) == (kind, headline)
    assert [line.label for line in answer.lines] == ["family", "species"]
    assert answer.lines[0].null == 10 and answer.section == "classification"
    # The number is that of the rank in the headline.
    told = species if kind == YES else family if kind == PARTLY else species
    assert answer.number.startswith(f"{100 * told['value']:.1f} %")
    assert "31 test specimens" in answer.number and "10.0 %" in answer.null


def test_names_that_are_better_than_guesses_and_mostly_wrong_are_called_so():
    rarely = score(0.25, 0.2, 0.3)
    answer = answer_recognition([chosen("family", CLEAR), chosen("species", rarely)], [])
    assert (answer.kind, answer.headline) == (PARTLY, "Partly: down to the family")
    assert "down to the species (25 % right)" in answer.sentence
    assert "cannot be told" not in answer.sentence and answer.number.startswith("60.0 %")
    answer = answer_recognition([chosen("family", rarely), chosen("species", UNCLEAR)], [])
    assert (answer.kind, answer.headline) == (PARTLY, "Partly: better than guessing")
    assert (
        "names the family of 25 %" in answer.sentence and "most names are wrong" in answer.sentence
    )
    assert "For the species that cannot be told" in answer.sentence


def test_a_guess_that_was_chosen_is_no_effect_and_an_edge_is_no_answer():
    answer = answer_recognition([chosen("species", CLEAR, is_baseline=True)], [])
    assert (answer.kind, answer.headline) == (NOT_SHOWN, "Not shown")
    at_the_edge = chosen("species", score(0.3, 0.1, 0.5), best=0.1)
    assert answer_recognition([at_the_edge], []).kind == OPEN


@pytest.mark.parametrize(("low", "kind"), [(0.1, YES), (-0.1, OPEN), (None, OPEN)])
def test_without_an_interval_the_correlation_of_truth_and_guess_decides(low, kind):
    row = chosen("species", score(0.5), mcc=score(0.3, low, None if low is None else 0.5))
    answer = answer_recognition([row], [])
    assert answer.kind == kind and "no interval" in answer.number
    assert answer.lines[0].low is None


def test_the_backbone_that_was_best_on_validation_is_told_whatever_the_test_says():
    rows = [
        chosen("species", score(0.9, 0.8, 1.0), backbone="lucky", validation=0.2),
        chosen("species", score(0.6, 0.5, 0.7), backbone="good", validation=0.4),
    ]
    assert answer_recognition(rows, []).number.startswith("60.0 %")


def test_nothing_scored_says_why():
    answer = answer_recognition([], ["No classifier could be scored."])
    assert (answer.kind, answer.sentence) == (OPEN, "No classifier could be scored.")
    assert answer.number == "" and answer.lines == ()


# --- does look follow descent? -----------------------------------------------------------------


def mantel(step, r, p, n_permutations=999, backbone="net"):
    test = score(r, r - 0.1, r + 0.1, p=p, n_permutations=n_permutations, n=41)
    return {
        "step": step,
        "backbone": backbone,
        "variant": "mean",
        "is_random": False,
        "n": 41,
        "pearson": test,
        "spearman": test,
        "dealt": test,
        "of_deals": score(0.02),
        "power": 0.9,
    }


@pytest.mark.parametrize(
    ("p", "kind", "headline"),
    [
        ((0.001, 0.001, 0.001), YES, "Yes, even within one genus"),
        ((0.001, 0.001, 0.4), PARTLY, "Partly: not shown within one genus"),
        ((0.001, 0.4, 0.001), PARTLY, "Partly: not shown within one order"),
        ((0.001, 0.001, 0.06), PARTLY, "Partly: undecided within one genus"),
        ((0.001, None, None), YES, "Yes"),
        ((0.4, 0.001, 0.001), NOT_SHOWN, "Not shown"),
        ((0.06, 0.001, 0.001), OPEN, "Undecided"),
    ],
)
def test_descent_is_answered_step_by_step(p, kind, headline):
    asked = [(step, its) for step, its in zip([CHANCE, *STEPS], p, strict=True) if its is not None]
    rows = [mantel(step, 0.3, its) for step, its in asked]
    verdicts = verdicts_of({row["step"]: row for row in rows}, STEPS)
    answer = answer_descent(rows, verdicts, STEPS, "species", [])
    assert (answer.kind, answer.headline) == (kind, headline)
    assert answer.number.startswith("r = 0.30 (95 % interval 0.20 to 0.40; 41 taxa; p = ")
    assert answer.null.endswith("r = 0.02")
    assert answer.lines[0].label == "all pairs"


def test_a_control_answers_only_where_nothing_else_does():
    page = {"classification": [], "classification_findings": ["None."], "tree_rank": "species"}
    page |= {"labels": {"net": "net", "blank": "blank (control)"}, "prior": None, "naming": None}
    rows = [mantel(CHANCE, 0.1, 0.4, backbone="blank"), mantel(CHANCE, 0.3, 0.001)]
    both = answers_content(metrics_table([]), page | {"agreement": rows}, STEPS, [])
    assert both["answers"][1].number.startswith("r = 0.30")
    alone = answers_content(metrics_table([]), page | {"agreement": rows[:1]}, STEPS, [])
    assert alone["answers"][1].number.startswith("r = 0.10")
    assert [answer.headline for answer in alone["answers"]] == [
        "Cannot be told", "Not shown", "Not asked", "Not asked",
    ]  # fmt: skip


def test_steps_that_were_not_asked_are_not_drawn():
    rows = [mantel(step, 0.3, p) for step, p in zip([CHANCE, *STEPS], (0.4, 0.1, 0.1), strict=True)]
    verdicts = verdicts_of({row["step"]: row for row in rows}, STEPS)
    assert len(answer_descent(rows, verdicts, STEPS, "species", []).lines) == 1


def test_without_a_tree_descent_is_not_asked_and_without_vectors_not_told():
    none = dict.fromkeys([CHANCE, *STEPS], "untested")
    assert answer_descent([], none, {}, None, []).headline == "Not asked"
    answer = answer_descent([], none, STEPS, "species", ["Too few taxa."])
    assert (answer.headline, answer.sentence) == ("Cannot be told", "Too few taxa.")


# --- do relatives and genes help? --------------------------------------------------------------


def prior_rows(kin=0.001, genes=None, more=None, within=None):
    """Rows of the prior; p of the gains by the tree, by genes, and of genes beyond the taxonomy.

    Last, p of that where places change within a family only.
    """
    same = {"experiment": "prior", "evaluator": "balanced", "part": SEEN, "n": 19, "seed": 1}
    same |= {"metric": "tail_accuracy", "n_permutations": 99}

    def gain(variant, value, p, against=NOTHING):
        row = {"variant": variant, "value": value, "p": p, "role": "difference"}
        return same | row | {"against": against, "ci_low": value - 0.02, "ci_high": value + 0.02}

    rows = [same | {"variant": NOTHING, "value": 0.2, "role": "score"}]
    for variant, value, p in (("tree", 0.3, kin), ("kmers", 0.24, genes)):
        if p is not None:
            rows += [same | {"variant": variant, "value": value, "role": "score"}]
            rows += [gain(variant, value - 0.2, p)]
    if more is not None:
        rows += [gain(beyond("kmers"), 0.05, more, against="taxonomy")]
    if within is not None:
        null = {"variant": beyond("kmers"), "value": 0.2, "p": within, "role": "expected"}
        rows += [same | null | {"against": "permuted_within_family"}]
    return rows_by_key(metrics_table(rows))


@pytest.mark.parametrize(
    ("p", "kind", "headline"),
    [
        ((0.01,), YES, "Yes, relatives do"),
        ((0.4,), NOT_SHOWN, "Not shown"),
        ((0.06,), OPEN, "Cannot be told"),
        ((0.01, 0.01, 0.01), YES, "Yes, and genes add to it"),
        ((0.01, 0.01, 0.4), PARTLY, "Relatives do; that genes add to it is not shown"),
        ((0.01, 0.01, 0.01, 0.02), YES, "Yes, and genes add to it"),
        ((0.01, 0.01, 0.01, 0.4), PARTLY, "Relatives do; that genes add to it is not shown"),
        ((0.01, 0.4, 0.01), PARTLY, "Relatives do; that genes add to it is not shown"),
        ((0.4, 0.01, 0.01), NOT_SHOWN, "Not shown"),
        ((None, 0.01), YES, "Yes, genes do"),
    ],
)
def test_relatives_and_genes_are_judged_by_their_gains(p, kind, headline):
    answer = answer_rare(prior_rows(*p), "species", 4, [])
    assert (answer.kind, answer.headline) == (kind, headline)
    value = "+10.0" if p[0] is not None else "+4.0"
    assert answer.number.startswith(f"{value} points (95 % interval ")
    assert "19 rare taxa" in answer.number and answer.null == "without relatives: 20.0 %"
    assert answer.lines[0].label == "no relatives"


def test_without_rare_taxa_it_is_said_why():
    answer = answer_rare({}, "species", 4, ["No species is rare."])
    assert (answer.kind, answer.sentence) == (OPEN, "No species is rare.")


# --- what are the unnamed specimens? -----------------------------------------------------------

SETTINGS = {"ranks": ["family", "species"], "confidence": 0.9}


def overview(value=0.92):
    row = {"experiment": "naming", "part": "test", "rank": "all", "evaluator": "trusted", "seed": 1}
    row |= {"metric": "coverage", "value": value, "ci_low": 0.88, "ci_high": 0.96, "n": 211}
    return Overview(over_seeds(metrics_table([row])))


def drawer(*trusted, novelty=KNOWN):
    return pd.DataFrame({"trusted_rank": list(trusted), "novelty": novelty})


@pytest.mark.parametrize(
    ("trusted", "kind", "headline"),
    [
        (("species", "species"), YES, "2 of 2 get a name"),
        (("species", "family", None), PARTLY, "2 of 3 get a name"),
        ((None, None), OPEN, "None gets a name"),
    ],
)
def test_unnamed_specimens_are_counted_by_the_rank_of_their_names(trusted, kind, headline):
    answer = answer_unnamed(drawer(*trusted), overview(), SETTINGS)
    assert (answer.kind, answer.headline) == (kind, headline)
    assert sum(part.count for part in answer.parts) == len(trusted)
    assert sum(part.share for part in answer.parts) == pytest.approx(100)
    assert answer.number.startswith("92 % of trusted names are not wrong (95 % interval 88 % to")
    assert "211 test specimens" in answer.number and answer.null == "promised: 90 %"
    assert "0 look new to the study" in answer.sentence


def test_specimens_that_look_new_are_counted_where_that_can_be_told():
    new = answer_unnamed(drawer("species", None, novelty="new_species"), overview(), SETTINGS)
    assert "2 look new to the study" in new.sentence
    unknown = answer_unnamed(drawer("species", novelty=np.nan), overview(), SETTINGS)
    assert "Whether any is new cannot be told." in unknown.sentence


def test_where_none_were_given_it_is_said_how():
    answer = answer_unnamed(None, Overview(metrics_table([])), SETTINGS)
    assert (answer.kind, answer.number) == (OPEN, "") and "naming.images" in answer.sentence


# --- all of them -------------------------------------------------------------------------------


def test_every_number_of_an_answer_is_one_of_its_rows():
    rows = [chosen("family", CLEAR), chosen("species", score(0.37, 0.31, 0.44), best=0.05)]
    answer = answer_recognition(rows, [])
    given = {60, 50, 70, 37, 31, 44, 10, 5, 95}
    told = re.findall(r"\d+(?:\.\d+)?", " ".join([answer.sentence, answer.number, answer.null]))
    assert {float(number) for number in told} <= given
