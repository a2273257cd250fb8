"""What relatives, and genes, add to the recognition of rare taxa, in plain sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.claims import (
    CHANCE,
    COARSE,
    NOT_SHOWN,
    SHOWN,
    SHOWN_AT,
    UNDECIDED,
    UNTESTED,
    Step,
    judge,
)
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE
from visgen.prior.options import GENES, TAXONOMY
from visgen.prior.recognition import AS_COLLECTED
from visgen.prior.scoring import (
    BEYOND_TAXONOMY,
    MAIN,
    NOTHING,
    PERMUTED_WITHIN,
    SEEN,
    UNSEEN,
    WORTH,
    curve_part,
)
from visgen.prior.words import in_words
from visgen.report.cells import interval_in_words, points
from visgen.report.page import format_p, format_percent, is_nothing

_TAIL, _HEAD = "tail_accuracy", "head_accuracy"
_VERDICTS = {
    SHOWN: "a gain is shown",
    UNDECIDED: "undecided",
    NOT_SHOWN: "no gain is shown",
    COARSE: "cannot be told, since p is too coarse",
    UNTESTED: "not tested",
}

Rows = Mapping[tuple[str, str, str, str, str | None], Mapping[str, Any]]


def rows_by_key(scores: pd.DataFrame, evaluator: str = MAIN) -> Rows:
    """Return scores of an evaluator by variant, part, metric, role and what they are against."""
    of_it = scores[scores["evaluator"] == evaluator]
    return {
        (
            r["variant"],
            r["part"],
            r["metric"],
            r["role"],
            r["against"] if r["role"] != SCORE else None,
        ): r
        for r in of_it.to_dict("records")
    }


def verdict(gain: Mapping[str, Any]) -> str:
    """Return what becomes of a gain, by `visgen.claims`: p and the interval have to agree."""
    p = None if is_nothing(gain["p"]) else gain["p"]
    n = None if is_nothing(gain["n_permutations"]) else gain["n_permutations"]
    (found,) = judge([Step(CHANCE, gain["value"], (p,), n)])
    is_above = is_nothing(gain["ci_low"]) or gain["ci_low"] > 0
    return UNDECIDED if found == SHOWN and not is_above else found


def prior_findings(
    scores: pd.DataFrame,
    rank: str,
    tail: int,
    n_seeds: int,
    omitted: Sequence[str],
    lacking: Mapping[str, int],
) -> list[str]:
    """Say whether relatives help to see rare taxa, whether genes do, null results included.

    Parameters
    ----------
    scores
        Rows of experiment prior, columns of the contract.
    rank
        Of the taxa.
    tail
        Taxa with fewer training specimens are rare.
    n_seeds
        Splits that means are over.
    omitted
        Reasons why a split tells nothing.
    lacking
        By source: taxa that it knows nothing of.
    """
    rows = rows_by_key(scores)
    base = rows.get((NOTHING, SEEN, _TAIL, SCORE, None))
    if base is None:
        why = "; ".join(dict.fromkeys(omitted))
        why = why or f"no {rank} with fewer than {tail} training specimens has test images"
        return [
            f"Whether relatives help to see rare taxa ({rank}) cannot be told: {why}.",
            *_of_unseen(rows, rank),
        ]
    sources = dict.fromkeys(key[0] for key in rows if not key[0].endswith(BEYOND_TAXONOMY))
    fewest = "one training specimen" if tail == 2 else f"fewer than {tail} training specimens"
    opening = (
        f"Rare taxa ({rank} with {fewest}, {base['n']} of them on average over {n_seeds} "
        f"split{'s' * (n_seeds > 1)}): without relatives {_share(base)} of their specimens are "
        "named right."
    )
    told = [_of_source(rows, source, lacking) for source in sources if source != NOTHING]
    sentences = [" ".join([opening, *told])]
    sentences += list(_as_collected(scores, sources))
    sentences += list(_beyond(rows))
    sentences += list(_of_unseen(rows, rank))
    return sentences


def _of_source(rows: Rows, source: str, lacking: Mapping[str, int]) -> str:
    score = rows[source, SEEN, _TAIL, SCORE, None]
    n = lacking.get(source, 0)
    leaning = f" ({n:,} taxa that it lacks lean on the taxonomy)" if n else ""
    gain = rows[source, SEEN, _TAIL, DIFFERENCE, NOTHING]
    words = (
        f"Relatives by {in_words(source)}{leaning}: {_share(score)}, {_gain(gain)}: "
        f"{_VERDICTS[verdict(gain)]}"
    )
    worth = rows.get((source, curve_part(1), WORTH, SCORE, None))
    if worth is not None and verdict(gain) == SHOWN:
        ends = interval_in_words(worth, _one_digit)
        words += (
            f", worth {_one_digit(worth['value'])} more to taxa with one specimen "
            f"({f'{ends}; ' if ends else ''}{worth['n']} taxa, whatever they have here)"
        )
    change = rows.get((source, SEEN, _HEAD, DIFFERENCE, NOTHING))
    if change is not None:
        words += f"; taxa with more specimens change by {_points(change)}"
    return words + "."


def _as_collected(scores: pd.DataFrame, sources: Mapping[str, None]) -> Iterator[str]:
    """Say what changes where common taxa are expected more often, as they came in training."""
    rows = rows_by_key(scores, AS_COLLECTED)
    told = []
    for source in sources:
        gains = [rows.get((source, SEEN, m, DIFFERENCE, NOTHING)) for m in (_TAIL, _HEAD)]
        if None not in gains:
            told.append(
                f"by {in_words(source)} rare {_points(gains[0])}, others {_points(gains[1])}"
            )
    if told:
        yield f"Where taxa are expected as often as they came in training: {'; '.join(told)}."


def _beyond(rows: Rows) -> Iterator[str]:
    """Say what genes, and the tree, add to the taxonomy."""
    for (relatives, part, metric, role, against), gain in rows.items():
        if (part, metric, role, against) != (SEEN, _TAIL, DIFFERENCE, TAXONOMY):
            continue
        source = relatives.removesuffix(BEYOND_TAXONOMY)
        what, adds = ("Genes", "add") if source in GENES else ("The tree", "adds")
        alone = rows.get((source, SEEN, _TAIL, DIFFERENCE, NOTHING))
        if alone is not None and verdict(alone) != SHOWN:
            yield (
                f"Whether {what[0].lower()}{what[1:]} ({in_words(source)}) {adds} to the taxonomy "
                f"is not asked; alone: {_VERDICTS[verdict(alone)]}."
            )
            continue
        within = [
            f"{null.removeprefix(PERMUTED_WITHIN)} p = {format_p(row['p'])}"
            for (*key, null), row in rows.items()
            if key == [relatives, SEEN, _TAIL, EXPECTED] and null.startswith(PERMUTED_WITHIN)
        ]
        finer = f" With places changed within a group only: {', '.join(within)}."
        if verdict(gain) == SHOWN and not holds_within(rows, relatives):
            finer = (
                f", though not where places change within a group only ({', '.join(within)}): it "
                "may do no more than weigh the ranks otherwise."
            )
        yield (
            f"{what} beyond the taxonomy ({in_words(relatives)} against taxonomy alone): "
            f"{_gain(gain)}: {_VERDICTS[verdict(gain)]}"
            + (finer if finer.startswith(",") else f".{finer if within else ''}")
        )


def holds_within(rows: Rows, relatives: str) -> bool:
    """Tell whether some null within groups is rejected, too; without such nulls nothing denies it.

    Parameters
    ----------
    rows
        As `rows_by_key` returns them.
    relatives
        A source together with the taxonomy (`visgen.prior.scoring.beyond`).
    """
    p = [
        row["p"]
        for (*key, null), row in rows.items()
        if key == [relatives, SEEN, _TAIL, EXPECTED] and null.startswith(PERMUTED_WITHIN)
    ]
    return not p or min(p) <= SHOWN_AT


def _of_unseen(rows: Rows, rank: str) -> Iterator[str]:
    metric = "among_unseen"
    sources = dict.fromkeys(key[0] for key in rows if not key[0].endswith(BEYOND_TAXONOMY))
    chance = rows.get((NOTHING, UNSEEN, metric, SCORE, None))
    found = {s: rows.get((s, UNSEEN, metric, SCORE, None)) for s in sources if s != NOTHING}
    told = []
    for source, score in found.items():
        if score is None:
            continue
        words = f"by {in_words(source)} {_share(score)}"
        null = [r for key, r in rows.items() if key[:4] == (source, UNSEEN, metric, EXPECTED)]
        if null:
            words += f" (permuted {format_percent(null[0]['value'])}, p = {format_p(null[0]['p'])})"
        told.append(words)
    if told and chance is not None:
        yield (
            f"Of {chance['n']} taxa ({rank}) that training saw no specimen of, specimens are named "
            f"right among these: {'; '.join(told)}; by chance {format_percent(chance['value'])}."
        )


def _gain(gain: Mapping[str, Any]) -> str:
    tested = "" if is_nothing(gain["p"]) else f", p = {format_p(gain['p'])}"
    return f"{_points(gain)}{tested}"


def _points(gain: Mapping[str, Any]) -> str:
    ends = interval_in_words(gain, points)
    return f"{points(gain['value'])} points" + (f" (95 % {ends})" if ends else "")


def _share(score: Mapping[str, Any]) -> str:
    ends = interval_in_words(score, format_percent)
    return format_percent(score["value"]) + (f" (95 % {ends})" if ends else "")


def _one_digit(value: float) -> str:
    return f"{value:.1f}"
