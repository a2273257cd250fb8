"""What the report's page says of the classifiers, from the tables of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.classification.scoring import ALL_RANKS
from visgen.classification.study import INDEPENDENT, ROLLED_UP
from visgen.metrics import over_seeds
from visgen.report.page import format_number, format_percent, is_nothing
from visgen.tables import read_table

#: Columns of the page's table of scores: metric, head, how its values are written.
SHOWN = (
    ("balanced_accuracy", "balanced accuracy", format_percent),
    ("macro_f1", "macro-F1", format_percent),
    ("mcc", "MCC", format_number),
    ("accuracy", "accuracy", format_percent),
    ("weighted_f1", "weighted F1", format_percent),
    ("top_3_accuracy", "top 3", format_percent),
    ("top_5_accuracy", "top 5", format_percent),
    ("mistake_height", "mistakes: ranks up", format_number),
    ("mistake_distance", "mistakes: distance", format_number),
)


def classification_content(
    metrics: pd.DataFrame, ranks: Sequence[str], baselines: Sequence[str], tables: Mapping[str, Any]
) -> dict[str, Any]:
    """Return rows, findings, figures and omissions of the classifiers.

    Parameters
    ----------
    metrics
        Columns of the contract.
    ranks
        Coarse to fine.
    baselines
        Names of the classifiers that do not see the images.
    tables
        Paths: chosen (``<backbone>/chosen.tsv`` of each), classification_figures
        (``<backbone>/<figure>.png``), classification_omitted and tuning
        (``<backbone>/<classifier>/….tsv``), confidence_omitted
        (``<backbone>/confidence.omitted.tsv``), published (none or one).
    """
    own = metrics[metrics["experiment"] == "classification"]
    own = own[own["part"] == "test"]
    scores = over_seeds(own)
    chosen = pd.concat(
        read_table(path).assign(backbone=Path(path).parent.name) for path in tables["chosen"]
    )
    rows = score_rows(scores, ranks, baselines, chosen)
    confidence = confidence_rows(scores, chosen)
    published = read_table(tables["published"][0]) if tables["published"] else None
    # Every classifier leaves out the same ranks: they depend on the splits alone.
    left = _read_all(tables["classification_omitted"])[["seed", "rank", "reason"]]
    reasons = left.drop_duplicates().groupby(["rank", "reason"], sort=False).size()
    tuning = _read_all(tables["tuning"], classifier=True)
    return {
        "classification_heads": [head for metric, head, _ in SHOWN if _has(scores, metric)],
        "classification": rows,
        "classification_shown": shown_rows(rows),
        "classification_findings": [
            *findings(rows, confidence),
            *lineage_findings(scores, chosen, ranks),
        ],
        "backbone_rows": backbone_rows(rows, scores),
        "lineage_rows": lineage_rows(scores, baselines),
        "rolled_up_rows": rolled_up_rows(scores, chosen),
        "confidence_rows": confidence,
        "confidence_omitted": _read_all(tables["confidence_omitted"], backbone=True)
        .merge(chosen[["backbone", "rank", "variant"]])
        .to_dict("records"),
        "tuning_rows": tuning[tuning["chosen"]].to_dict("records"),
        "published_rows": [] if published is None else published_rows(published, scores),
        "classification_omitted": reasons.rename("n_seeds").reset_index().to_dict("records"),
        "classification_figures": [
            {"path": path, "backbone": Path(path).parent.name, "figure": Path(path).stem}
            for path in tables["classification_figures"]
        ],
    }


def score_rows(
    scores: pd.DataFrame, ranks: Sequence[str], baselines: Sequence[str], chosen: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return one row a backbone, rank and independent classifier, with its scores as text.

    Parameters
    ----------
    scores
        As `visgen.metrics.over_seeds` returns them, of the test part.
    chosen
        Columns backbone, rank, variant, value, n, note: what was chosen on validation.
    """
    own = scores[scores["evaluator"] == INDEPENDENT]
    shown = [entry for entry in SHOWN if _has(scores, entry[0])]
    picked = chosen.set_index(["backbone", "rank"])
    rows = []
    for backbone in dict.fromkeys(own["backbone"]):
        for rank in ranks:
            part = own[(own["backbone"] == backbone) & (own["rank"] == rank)]
            against = scores[
                (scores["backbone"] == backbone)
                & (scores["rank"] == rank)
                & scores["evaluator"].str.startswith("minus:")
                & (scores["metric"] == "balanced_accuracy")
            ].set_index("variant")
            for variant, table in part.groupby("variant", sort=False):
                cells = table.set_index("metric").to_dict("index")
                difference = against.loc[variant] if variant in against.index else None
                is_chosen = (backbone, rank) in picked.index and (
                    picked.loc[(backbone, rank), "variant"] == variant
                )
                rows.append(
                    {
                        "backbone": backbone,
                        "rank": rank,
                        "variant": variant,
                        "is_baseline": variant in baselines,
                        "is_chosen": is_chosen,
                        "validation": picked.loc[(backbone, rank)].to_dict() if is_chosen else None,
                        "cells": cells,
                        "texts": [_cell(cells.get(metric), form) for metric, _, form in shown],
                        "difference": None if difference is None else _points(difference),
                        "reference": None
                        if difference is None
                        else difference["evaluator"].removeprefix("minus:"),
                        "n": int(cells["accuracy"]["n"]),
                        "n_seeds": int(cells["accuracy"]["n_seeds"]),
                    }
                )
    return rows


def shown_rows(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the chosen classifiers, the reference and the baselines, by backbone and rank."""
    references = {row["reference"] for row in rows}
    return [
        row
        for row in rows
        if row["is_chosen"] or row["is_baseline"] or row["variant"] in references
    ]


def findings(
    rows: Sequence[Mapping[str, Any]], confidence: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Say in plain sentences what the chosen classifiers show, null results included."""
    sentences = []
    for row in rows:
        if not row["is_chosen"]:
            continue
        score = row["cells"]["balanced_accuracy"]
        same = {
            other["variant"]: other["cells"]["balanced_accuracy"]["value"]
            for other in rows
            if other["is_baseline"]
            and (other["backbone"], other["rank"]) == (row["backbone"], row["rank"])
        }
        sentence = (
            f"{row['rank'].capitalize()}: {_words(row['variant'])} on {row['backbone']}, chosen on "
            f"validation, has a balanced accuracy of {format_percent(score['value'])} "
        )
        if is_nothing(score["ci_low"]):
            sentence += f"({row['n']} test specimens; no interval, since most taxa have but one)"
        else:
            sentence += (
                f"(95 % interval {format_percent(score['ci_low'])} to "
                f"{format_percent(score['ci_high'])}, {row['n']} test specimens)"
            )
        if same and row["variant"] not in same:
            best = max(same.values())
            if is_nothing(score["ci_low"]):
                verdict = _mcc_in_words(row["cells"].get("mcc"))
            elif score["ci_low"] > best:
                verdict = "The interval lies above it."
            else:
                verdict = "The interval does not lie above it: nothing beyond chance is shown."
            sentence += (
                f"; the best baseline that does not see the images has "
                f"{format_percent(best)}. {verdict}"
            )
        else:
            sentence += "."
        sets = next(
            (
                item
                for item in confidence
                if item["group"] == "all"
                and (item["backbone"], item["rank"]) == (row["backbone"], row["rank"])
            ),
            None,
        )
        if sets is not None:
            sentence += f" {_sets_in_words(sets)}"
        sentences.append(sentence)
    return sentences


def _mcc_in_words(score: Mapping[str, Any] | None) -> str:
    """Say what the correlation of truth and guess shows, where means over taxa show nothing."""
    if score is None or is_nothing(score["ci_low"]):
        return "Too few specimens to say more."
    sentence = f"MCC is {format_number(score['value'], 2)} (95 % interval "
    sentence += f"{format_number(score['ci_low'], 2)} to {format_number(score['ci_high'], 2)}), "
    if score["ci_low"] > 0:
        return sentence + "above the 0 of chance."
    return sentence + "not clear of the 0 of chance: nothing beyond it is shown."


def _sets_in_words(sets: Mapping[str, Any]) -> str:
    """Say what sets of taxa are worth, and whether they keep what they promise."""
    low, high = sets["expected_low"], sets["expected_high"]
    sentence = (
        f"Sets meant to hold the true taxon of {format_percent(sets['promised'])} of the "
        f"specimens hold it for {format_percent(sets['coverage'])} (valid ones: "
        f"{format_percent(low)} to {format_percent(high)}) of those whose taxon calibrated "
        f"({format_percent(sets['outside'])} are of others)"
    )
    if not is_nothing(sets["size"]):
        sentence += f"; they name {format_number(sets['size'], 1)} taxa on average"
    if sets["coverage"] < low:
        sentence += "; they do not keep their promise here"
    if sets["coverage"] > high:
        sentence += "; they are wider than needed"
    return sentence + "."


def lineage_findings(scores: pd.DataFrame, chosen: pd.DataFrame, ranks: Sequence[str]) -> list[str]:
    """Say how often independent ranks contradict each other, and whether rolling up mends it."""
    rates = scores[scores["rank"] == ALL_RANKS].set_index(["backbone", "variant", "evaluator"])
    sentences = []
    for backbone in dict.fromkeys(chosen["backbone"]):
        finest = chosen[chosen["backbone"] == backbone].set_index("rank")
        finest = finest.reindex([rank for rank in ranks if rank in finest.index])
        if finest.empty:
            continue
        variant = finest["variant"].iloc[-1]
        if (backbone, variant, INDEPENDENT) not in rates.index:
            continue
        rate = rates.loc[(backbone, variant, INDEPENDENT)]
        sentence = (
            f"Taken together, the ranks that {_words(variant)} on {backbone} predicts "
            f"independently contradict each other for {format_percent(rate['value'])} of the test "
            f"images ({_interval(rate, format_percent)})"
        )
        if (backbone, variant, ROLLED_UP) in rates.index:
            rolled = rates.loc[(backbone, variant, ROLLED_UP)]
            sentence += (
                f"; where the probabilities of the finest usable rank are summed up the taxonomy, "
                f"for {format_percent(rolled['value'])}"
            )
        sentences.append(sentence + ".")
    return sentences


def lineage_rows(scores: pd.DataFrame, baselines: Sequence[str]) -> list[dict[str, Any]]:
    """Return the share of impossible lineages by backbone and classifier."""
    rates = scores[(scores["rank"] == ALL_RANKS) & (scores["metric"] == "impossible_lineages")]
    rows = []
    for (backbone, variant), table in rates.groupby(["backbone", "variant"], sort=False):
        cells = table.set_index("evaluator").to_dict("index")
        rows.append(
            {
                "backbone": backbone,
                "variant": variant,
                "is_baseline": variant in baselines,
                "n": int(table["n"].min()),
                "texts": [
                    _cell(cells.get(name), format_percent) for name in (INDEPENDENT, ROLLED_UP)
                ],
            }
        )
    return rows


def rolled_up_rows(scores: pd.DataFrame, chosen: pd.DataFrame) -> list[dict[str, Any]]:
    """Return, by backbone and rank, what rolling up gives the classifier that was chosen."""
    rows = []
    for _, pick in chosen.iterrows():
        here = scores[
            (scores["backbone"] == pick["backbone"])
            & (scores["rank"] == pick["rank"])
            & (scores["variant"] == pick["variant"])
            & (scores["metric"] == "balanced_accuracy")
        ].set_index("evaluator")
        if ROLLED_UP not in here.index:
            continue
        rows.append(
            {
                "backbone": pick["backbone"],
                "rank": pick["rank"],
                "variant": pick["variant"],
                "texts": [
                    *(_cell(here.loc[e], format_percent) for e in (INDEPENDENT, ROLLED_UP)),
                    _points(here.loc["rolled_up_minus_independent"]),
                ],
            }
        )
    return rows


def backbone_rows(rows: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the chosen classifier of each backbone by rank, where there are several backbones."""
    picked = [row for row in rows if row["is_chosen"]]
    if len({row["backbone"] for row in picked}) < 2:
        return []
    between = scores[scores["evaluator"].str.startswith("backbone_minus:")]
    mcc, balanced = (
        between[between["metric"] == metric].set_index(["backbone", "rank"])
        for metric in ("mcc", "balanced_accuracy")
    )
    order = list(dict.fromkeys(row["rank"] for row in picked))
    found = []
    for row in sorted(picked, key=lambda row: order.index(row["rank"])):
        key = row["backbone"], row["rank"]
        found.append(
            {
                **{name: row[name] for name in ("backbone", "rank", "variant", "validation", "n")},
                "is_best": key not in balanced.index,
                "texts": [
                    _cell(row["cells"]["balanced_accuracy"], format_percent),
                    _points(balanced.loc[key]) if key in balanced.index else None,
                    _cell(row["cells"].get("mcc"), format_number),
                    _cell(mcc.loc[key], _signed) if key in mcc.index else None,
                ],
            }
        )
    return found


def confidence_rows(scores: pd.DataFrame, chosen: pd.DataFrame) -> list[dict[str, Any]]:
    """Return calibration and sets of the chosen classifiers, by backbone, rank and group."""
    rows = []
    for _, pick in chosen.iterrows():
        here = scores[
            (scores["backbone"] == pick["backbone"])
            & (scores["rank"] == pick["rank"])
            & (scores["variant"] == pick["variant"])
        ]
        cells = {(row["evaluator"], row["metric"]): row for row in here.to_dict("records")}
        for group in ("all", "head", "tail"):
            # Where all taxa are in the head, or in the tail, one pool is all there is.
            # The same where head and tail could be calibrated apart in some seeds only.
            names = ("mondrian", "conformal") if group == "all" else (f"mondrian:{group}",)
            n_seeds = {
                name: cells[name, "coverage"]["n_seeds"]
                for name in names
                if (name, "coverage") in cells
            }
            if not n_seeds:
                continue
            evaluator = max(n_seeds, key=n_seeds.get)  # of equals the first
            coverage = cells[evaluator, "coverage"]
            expected = cells[evaluator, "coverage_if_valid"]
            rows.append(
                {
                    **{name: pick[name] for name in ("backbone", "rank", "variant")},
                    "group": group,
                    "promised": expected["value"],
                    "coverage": coverage["value"],
                    "text": _cell(coverage, format_percent),
                    "expected_low": expected["ci_low"],
                    "expected_high": expected["ci_high"],
                    "size": cells.get((evaluator, "set_size"), {}).get("value"),
                    "n": int(coverage["n"]),
                    "n_seeds": int(coverage["n_seeds"]),
                    "outside": cells[evaluator, "outside"]["value"],
                    "ece": [
                        cells.get((kind, metric), {}).get("value")
                        for kind in ("uncalibrated", "temperature")
                        for metric in ("ece", "ece_if_calibrated")
                    ],
                }
            )
    return rows


def published_rows(published: pd.DataFrame, scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each published score beside those of this study, by backbone.

    Parameters
    ----------
    published
        Columns source, rank, variant, metric, value, note.
    """
    own = scores[scores["evaluator"] == INDEPENDENT]
    rows = []
    forms = {metric: form for metric, _, form in SHOWN}
    for row in published.fillna({"note": ""}).to_dict("records"):
        form = forms.get(row["metric"], format_number)
        here = own[
            (own["rank"] == row["rank"])
            & (own["variant"] == row["variant"])
            & (own["metric"] == row["metric"])
        ]
        found = [(r["backbone"], _cell(r, form)) for r in here.to_dict("records")]
        rows.append(row | {"value": form(row["value"]), "here": found})
    return rows


def _read_all(
    paths: Sequence[str], *, classifier: bool = False, backbone: bool = False
) -> pd.DataFrame:
    """Read tables into one, with the folders that name classifier and backbone as columns."""
    tables = []
    for path in paths:
        table, folder = read_table(path), Path(path).parent
        if classifier:
            table = table.assign(classifier=folder.name, backbone=folder.parent.name)
        tables.append(table.assign(backbone=folder.name) if backbone else table)
    return pd.concat(tables, ignore_index=True)


def _has(scores: pd.DataFrame, metric: str) -> bool:
    return bool((scores["metric"] == metric).any())


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cell(score: Mapping[str, Any] | None, form: Any) -> dict[str, str] | None:
    """Return value and interval as text; None where there is no score."""
    if score is None or is_nothing(score["value"]):
        return None
    return {"value": form(score["value"]), "interval": _interval(score, form)}


def _interval(score: Mapping[str, Any], form: Any) -> str:
    if is_nothing(score["ci_low"]):
        return ""
    return f"{form(score['ci_low'])} to {form(score['ci_high'])}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _points(difference: Mapping[str, Any]) -> dict[str, str] | None:
    """Return a difference in percentage points as text, with its sign."""
    return _cell(difference, lambda share: f"{100 * share:+.1f}".replace("-", "−"))
