"""What the report's findings say of taxa that guidance has not seen, in plain sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from visgen.embedding.held_out.scoring import DEALT_SPECIMENS, PERMUTED_BAGS, RANDOM_RELATIVE
from visgen.report.cells import interval_in_words, signed
from visgen.report.embedding.held_out_rows import AMONG, EXPLORATORY, TO_KNOWN
from visgen.report.page import ALPHA, format_number, format_p, is_nothing

#: Fewer refits than this make a coarse p-value.
FINE_REFITS = 99

#: Variants of one verdict that a finding has numbers of; the others are in the table.
NAMED = 3

_KINDS = {"tips": "random ones held out", "clades": "whole groups of the rank above held out"}
_REFITS = {PERMUTED_BAGS: "bags are permuted", DEALT_SPECIMENS: "specimens are dealt"}


def held_out_findings(
    rows: Sequence[Mapping[str, Any]], refits: Mapping[str, int], tree_rank: str
) -> list[str]:
    """Say in plain sentences what guidance gives for taxa it has not seen, null results included.

    Vectors are said to follow descent beyond chance only where both scores reject: that among
    held-out taxa and that between held-out and known ones, rows and columns centred. Where one
    rejects, or one alone exists, no signal is claimed. Of several guided variants the first is
    judged by its own p, every other one by that over all of them.

    Parameters
    ----------
    rows
        As `held_out_rows` returns them.
    refits
        By variant.
    tree_rank
        Rank of the taxa.
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
            f"{tree_rank.capitalize()} not seen by guidance, {_KINDS[kind]} ({backbone}; "
            f"{fitted[0]['n']} taxa, {number})."
        ]
        verdicts = [_verdict(row, refits[row["variant"]]) for row in fitted]
        for verdict, words in _VERDICTS.items():
            alike = [row for row, its in zip(fitted, verdicts, strict=True) if its == verdict]
            if alike:
                told = [_row_in_words(row) for row in alike[:NAMED]]
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


_VERDICTS = {
    "both": "Look follows descent beyond chance, both to known taxa and among held-out ones",
    "to_known": "One of two scores rejects, that to known taxa, and no signal is claimed",
    "among": "One of two scores rejects, that among held-out taxa, and no signal is claimed",
    "only": "One score only, which rejects, and no signal is claimed",
    "only_none": "No signal is shown, by one score only",
    "none": "No signal is shown",
    "coarse": f"Too few refits for p to fall under {ALPHA:g}",
    "untested": "Not tested",
    "no_score": "No score",
}


def _verdict(row: Mapping[str, Any], n_refits: int) -> str:
    """Return a key of the verdicts."""
    scores = [row["scores"].get(key, {"value": None}) for key in (TO_KNOWN, AMONG)]
    if all(is_nothing(score["value"]) for score in scores):
        return "no_score"
    tests = [
        {"p": None} if is_nothing(score["value"]) else _test_that_counts(row, key)
        for key, score in zip((TO_KNOWN, AMONG), scores, strict=True)
    ]
    p = [test["p"] for test in tests]
    if all(map(is_nothing, p)):
        return "untested"
    found = [n_refits, *(test.get("n_permutations") for test in tests)]
    if 1 / (min(n for n in found if not is_nothing(n)) + 1) >= ALPHA:
        return "coarse"
    to_known, among = (not is_nothing(value) and value < ALPHA for value in p)
    if any(map(is_nothing, p)):
        return "only" if to_known or among else "only_none"
    if to_known:
        return "both" if among else "to_known"
    return "among" if among else "none"


def _test_that_counts(row: Mapping[str, Any], key: tuple[str, str]) -> Mapping[str, Any]:
    """Return p by which a score is claimed, and its refits.

    That of the score, but over all guided variants where this one is one of several tried.
    """
    is_tried = row["standing"] == EXPLORATORY and key in row["over_all"]
    return row["over_all"][key] if is_tried else row["scores"][key]


def _row_in_words(row: Mapping[str, Any]) -> str:
    standing = f"{row['standing']}; " if row["standing"] else ""
    words = f"{_words(row['variant'])} ({standing}{_scores_in_words(row)}"
    gain = row["gains"].get(TO_KNOWN)
    if gain is not None and not is_nothing(gain["value"]):
        words += f"; gain of centred r over {_words(gain['against'])} {signed(gain['value'])}"
        if interval := interval_in_words(gain, signed):
            words += f", {interval}" + ("" if gain["ci_low"] > 0 else ": none is shown")
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
