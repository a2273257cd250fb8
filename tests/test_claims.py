"""What is claimed of look and descent, step by step, and in which words."""

import itertools
import re

import numpy as np
import pytest
from visgen.claims import Step, judge, share_in_words
from visgen.distances.steps import ranks_by_step
from visgen.metrics import metrics_table
from visgen.report.claims import step_of, steps_in_words
from visgen.report.embedding.agreement import agreement_findings, mantel_rows
from visgen.report.embedding.held_out_findings import held_out_findings
from visgen.report.embedding.held_out_rows import held_out_rows
from visgen.report.genetics.findings import genetics_findings

RANKS = ranks_by_step(["order", "family", "genus"], "genus")
STEPS = ["chance", *RANKS]
LABELS = {"net": "net"}

#: p of every test, permutations and power by what becomes of such a step.
KINDS = {
    "shown": (0.01, 9999, 0.95),
    "undecided": (0.05, 9999, 0.95),
    "not shown": (0.3, 9999, 0.95),
    "cannot tell": (0.3, 9999, 0.3),
    "coarse": (0.05, 19, 0.95),
    "untested": (np.nan, 9999, 0.95),
}
OPENINGS = {
    "undecided": "Whether {} follows descent is undecided",
    "not shown": "That {} follows descent is not shown",
    "cannot tell": "Whether {} follows descent cannot be told with so few taxa and images",
    "coarse": "Whether {} follows descent cannot be told, since p is too coarse",
    "untested": "Whether {} follows descent is not tested",
}
REACHED = {
    (): "{} follows descent beyond chance",
    ("order",): "{} follows descent beyond chance and beyond the order",
    ("family",): "{} follows descent beyond chance and beyond the family",
    ("order", "family"): "{} follows descent beyond chance, beyond the order and beyond the family",
}
NEXT = {
    "undecided": "; beyond the {} this is undecided",
    "not shown": "; beyond the {} it is not shown",
    "cannot tell": "; beyond the {} this cannot be told with so few taxa and images",
    "coarse": "; beyond the {} this cannot be told, since p is too coarse",
    "untested": "",
}


def step(p=0.01, n=9999, power=None, r=0.3):
    return Step("chance", r, p if isinstance(p, tuple) else (p,), n, power)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (step(0.025), "shown"),
        (step(0.0251), "undecided"),
        (step(0.0495), "undecided"),
        (step(0.0504), "undecided"),
        (step(0.1), "undecided"),
        (step(0.101), "not shown"),
        (step((0.001, 0.025)), "shown"),
        (step((0.001, 0.03)), "undecided"),
        (step((0.03, 0.001)), "undecided"),
        (step((0.001, 0.001, 0.2)), "not shown"),
        (step((0.01, None)), "untested"),
        (step((0.1, None)), "untested"),
        (step((0.11, None)), "not shown"),  # whatever the other is
        (step((None, None)), "untested"),
        (step(0.01, r=-0.1), "undecided"),
        (step(0.01, r=0.0), "undecided"),
        (step(0.01, r=None), "untested"),
        (step(0.3, power=0.8), "not shown"),
        (step(0.3, power=0.79), "cannot tell"),
        (step(0.05, power=0.1), "undecided"),
        (step(0.01, power=0.1), "shown"),
        (step(0.025, n=39), "shown"),
        (step(1 / 39, n=38), "coarse"),
        (step(0.5, n=38), "coarse"),
        (step(0.01, n=None), "shown"),
    ],
)
def test_a_step_is_judged_by_the_largest_p(one, verdict):
    assert judge([one]) == [verdict]


@pytest.mark.parametrize(
    ("kinds", "verdicts"),
    [
        (["shown", "shown", "shown"], ["shown", "shown", "shown"]),
        (["shown", "undecided", "shown"], ["shown", "undecided", "not asked"]),
        (["not shown", "shown", "shown"], ["not shown", "not asked", "not asked"]),
        (["shown", None, "shown"], ["shown", "untested", "shown"]),
        (["shown", None, "not shown"], ["shown", "untested", "not shown"]),
        (["undecided", None, "shown"], ["undecided", "untested", "not asked"]),
        (["shown", "untested", "shown"], ["shown", "untested", "not asked"]),
        (["shown", "shown", None], ["shown", "shown", "untested"]),
    ],
)
def test_a_step_is_asked_only_where_the_one_before_is_shown(kinds, verdicts):
    assert judge([step(r=None) if kind is None else of_kind(kind) for kind in kinds]) == verdicts


def of_kind(kind):
    p, n, power = KINDS[kind]
    return step((None if np.isnan(p) else p,), n, power)


@pytest.mark.parametrize(
    ("r", "ends", "words"),
    [
        (0.5, (0.4, 0.6), "about 25 % of {} (95 % interval 16 to 36 %)"),
        (0.5, (-0.1, 0.6), "about 25 % of {} (95 % interval 0 to 36 %)"),
        (0.5, (0.05, 0.6), "about 25 % of {} (95 % interval under 1 to 36 %)"),
        (0.05, (0.0, 0.06), "under 1 % of {} (95 % interval 0 to under 1 %)"),
        (0.5, (np.nan, np.nan), "about 25 % of {}"),
        (0.5, (None, None), "about 25 % of {}"),
        (1.0, (1.0, 1.0), "about 100 % of {} (95 % interval 100 to 100 %)"),
        (-0.5, (-0.6, -0.4), "about 0 % of {} (95 % interval 0 to 0 %)"),
    ],
)
def test_share_is_the_square_of_r_and_nothing_below_zero(r, ends, words):
    assert share_in_words(r, *ends) == words.format("what differs between pairs of taxa")


def test_a_step_has_the_smallest_r_and_the_fewest_permutations_of_its_tests():
    pearson = {"value": 0.3, "p": 0.01, "n_permutations": np.nan}
    spearman = {"value": 0.2, "p": np.nan, "n_permutations": 99.0}
    made = step_of("chance", [pearson, spearman, None], np.nan)
    assert made == Step("chance", 0.2, (0.01, None, None), 99.0, None)
    assert step_of("chance", [pearson]) == Step("chance", 0.3, (0.01,), None, None)
    nothing = Step("chance", None, ())
    assert step_of("chance", [None, spearman]) == nothing
    assert step_of("chance", [pearson | {"value": np.nan}]) == nothing


@pytest.mark.parametrize("verdict", list(OPENINGS))
def test_words_need_no_step_but_the_first(verdict):
    assert steps_in_words({"chance": verdict}, {}) == OPENINGS[verdict].format("look")
    assert steps_in_words({"chance": "shown"}, {}, "form") == "Form follows descent beyond chance"


def claim(kinds, what="look"):
    """What may be said of steps of these kinds, None where there is no score."""
    first, *others = kinds
    if first != "shown":
        return OPENINGS[first].format(what)
    reached, after = [], ""
    for rank, kind in zip(RANKS.values(), others, strict=True):
        if kind is None:
            continue
        if kind != "shown":
            after = NEXT[kind].format(rank)
            break
        reached.append(rank)
    return REACHED[tuple(reached)].format(what[0].upper() + what[1:]) + after


def every_combination(*kinds):
    return itertools.product(kinds, (*kinds, None), (*kinds, None))


def once(kind):
    """Each step is of this kind in turn, the others are shown."""
    return [["shown"] * place + [kind] + ["shown"] * (2 - place) for place in range(3)]


def row(evaluator, part, metric, value=0.3, kind="shown", p=None, **more):
    its_p, n_permutations, _ = KINDS[kind]
    labels = {"backbone": "net", "variant": "mean", "rank": "genus", "n": 17}
    labels |= {"evaluator": evaluator, "part": part, "metric": metric, "value": value}
    return labels | {"p": its_p if p is None else p, "n_permutations": n_permutations} | more


def of_look(kinds, backbone="net", **ps):
    """Scores of unguided vectors; `ps` has p of single tests by name of the test, for all steps."""
    return metrics_table(rows_of_look(kinds, backbone, **ps))


def rows_of_look(kinds, backbone="net", **ps):
    rows = []
    for name, kind in zip(STEPS, kinds, strict=True):
        if kind is None:
            continue
        evaluator, part = ("mantel", "all") if name == "chance" else ("mantel_within", name)
        for metric in ("pearson", "spearman"):
            # Untested: that against dealt specimens is lacking.
            p = 0.01 if kind == "untested" else ps.get(metric)
            rows.append(row(evaluator, part, metric, kind=kind, p=p, ci_low=0.1, ci_high=0.5))
        null = {"role": "expected", "against": "brownian_motion"}
        rows.append(row(evaluator, part, "pearson", 0.6) | null)
        rows.append(row(evaluator, part, "power", KINDS[kind][2]))
        if kind != "untested":
            dealt = row("dealt_specimens", part, "pearson", kind=kind, p=ps.get("dealt"))
            null = {"role": "expected", "against": "dealt_specimens", "value": 0.02, "p": np.nan}
            rows += [dealt, dealt | null]
    return [one | {"experiment": "embedding", "backbone": backbone} for one in rows]


def say_of_look(metrics):
    (sentence,) = agreement_findings(mantel_rows(metrics, RANKS), RANKS, LABELS)
    return sentence


def of_sequences(kinds, **ps):
    rows = []
    for name, kind in zip(STEPS, kinds, strict=True):
        if kind is None:
            continue
        evaluator, part = ("mantel", "taxa") if name == "chance" else ("mantel_within", name)
        rows += [
            row(evaluator, part, metric, kind=kind, p=ps.get(metric), variant="sgt")
            for metric in ("pearson", "spearman")
        ]
        rows.append(row(evaluator, part, "power", KINDS[kind][2], variant="sgt"))
    return metrics_table([{"experiment": "genetics"} | one for one in rows])


def say_of_sequences(metrics):
    (sentence,) = genetics_findings(metrics, "genus", False, RANKS)
    return sentence


def of_held_out(kinds, **ps):
    """Scores of guided vectors; `ps` has p to known taxa and among held-out ones."""
    first, *others = kinds
    scores = [
        ("held_out_known", "pearson_double_centred", first, ps.get("known")),
        ("held_out_held_out", "pearson", first, ps.get("among")),
    ]
    scores += [
        ("held_out_known", f"pearson_{name}", kind, ps.get(name))
        for name, kind in zip(RANKS, others, strict=True)
        if kind is not None
    ]
    rows = [row("held_out_tips", part, metric, kind=kind, p=p) for part, metric, kind, p in scores]
    rows += [
        row("held_out_tips", part, f"power_{metric}", KINDS[kind][2], p=np.nan)
        for part, metric, kind, _ in scores
    ]
    return metrics_table([{"experiment": "embedding"} | one for one in rows])


def say_of_held_out(metrics):
    rows = held_out_rows(metrics, guided=["mean"], random=[], references={"mean": "plain"})
    (sentence,) = held_out_findings(rows, {"mean": 9999}, "genus", RANKS, LABELS)
    return sentence


def test_look_is_said_to_reach_the_last_step_that_is_shown_and_no_further():
    combinations = list(every_combination(*KINDS))
    rows = [one for i, kinds in enumerate(combinations) for one in rows_of_look(kinds, f"net{i}")]
    labels = {f"net{i}": "net" for i in range(len(combinations))}
    sentences = agreement_findings(mantel_rows(metrics_table(rows), RANKS), RANKS, labels)
    for kinds, sentence in zip(combinations, sentences, strict=True):
        head = f"Mean vectors (net, 17 taxa): {claim(kinds)}. "
        assert sentence.startswith(head), kinds
        assert "beyond" not in sentence[len(head) :], kinds
        assert ("Descent tells about 9 %" in sentence) == (kinds[0] == "shown")


def test_sequences_are_said_to_reach_the_last_step_that_is_shown_and_no_further():
    some = every_combination("shown", "undecided", "not shown", "untested")
    for kinds in [*some, *once("cannot tell"), *once("coarse")]:
        sentence = say_of_sequences(of_sequences(kinds))
        head = f"{claim(kinds, 'likeness of sequences by SGT')}. "
        assert sentence.startswith(head), kinds
        assert "beyond" not in sentence[len(head) :], kinds


def test_held_out_taxa_are_said_to_reach_the_last_step_that_is_shown_and_no_further():
    some = every_combination("shown", "undecided", "untested")
    for kinds in [*some, *once("not shown"), *once("cannot tell"), *once("coarse")]:
        sentence = say_of_held_out(of_held_out(kinds))
        head = (
            "Genus not seen by guidance, random ones held out (net; 17 taxa, 1 guided variant). "
            f"{claim(kinds)}: mean ("
        )
        assert sentence.startswith(head), kinds
        assert "beyond" not in sentence[len(head) :], kinds


@pytest.mark.parametrize(
    ("make", "say", "names"),
    [
        (of_look, say_of_look, ["pearson", "spearman", "dealt"]),
        (of_sequences, say_of_sequences, ["pearson", "spearman"]),
        (of_held_out, say_of_held_out, ["known", "among", *RANKS]),
    ],
)
def test_no_verdict_turns_over_where_p_goes_from_0504_to_0495(make, say, names):
    for name, start in itertools.product(names, range(1, 4)):
        kinds = ["shown"] * start + [None] * (3 - start)
        above, below = (say(make(kinds, **{name: p})) for p in (0.0504, 0.0495))
        numbers = re.compile(r"p = [\d.]*\d")
        assert numbers.sub("p", above) == numbers.sub("p", below)
        has_it = name not in RANKS or STEPS.index(name) < start
        assert ("p = 0.0504" in above) == has_it and ("undecided" in above) == has_it


@pytest.mark.parametrize("name", ["pearson", "spearman", "dealt"])
def test_all_tests_of_a_step_must_agree(name):
    sentence = say_of_look(of_look(["shown", None, None], **{name: 0.3}))
    assert "That look follows descent is not shown. Over all pairs" in sentence
    if name != "dealt":
        sentence = say_of_sequences(of_sequences(["shown", None, None], **{name: 0.3}))
        assert sentence.startswith("That likeness of sequences by SGT follows descent is not shown")


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_without_one_of_the_correlations_nothing_is_claimed(name):
    for make, say in ((of_look, say_of_look), (of_sequences, say_of_sequences)):
        scores = make(["shown", "shown", "shown"])
        within = scores["part"].isin(list(RANKS)) & (scores["metric"] == name)
        words = say(scores[~within])
        assert "follows descent beyond chance. " in words and "beyond the" not in words


def test_finding_of_look_that_reaches_every_step():
    kinds = ("shown", "shown", "shown")
    numbers = (
        "r = 0.30 (95 % 0.10 to 0.50), p = 0.01; Spearman 0.30, p = 0.01; specimens dealt at "
        "random give 0.02, p = 0.01; look that is wholly inherited would give 0.60 and be seen in "
        "95 % of such studies."
    )
    assert say_of_look(of_look(kinds)) == (
        "Mean vectors (net, 17 taxa): Look follows descent beyond chance, beyond the order and "
        "beyond the family. Descent tells about 9 % of what differs between pairs of taxa (95 % "
        f"interval 1 to 25 %). Over all pairs {numbers} Within order {numbers} Within family "
        f"{numbers}"
    )


def test_finding_says_why_a_step_was_not_asked():
    sentence = say_of_look(of_look(("not shown", "shown", "shown")))
    assert sentence.endswith("Not asked within order and family: the step before is not shown.")
    assert sentence.count("Within") == 0
    sentence = say_of_look(of_look(("shown", None, "shown")))
    assert "Look follows descent beyond chance and beyond the family." in sentence
    assert sentence.endswith(
        "Within order nothing can be asked: its groups are too few or too small, or the same as "
        "those of family."
    )
    sentence = say_of_look(of_look(("shown", "shown", None)))
    assert sentence.endswith(
        "Within family nothing can be asked: its groups are too few or too small."
    )


def test_finding_of_held_out_taxa_has_the_numbers_of_each_step():
    sentence = say_of_held_out(of_held_out(("shown", "shown", "untested")))
    assert (
        "; within order 0.30, p = 0.01, power 95 %; within family 0.30, not tested, power 95 %)."
    ) in sentence


def test_held_out_taxa_without_known_power_are_judged_without_it():
    scores = of_held_out(("shown", "cannot tell", None))
    told = say_of_held_out(scores[~scores["metric"].str.startswith("power")])
    assert "; beyond the order it is not shown: mean" in told and "power" not in told


def test_random_vectors_get_no_verdict():
    scores = of_look(("shown", "shown", "shown"))
    scores = scores[scores["evaluator"].isin(["mantel", "mantel_within"])]
    scores = scores.assign(variant="random", p=np.nan)
    assert say_of_look(scores) == (
        "Random vectors, which know nothing of the images (net), give r = 0.30 on average over 100 "
        "draws, 95 % of them 0.10 to 0.50."
    )
