"""What the report's findings say of taxa that guidance has not seen, in plain sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from visgen.claims import CHANCE, judge
from visgen.embedding.held_out.rows import power_metric
from visgen.embedding.held_out.scoring import DEALT_SPECIMENS, PERMUTED_BAGS, RANDOM_RELATIVE
from visgen.report.cells import interval_in_words, signed
from visgen.report.claims import step_of, steps_in_words
from visgen.report.embedding.held_out_rows import (
    AMONG,
    EXPLORATORY,
    TO_KNOWN,
    deals_in_words,
    within_key,
)
from visgen.report.page import format_number, format_p, is_nothing

#: Fewer refits than this make a coarse p-value.
FINE_REFITS = 99

#: Variants of one verdict that a finding has numbers of; the others are in the table.
NAMED = 3

_KINDS = {"tips": "random ones held out", "clades": "whole groups of the rank above held out"}
_REFITS = {PERMUTED_BAGS: "bags are permuted", DEALT_SPECIMENS: "specimens are dealt"}


def held_out_findings(
    rows: Sequence[Mapping[str, Any]],
    refits: Mapping[str, int],
    tree_rank: str,
    step_ranks: Mapping[str, str],
    labels: Mapping[str, str],
) -> list[str]:
    """Say in plain sentences what guidance gives for taxa it has not seen, null results included.

    Vectors are said to follow descent beyond chance (`visgen.claims`) only where both scores
    reject: that among held-out taxa and that between held-out and known ones, rows and columns
    centred. Where one alone exists, no signal is claimed. Then beyond the coarsest rank and the
    rank above, by pairs of one group, where refits within groups were made. Of several guided
    variants the first is judged by its own p, every other one by that over all of them and no
    further than beyond chance.

    Parameters
    ----------
    rows
        As `held_out_rows` returns them.
    refits
        By variant.
    tree_rank
        Rank of the taxa.
    step_ranks
        By step, the rank within whose groups it asks.
    labels
        What the page calls each backbone (`visgen.report.backbones`).
    """
    findings = []
    for key in dict.fromkeys((row["backbone"], row["kind"]) for row in rows):
        block = [row for row in rows if (row["backbone"], row["kind"]) == key]
        fitted = [row for row in block if row["is_guided"]]
        if not fitted:
            continue
        backbone, kind = key
        number = f"{len(fitted)} guided variant{'s' * (len(fitted) > 1)}"
        sentences = [
            f"{tree_rank.capitalize()} not seen by guidance, {_KINDS[kind]} ({labels[backbone]}; "
            f"{fitted[0]['n']} taxa, {number})."
        ]
        verdicts = [_verdict(row, refits[row["variant"]], step_ranks) for row in fitted]
        for words in dict.fromkeys(verdicts):
            alike = [row for row, its in zip(fitted, verdicts, strict=True) if its == words]
            told = [_row_in_words(row, step_ranks) for row in alike[:NAMED]]
            if len(alike) > NAMED:
                told.append(f"{len(alike) - NAMED} more in the table")
            sentences.append(words + ": " + "; ".join(told) + ".")
        if few := sorted({refits[row["variant"]] for row in fitted} & set(range(1, FINE_REFITS))):
            least = ", ".join(
                f"{format_p(1 / (number + 1))} with {number} refits" for number in few
            )
            sentences.append(f"p is coarse: at least {least}.")
        sentences.append(_in_sample_in_words(fitted))
        sentences += [
            f"Unguided {_words(row['variant'])} vectors, to compare: {_scores_in_words(row)}."
            for row in block
            if row["variant"] in {row["reference"] for row in fitted}
        ]
        findings.append(" ".join(sentences))
    return findings


def _verdict(row: Mapping[str, Any], n_refits: int, step_ranks: Mapping[str, str]) -> str:
    """Return what is claimed, in words."""
    scores = [row["scores"].get(key, {"value": None}) for key in (TO_KNOWN, AMONG)]
    there = [not is_nothing(score["value"]) for score in scores]
    if not any(there):
        return "No score"
    if not all(there):
        which = "to known taxa" if there[0] else "among held-out ones"
        return f"One score only, that {which}, and no signal is claimed"
    tests = {CHANCE: [_test_that_counts(row, key) for key in (TO_KNOWN, AMONG)]}
    if row["standing"] != EXPLORATORY:  # p over all variants is of the first step alone
        tests |= {step: [row["scores"].get(within_key(step))] for step in step_ranks}
    asked = {CHANCE: [TO_KNOWN, AMONG]} | {step: [within_key(step)] for step in step_ranks}
    steps = []
    for name, its in tests.items():
        step = step_of(name, its, _power(row, asked[name]))
        fewest = min(n_refits, step.n_permutations or n_refits)
        steps.append(step._replace(n_permutations=fewest))
    verdicts = dict(zip(tests, judge(steps), strict=True))
    return steps_in_words(verdicts, {step: step_ranks[step] for step in tests if step != CHANCE})


def _power(row: Mapping[str, Any], keys: Sequence[tuple[str, str]]) -> float | None:
    """Return the least power of scores that all have to reject; None where not known of one."""
    told = [row["scores"].get((part, power_metric(metric))) for part, metric in keys]
    return None if None in told else min(score["value"] for score in told)


def _test_that_counts(row: Mapping[str, Any], key: tuple[str, str]) -> Mapping[str, Any]:
    """Return a score with p by which it is claimed, and its refits.

    That of the score, but over all guided variants where this one is one of several tried.
    """
    is_tried = row["standing"] == EXPLORATORY
    return row["scores"][key] | (row["over_all"].get(key, {}) if is_tried else {})


def _row_in_words(row: Mapping[str, Any], step_ranks: Mapping[str, str]) -> str:
    standing = f"{row['standing']}; " if row["standing"] else ""
    words = f"{_words(row['variant'])} ({standing}{_scores_in_words(row)}"
    for step, rank in step_ranks.items():
        score = row["scores"].get(within_key(step))
        if score is not None and not is_nothing(score["value"]):
            tested = "not tested" if is_nothing(score["p"]) else f"p = {format_p(score['p'])}"
            words += f"; within {rank} {_two_digits(score['value'])}"
            if interval := interval_in_words(score, _two_digits):
                words += f", 95 % {interval}"
            words += f", {tested}"
            if power := row["scores"].get((within_key(step)[0], power_metric(within_key(step)[1]))):
                words += f", power {100 * power['value']:.0f} %"
    gain = row["gains"].get(TO_KNOWN)
    if gain is not None and not is_nothing(gain["value"]):
        words += f"; gain of centred r over {_words(gain['against'])} {signed(gain['value'])}"
        words += f" in {deals_in_words(row, TO_KNOWN)}"
        if interval := interval_in_words(gain, signed):
            words += f", 95 % {interval}" + ("" if gain["ci_low"] > 0 else ": none is shown")
    among = row["gains"].get(AMONG)
    if among is not None and not is_nothing(among["value"]) and among["value"] < 0:
        words += f"; but among held-out ones {signed(among['value'])}"
    return words + ")"


def _scores_in_words(row: Mapping[str, Any]) -> str:
    told = []
    for name, key in (
        ("centred r to known taxa", TO_KNOWN),
        ("plain r among held-out ones", AMONG),
    ):
        score = row["scores"].get(key)
        if score is None or is_nothing(score["value"]):
            told.append(f"{name}: no score")
            continue
        words = f"{name} {_two_digits(score['value'])}"
        if interval := interval_in_words(score, _two_digits):
            words += f", 95 % {interval}"
        tested = "not tested" if is_nothing(score["p"]) else f"p = {format_p(score['p'])}"
        if over_all := row["over_all"].get(key):
            tested += f", over all variants {format_p(over_all['p'])}"
        told.append(f"{words}, {tested}")
    return "; ".join([*told, *_nearest_in_words(row)])


def _nearest_in_words(row: Mapping[str, Any]) -> list[str]:
    """Say where the nearest known relative comes by look, and what a blind pick gives."""
    told = []
    for name, metric in (
        ("nearest relative at place", "nearest_rank"),
        ("regret", "nearest_regret"),
    ):
        key = ("held_out_known", metric)
        score, blind = row["scores"].get(key), row["nulls"].get((*key, RANDOM_RELATIVE))
        if score is not None and not is_nothing(score["value"]):
            found = format_number(score["value"], 1)
            beside = f" (blind {format_number(blind['value'], 1)})" if blind else ""
            told.append(f"{name} {found}{beside}")
    return told


def _in_sample_in_words(fitted: Sequence[Mapping[str, Any]]) -> str:
    key = ("known_known", "pearson")
    r = [row["scores"].get(key, {}).get("value") for row in fitted]
    refits = {
        what: [row["nulls"].get((*key, null), {}).get("value") for row in fitted]
        for null, what in _REFITS.items()
    }
    nulls = [
        f"{_range(values)} where {what}"
        for what, values in refits.items()
        if not all(map(is_nothing, values))
    ]
    words = f"In-sample r, which proves nothing, is {_range(r)}"
    if nulls:
        words += f" (after a fit anew, on average, {', '.join(nulls)})"
    return words + "."


def _range(values: Sequence[float | None]) -> str:
    there = [value for value in values if not is_nothing(value)]
    low, high = (_two_digits(end(there, default=None)) for end in (min, max))
    return low if low == high else f"{low} to {high}"


def _two_digits(value: float | None) -> str:
    return format_number(value, 2)


def _words(name: str) -> str:
    return name.replace("_", " ")
