"""Rows of the page's table of held-out taxa, their numbers as text."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pandas as pd

from visgen.held_out.folds import KINDS
from visgen.report.page import format_number, format_p, is_nothing

#: Part and metric that tell of pairs of held-out taxa.
AMONG = ("held_out_held_out", "pearson")
#: Part and metric that tell of a held-out taxon's place among known ones.
TO_KNOWN = ("held_out_known", "pearson_double_centred")

#: Refits to permuted bags and to dealt specimens: ends of the names of their scores.
_NULLS = ("permuted", "shuffled")


def held_out_rows(
    metrics: pd.DataFrame,
    *,
    guided: Collection[str],
    random: Collection[str],
    references: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return one row a backbone, kind of held-out taxa and variant: guided first, random last.

    Parameters
    ----------
    metrics, guided, random, references
        As in `visgen.report.held_out.held_out_content`.
    """
    pooled = metrics[(metrics["experiment"] == "embedding") & metrics["fold"].isna()]
    compared = {other for name, other in references.items() if other != name}
    rows = []
    for backbone in dict.fromkeys(pooled["backbone"]):
        for kind in KINDS:
            here = pooled["evaluator"] == f"held_out_{kind}"
            here = pooled[here & (pooled["backbone"] == backbone)]
            seen = dict.fromkeys(here["variant"])
            for variant in sorted(seen, key=lambda name: (name not in guided, name in random)):
                table = here[here["variant"] == variant].set_index(["part", "metric"])
                scores = table.to_dict("index")
                row = {"backbone": backbone, "kind": kind, "variant": variant, "scores": scores}
                row |= {"is_guided": variant in guided, "is_random": variant in random}
                row |= {"is_reference": variant in compared, "reference": references[variant]}
                row |= {"n": int(table["n"].max())}
                rows.append(row | {"texts": _texts(row)})
    return rows


def _texts(row: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    """Return the cells of a row of the table, in the order of its heads.

    Each has a value and lines of small print; None where there is no score.
    """
    scores: Mapping[tuple[str, str], Mapping[str, float]] = row["scores"]

    def cell(part: str, metric: str, form: Callable[[float], str], **beside: str) -> dict | None:
        score = scores.get((part, metric))
        if score is None or is_nothing(score["value"]):
            return None
        lines = []
        if not is_nothing(score["ci_low"]):
            lines.append(f"{form(score['ci_low'])} to {form(score['ci_high'])}")
        for name, other in beside.items():
            if not is_nothing(value := scores.get((part, other), {}).get("value")):
                lines.append(f"{name.replace('_', ' ')} {form(value)}")
        return {"value": form(score["value"]), "lines": lines}

    def nulls(part: str, metric: str, column: str, form: Callable[[float], str]) -> list[str]:
        values = {null: scores.get((part, f"{metric}_{null}"), {}).get(column) for null in _NULLS}
        return [f"{null} {form(value)}" for null, value in values.items() if not is_nothing(value)]

    def p(part: str, metric: str) -> dict[str, Any]:
        larger = format_p(scores.get((part, metric), {}).get("p"))
        return {"value": larger, "lines": nulls(part, metric, "p", format_p)}

    in_sample = cell("known_known", "pearson", format_number)
    if in_sample and row["is_guided"]:
        in_sample["lines"] = nulls("known_known", "pearson", "value", format_number)
    elif in_sample:
        in_sample["lines"] = ["not fitted"]
    part, blind = "held_out_known", cell("held_out_known", "nearest_regret_random", format_number)
    if blind:
        blind["lines"] = nulls(part, "nearest_regret", "value", format_number)
    gain = cell(part, f"{TO_KNOWN[1]}_gain", signed)
    if gain:
        gain["lines"].append(f"over {row['reference']}")
    return [
        in_sample,
        cell(*TO_KNOWN, format_number, not_centred="pearson"),
        p(*TO_KNOWN),
        gain,
        cell(*AMONG, format_number),
        p(*AMONG),
        cell(part, "nearest_rank", _short, blind="nearest_rank_random"),
        cell(part, "nearest_regret", format_number),
        blind,
        p(part, "nearest_regret"),
    ]


def _short(value: float) -> str:
    return format_number(value, 1)


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return f"{value:+.2f}".replace("-", "−")
