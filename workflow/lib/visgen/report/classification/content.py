"""What the report's page says of the classifiers, from the tables of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.classification.confidence.set_coverage import ALL
from visgen.classification.evaluators import INDEPENDENT, JOINT
from visgen.metrics import over_seeds
from visgen.published import read_published
from visgen.report.cells import points
from visgen.report.classification.lineages import (
    depth_rows,
    joint_findings,
    joint_rows,
    set_rows,
)
from visgen.report.classification.rows import (
    FEW,
    SHOWN,
    backbone_rows,
    confidence_rows,
    has_metric,
    lineage_rows,
    score_rows,
    shown_rows,
)
from visgen.report.embedding.as_published import AS_PUBLISHED
from visgen.report.page import format_number, format_percent, is_nothing
from visgen.report.published import is_of_recognition, published_rows
from visgen.specimens.splits import MIN_SPECIMENS
from visgen.tables import read_table


def classification_content(
    metrics: pd.DataFrame,
    ranks: Sequence[str],
    baselines: Sequence[str],
    tables: Mapping[str, Any],
    labels: Mapping[str, str],
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
    labels
        What the page calls each backbone (`visgen.report.backbones`).
    """
    own = metrics[metrics["experiment"] == "classification"]
    all_parts = over_seeds(own)
    scores = all_parts[all_parts["part"] == "test"]
    chosen = pd.concat(
        read_table(path).assign(backbone=Path(path).parent.name) for path in tables["chosen"]
    )
    joint = chosen[chosen["evaluator"] == JOINT]
    chosen = chosen[chosen["evaluator"] == INDEPENDENT]
    rows = score_rows(scores, ranks, baselines, chosen)
    confidence = confidence_rows(scores, chosen)
    published = []
    if tables["published"]:
        table = read_published(tables["published"][0])
        # The sections on recognition and on descent show their own.
        table = table[~is_of_recognition(table, metrics) & ~table["metric"].isin(AS_PUBLISHED)]
        plain = scores[scores["evaluator"] == INDEPENDENT]
        published = published_rows(table, plain, {metric: form for metric, _, form in SHOWN})
    left = _read_all(tables["classification_omitted"], classifier=True)
    reasons = left.groupby(["rank", "reason"], sort=False).size()
    tuning = _read_all(tables["tuning"], classifier=True)
    return {
        "classification_heads": [head for metric, head, _ in SHOWN if has_metric(scores, metric)],
        "classification": rows,
        "classification_shown": shown_rows(rows),
        "classification_findings": [
            *joint_findings(all_parts, joint, ranks, labels),
            *(findings(rows, confidence, labels) or nothing_scored(reasons)),
            *choice_findings(rows, labels),
        ],
        "joint_rows": joint_rows(all_parts, joint, ranks),
        "set_rows": set_rows(all_parts, joint),
        "depth_rows": depth_rows(all_parts, joint, ranks),
        "backbone_rows": backbone_rows(rows, scores),
        "lineage_rows": lineage_rows(scores, baselines),
        "confidence_rows": confidence,
        "confidence_omitted": _read_all(tables["confidence_omitted"], backbone=True)
        .merge(pd.concat([chosen, joint])[["backbone", "rank", "variant"]])
        .to_dict("records"),
        "tuning_rows": tuning[tuning["chosen"]].to_dict("records"),
        "published_rows": published,
        "classification_omitted": omitted_rows(left, len(tables["classification_omitted"]), labels),
        "classification_figures": [
            {"path": path, "backbone": Path(path).parent.name, "figure": Path(path).stem}
            for path in tables["classification_figures"]
        ],
    }


def omitted_rows(
    left: pd.DataFrame, n_classifiers: int, labels: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return what was left out or has a reservation, by rank and reason.

    Parameters
    ----------
    left
        Columns backbone, classifier, seed, rank, reason: ranks that cannot be tested, which all
        classifiers leave out, and what befell a classifier, whose scores may stand.
    n_classifiers
        Number of classifiers, counted on each backbone.
    labels
        What the page calls each backbone (`visgen.report.backbones`).

    Returns
    -------
    list of dict
        rank, reason, n_seeds, classifiers (which it befell, with their backbones; empty for all).
    """
    keys = ["rank", "reason", "n_seeds"]
    counted = left.groupby(["backbone", "classifier", "rank", "reason"], sort=False).size()
    counted = counted.rename("n_seeds").reset_index()
    rows = []
    for values, told in counted.groupby(keys, sort=False):
        names = [f"{one.classifier} on {labels[one.backbone]}" for one in told.itertuples()]
        whose = "" if len(names) == n_classifiers else ", ".join(names)
        rows.append(dict(zip(keys, values, strict=True)) | {"classifiers": whose})
    return rows


def findings(
    rows: Sequence[Mapping[str, Any]],
    confidence: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
) -> list[str]:
    """Say in plain sentences what the chosen classifiers show, null results included."""
    sentences = []
    for row in rows:
        if not row["is_chosen"]:
            continue
        score = row["cells"]["balanced_accuracy"]
        sentence = (
            f"{row['rank'].capitalize()}: {_words(row['variant'])} on "
            f"{labels[row['backbone']]}, chosen on validation, has a balanced accuracy of "
            f"{format_percent(score['value'])} "
        )
        if is_nothing(score["ci_low"]):
            sentence += f"({row['n']} test specimens; no interval, since most taxa have but one)"
        else:
            sentence += (
                f"(95 % interval {format_percent(score['ci_low'])} to "
                f"{format_percent(score['ci_high'])}, {row['n']} test specimens)"
            )
        best = row["best_baseline"]
        if best is not None and not row["is_baseline"]:
            if is_nothing(score["ci_low"]):
                verdict = _mcc_in_words(row["cells"].get("mcc"))
            elif score["ci_low"] > best:
                verdict = "The interval lies above it."
            else:
                verdict = "The interval does not lie above it: cannot tell it from chance."
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
                if item["group"] == ALL
                and (item["backbone"], item["rank"]) == (row["backbone"], row["rank"])
            ),
            None,
        )
        if sets is not None:
            sentence += f" {_sets_in_words(sets)}"
        sentences.append(sentence)
    return sentences


def choice_findings(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> list[str]:
    """Say on how many specimens classifiers were chosen, and what they lose from there to test."""
    sentences = []
    picked = [
        row for row in rows if row["is_chosen"] and not is_nothing(row["validation"]["value"])
    ]
    for backbone in dict.fromkeys(row["backbone"] for row in picked):
        own = [row for row in picked if row["backbone"] == backbone]
        numbers = sorted({int(row["validation"]["n"]) for row in own})
        changes = ", ".join(
            f"{row['rank']} "
            + points(row["cells"]["balanced_accuracy"]["value"] - row["validation"]["value"])
            for row in own
        )
        sentence = (
            f"The choice between classifiers on {labels[backbone]} was made on "
            f"{' to '.join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))} validation "
            f"specimens"
        )
        if numbers[0] < FEW:
            sentence += ", so few that luck has a part in it"
        sentences.append(
            f"{sentence}. From there to test, the balanced accuracy of what was chosen changes by "
            f"(points): {changes}."
        )
    return sentences


def nothing_scored(reasons: pd.Series) -> list[str]:
    """Say that no classifier has a score, and why.

    Parameters
    ----------
    reasons
        Index rank and reason, one row for each rank that is left out.
    """
    ranks = pd.Series(reasons.index.get_level_values("rank"))
    listed = ranks.groupby(reasons.index.get_level_values("reason"), sort=False).agg(", ".join)
    why = "; ".join(f"{names}: {reason}" for reason, names in listed.items())
    return [
        "No classifier could be scored, so this study shows nothing about its taxa"
        + (f" ({why})" if why else "")
        + f". A taxon needs {MIN_SPECIMENS} specimens to have one in training, in validation and "
        "in test."
    ]


def _mcc_in_words(score: Mapping[str, Any] | None) -> str:
    """Say what the correlation of truth and guess shows, where means over taxa show nothing."""
    if score is None or is_nothing(score["ci_low"]):
        return "Too few specimens to say more."
    sentence = f"MCC is {format_number(score['value'], 2)} (95 % interval "
    sentence += f"{format_number(score['ci_low'], 2)} to {format_number(score['ci_high'], 2)}), "
    if score["ci_low"] > 0:
        return sentence + "above the 0 of chance."
    return sentence + "not clear of the 0 of chance: cannot tell it from that."


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


def _words(name: str) -> str:
    return name.replace("_", " ")
