"""What the page says of look against descent over all taxa."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.distances.agreement import DEALS
from visgen.embedding.unguided import RANDOM_DRAWS
from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.report.cells import cell
from visgen.report.embedding.association import SIGNALS, association_rows
from visgen.report.page import ALPHA, format_number, format_p, is_nothing
from visgen.tables import read_table

_NO_DEALS = {"dealt": None, "of_deals": None}


def mantel_rows(metrics: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row a backbone, variant and Mantel test, with what deals of specimens give.

    Parameters
    ----------
    metrics
        Columns of the contract.

    Returns
    -------
    list of dict
        backbone, variant, test, n (taxa), is_random; pearson and spearman, scores of the test;
        dealt, r and p of the true deal, and of_deals, the null of random ones, both None where
        there is no such test; and cells: for r, rank correlation and null what
        `visgen.report.cells.cell` has, the last with the p of the true deal.
    """
    scores = metrics[
        (metrics["experiment"] == "embedding")
        & metrics["evaluator"].isin(["mantel", "mantel_within", DEALS])
    ]
    rows = []
    for (backbone, variant), table in scores.groupby(["backbone", "variant"], sort=False):
        tests = {
            test: part.set_index("metric").to_dict("index")
            for test, part in of_role(table, SCORE).groupby("evaluator", sort=False)
        }
        dealt = tests.pop(DEALS, {}).get("pearson")
        (of_deals,) = of_role(table, EXPECTED, DEALS).to_dict("records") or [None]
        for test, found in tests.items():
            row = {"backbone": backbone, "variant": variant, "test": test} | found
            row |= {"n": int(found["pearson"]["n"])}
            row |= {"is_random": is_nothing(found["pearson"]["p"])}  # draws, without a test
            row |= {"dealt": dealt, "of_deals": of_deals} if test == "mantel" else _NO_DEALS
            beside = row["of_deals"] and row["of_deals"] | {"p": dealt["p"]}
            shown = (row["pearson"], row["spearman"], beside)
            rows.append(row | {"cells": [cell(score, format_number) for score in shown]})
    return rows


def agreement_findings(agreement: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say in plain sentences what the tests show, null results included.

    Agreement is called shown where both tests reject: taxa permuted, and specimens dealt. Of
    random vectors, which have no p, the range of r is told.
    """
    sentences = []
    for row in agreement:
        if row["is_random"]:
            sentences.append(_random_in_words(row))
        if row["dealt"] is None:
            continue
        score, against = row["pearson"], row["dealt"]
        random, rank = row["of_deals"], row["spearman"]
        if score["p"] >= ALPHA:
            verdict = "No agreement is shown."
        elif against["p"] >= ALPHA:
            verdict = "No agreement is shown: the numbers of images per taxon alone give as much."
        else:
            verdict = "Look follows descent beyond chance, as far as r says."
        sentences.append(
            f"Visual and phylogenetic distance ({row['variant'].replace('_', ' ')} vectors, "
            f"{row['backbone']}): Mantel r = {format_number(score['value'], 2)}, "
            f"p = {format_p(score['p'])} (Spearman r = {format_number(rank['value'], 2)}, "
            f"p = {format_p(rank['p'])}), {row['n']} taxa; with specimens dealt to the taxa at "
            f"random r = {format_number(random['value'], 2)} on average "
            f"(p = {format_p(against['p'])}). {verdict}"
        )
    return sentences


def nothing_compared(omitted: Sequence[tuple[str, str]]) -> list[str]:
    """Say that look and descent could not be compared, and why: evaluators and reasons."""
    why = "; ".join(dict.fromkeys(reason for _, reason in omitted))
    return [f"Look and descent could not be compared{f': {why}' if why else ''}."]


def _random_in_words(row: Mapping[str, Any]) -> str:
    score = row["pearson"]
    low, high = (format_number(score[end], 2) for end in ("ci_low", "ci_high"))
    return (
        f"{row['variant'].replace('_', ' ').capitalize()} vectors, which know nothing of the "
        f"images ({row['backbone']}), give r = {format_number(score['value'], 2)} on average over "
        f"{RANDOM_DRAWS} draws, 95 % of them {low} to {high}."
    )


def descent_content(
    metrics: pd.DataFrame,
    figures: Sequence[str],
    omitted: Sequence[str],
    few_images: str,
    missing: str,
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
    """
    rows = mantel_rows(metrics)
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
        "agreement_findings": agreement_findings(rows) or nothing_compared(left_out),
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
