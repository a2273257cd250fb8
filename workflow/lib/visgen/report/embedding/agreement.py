"""What the page says of look against descent over all taxa."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.claims import CHANCE, NOT_ASKED, SHOWN, Step, judge, share_in_words
from visgen.distances.deals import DEALS
from visgen.distances.steps import WITHIN_COARSEST
from visgen.embedding.unguided import RANDOM_DRAWS
from visgen.metrics import EXPECTED, SCORE
from visgen.report.cells import cell, interval_in_words
from visgen.report.claims import step_of, steps_in_words
from visgen.report.embedding.association import SIGNALS, association_rows
from visgen.report.page import format_number, format_p, is_nothing
from visgen.signal.association import NEW_SPECIMENS, POWER
from visgen.tables import read_table


def mantel_rows(metrics: pd.DataFrame, step_ranks: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row a backbone, variant and step: over all pairs, and within groups.

    Parameters
    ----------
    metrics
        Columns of the contract.
    step_ranks
        By step, the rank within whose groups it asks.

    Returns
    -------
    list of dict
        backbone, variant, step, test (in words), n (taxa), is_random; pearson and spearman, scores
        of the test; dealt, r and p of the true deal, and of_deals, the null of random ones;
        inherited, r expected of wholly inherited look, power; new_specimens, r with the interval
        that other specimens give; each None where there is none. And cells: for r, rank
        correlation, null and wholly inherited look what `visgen.report.cells.cell` has, the third
        with the p of the true deal.
    """
    scores = metrics[
        (metrics["experiment"] == "embedding")
        & metrics["evaluator"].isin(["mantel", "mantel_within", DEALS, NEW_SPECIMENS])
    ]
    rows = []
    for (backbone, variant), table in scores.groupby(["backbone", "variant"], sort=False):
        found = {
            (row["evaluator"], row["part"], row["metric"], row["role"]): row
            for row in table.to_dict("records")
        }
        for step, part in ((CHANCE, "all"), *((step, step) for step in step_ranks)):
            evaluator = "mantel" if step == CHANCE else "mantel_within"
            pearson = found.get((evaluator, part, "pearson", SCORE))
            if pearson is None:
                continue
            row = {"backbone": backbone, "variant": variant, "step": step}
            row |= {"test": "all pairs" if step == CHANCE else f"within {step_ranks[step]}"}
            row |= {"n": int(pearson["n"]), "is_random": is_nothing(pearson["p"])}
            power = found.get((evaluator, part, POWER, SCORE))
            row |= {
                "pearson": pearson,
                "spearman": found.get((evaluator, part, "spearman", SCORE)),
                "dealt": found.get((DEALS, part, "pearson", SCORE)),
                "of_deals": found.get((DEALS, part, "pearson", EXPECTED)),
                "inherited": found.get((evaluator, part, "pearson", EXPECTED)),
                "power": None if power is None else power["value"],
                "new_specimens": (
                    found.get((NEW_SPECIMENS, part, "pearson", SCORE)) if step == CHANCE else None
                ),
            }
            beside = row["of_deals"] and row["of_deals"] | {"p": row["dealt"]["p"]}
            shown = (pearson, row["spearman"], beside, row["inherited"])
            rows.append(row | {"cells": [cell(score, format_number) for score in shown]})
    return rows


def agreement_findings(
    agreement: Sequence[Mapping[str, Any]],
    step_ranks: Mapping[str, str],
    labels: Mapping[str, str],
) -> list[str]:
    """Say in plain sentences how far look follows descent, null results included.

    Agreement is claimed step by step (`visgen.claims`), each where Pearson's and Spearman's tests
    reject, and that against dealt specimens: beyond chance, beyond the coarsest rank, beyond the
    rank above. Of random vectors, which have no p, the range of r is told.

    Parameters
    ----------
    agreement
        As `mantel_rows` returns them.
    step_ranks
        By step, the rank within whose groups it asks.
    labels
        What the page calls each backbone (`visgen.report.backbones`).
    """
    sentences = []
    for key in dict.fromkeys((row["backbone"], row["variant"]) for row in agreement):
        rows = {row["step"]: row for row in agreement if (row["backbone"], row["variant"]) == key}
        first = rows.get(CHANCE)
        if first is None:
            continue
        if first["is_random"]:
            sentences.append(_random_in_words(first, labels))
            continue
        steps = [CHANCE, *step_ranks]
        verdicts = verdicts_of(rows, step_ranks)
        told = [steps_in_words(verdicts, step_ranks) + "."]
        if verdicts[CHANCE] == SHOWN:
            told.append(f"Descent tells {_share(first['pearson'])}.")
        told += [
            _step_in_words(rows[step], step_ranks.get(step))
            for step in steps
            if step in rows and verdicts[step] != NOT_ASKED
        ]
        gated = [step_ranks[step] for step in step_ranks if verdicts[step] == NOT_ASKED]
        if gated:
            told.append(f"Not asked within {' and '.join(gated)}: the step before is not shown.")
        told += [_why_missing(step, step_ranks) for step in step_ranks if step not in rows]
        variant = first["variant"].replace("_", " ")
        sentences.append(
            f"{variant.capitalize()} vectors ({labels[first['backbone']]}, {first['n']} taxa): "
            + " ".join(told)
        )
    return sentences


def verdicts_of(
    rows: Mapping[str, Mapping[str, Any]], step_ranks: Mapping[str, str]
) -> dict[str, str]:
    """Return what becomes of each step of a variant.

    Parameters
    ----------
    rows
        By step, as `mantel_rows` returns them, of one variant.
    step_ranks
        By step, the rank within whose groups it asks.
    """
    steps = [CHANCE, *step_ranks]
    found = judge([_step(step, rows.get(step)) for step in steps])
    return dict(zip(steps, found, strict=True))


def _step(name: str, row: Mapping[str, Any] | None) -> Step:
    if row is None:
        return Step(name, None, ())
    return step_of(name, [row["pearson"], row["spearman"], row["dealt"]], row["power"])


def _why_missing(step: str, step_ranks: Mapping[str, str]) -> str:
    words = f"Within {step_ranks[step]} nothing can be asked: its groups are too few or too small"
    others = [step_ranks[other] for other in step_ranks if other != step]
    if step == WITHIN_COARSEST and others:
        words += f", or the same as those of {others[0]}"
    return words + "."


def _share(score: Mapping[str, Any]) -> str:
    return share_in_words(score["value"], score["ci_low"], score["ci_high"])


def _step_in_words(row: Mapping[str, Any], rank: str | None) -> str:
    """Give the numbers of a step."""
    score, rank_score, dealt = row["pearson"], row["spearman"], row["dealt"]
    where = "Over all pairs" if rank is None else f"Within {rank}"
    words = f"{where} r = {_two_digits(score['value'])}"
    if interval := interval_in_words(score, _two_digits):
        words += f" (95 % {interval})"
    words += f", p = {format_p(score['p'])}"
    if rank_score is not None:
        words += f"; Spearman {_two_digits(rank_score['value'])}, p = {format_p(rank_score['p'])}"
    if dealt is not None:
        random = _two_digits(row["of_deals"]["value"])
        words += f"; specimens dealt at random give {random}, p = {format_p(dealt['p'])}"
    if row["inherited"] is not None:
        words += (
            f"; look that is wholly inherited would give {_two_digits(row['inherited']['value'])}"
        )
        if row["power"] is not None:
            words += f" and be seen in {100 * row['power']:.0f} % of such studies"
    return words + "."


def _two_digits(value: float) -> str:
    return format_number(value, 2)


def nothing_compared(omitted: Sequence[tuple[str, str]]) -> list[str]:
    """Say that look and descent could not be compared, and why: evaluators and reasons."""
    why = "; ".join(dict.fromkeys(reason for _, reason in omitted))
    return [f"Look and descent could not be compared{f': {why}' if why else ''}."]


def _random_in_words(row: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    score = row["pearson"]
    low, high = (format_number(score[end], 2) for end in ("ci_low", "ci_high"))
    return (
        f"{row['variant'].replace('_', ' ').capitalize()} vectors, which know nothing of the "
        f"images ({labels[row['backbone']]}), give r = {format_number(score['value'], 2)} on "
        f"average over {RANDOM_DRAWS} draws, 95 % of them {low} to {high}."
    )


def descent_content(
    metrics: pd.DataFrame,
    figures: Sequence[str],
    omitted: Sequence[str],
    few_images: str,
    missing: str,
    step_ranks: Mapping[str, str],
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Return rows, findings, figures and omissions of look against descent.

    Parameters
    ----------
    metrics
        Columns of the contract.
    figures
        ``<backbone>/<variant>/distances.png``.
    omitted
        ``<backbone>/omitted.tsv``.
    few_images
        Table of taxa without a vector.
    missing
        Table of names that only images or only the tree have.
    step_ranks
        By step, the rank within whose groups it asks.
    labels
        What the page calls each backbone (`visgen.report.backbones`).
    """
    rows = mantel_rows(metrics, step_ranks)
    names = read_table(missing)
    left_out = sorted(
        {
            (item["evaluator"], item["reason"])
            for path in omitted
            for item in read_table(path).to_dict("records")
        }
    )
    return {
        "agreement": rows,
        "agreement_findings": agreement_findings(rows, step_ranks, labels)
        or nothing_compared(left_out),
        "association_rows": association_rows(metrics),
        "signal_rows": association_rows(metrics, SIGNALS),
        "embedding_omitted": left_out,
        "few_images": read_table(few_images).to_dict("records"),
        "missing_rows": names.fillna("").to_dict("records"),
        "n_without_tree": int((names["found_in"] == "study").sum()),
        "embedding_figures": [
            {
                "path": path,
                "backbone": Path(path).parent.parent.name,
                "variant": Path(path).parent.name,
            }
            for path in figures
        ],
    }
