"""Rows of the page's table of held-out taxa, their numbers as text."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.embedding.folds import KINDS
from visgen.embedding.held_out.scoring import DEALT_SPECIMENS, PERMUTED_BAGS, RANDOM_RELATIVE
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE
from visgen.report.cells import cell, signed
from visgen.report.page import format_number, format_p, is_nothing

#: Part and metric that tell of pairs of held-out taxa.
AMONG = ("held_out_held_out", "pearson")
#: Part and metric that tell of a held-out taxon's place among known ones.
TO_KNOWN = ("held_out_known", "pearson_double_centred")

#: What refits are made to, in small print.
_NULLS = {PERMUTED_BAGS: "permuted", DEALT_SPECIMENS: "dealt"}
#: Where the rows of a role go, and by what they are found there.
_ROLES = {
    "scores": (SCORE, ["part", "metric"]),
    "nulls": (EXPECTED, ["part", "metric", "against"]),
    "gains": (DIFFERENCE, ["part", "metric"]),
}


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
        As in `visgen.report.embedding.held_out.held_out_content`.

    Returns
    -------
    list of dict
        backbone, kind, variant, n (taxa), is_guided, is_random, is_reference, reference; scores
        and gains, by part and metric, and nulls, by part, metric and what they are against; and
        texts, the cells of the table.
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
                table = here[here["variant"] == variant]
                row = {"backbone": backbone, "kind": kind, "variant": variant}
                row |= {
                    name: table[table["role"] == role].set_index(keys).to_dict("index")
                    for name, (role, keys) in _ROLES.items()
                }
                row |= {"is_guided": variant in guided, "is_random": variant in random}
                row |= {"is_reference": variant in compared, "reference": references[variant]}
                row |= {"n": int(table["n"].max())}
                rows.append(row | {"texts": _texts(row)})
    return rows


def _texts(row: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    """Return the cells of a row of the table, in the order of its heads.

    They are as `visgen.report.cells.cell` has them, with lines of small print; None where there
    is no score.
    """
    scores, nulls = row["scores"], row["nulls"]

    def of_nulls(key: tuple[str, str], column: str, form: Callable[[float], str]) -> list[str]:
        return [
            f"{words} {form(value)}"
            for null, words in _NULLS.items()
            if not is_nothing(value := nulls.get((*key, null), {}).get(column))
        ]

    def p(key: tuple[str, str]) -> dict[str, Any]:
        larger = format_p(scores.get(key, {}).get("p"))
        return {"value": larger, "interval": "", "lines": of_nulls(key, "p", format_p)}

    known, not_centred = ("known_known", "pearson"), ("held_out_known", "pearson")
    rank, regret = ("held_out_known", "nearest_rank"), ("held_out_known", "nearest_regret")
    blind_rank, blind_regret = (nulls.get((*key, RANDOM_RELATIVE)) for key in (rank, regret))
    gain = row["gains"].get(TO_KNOWN)
    return [
        _cell(
            scores.get(known),
            format_number,
            of_nulls(known, "value", format_number) if row["is_guided"] else ["not fitted"],
        ),
        _cell(
            scores.get(TO_KNOWN),
            format_number,
            _beside("not centred", scores.get(not_centred), format_number),
        ),
        p(TO_KNOWN),
        _cell(gain, signed, [f"over {gain['against']}"] if gain else []),
        _cell(scores.get(AMONG), format_number),
        p(AMONG),
        _cell(scores.get(rank), _short, _beside("blind", blind_rank, _short)),
        _cell(scores.get(regret), format_number),
        _cell(blind_regret, format_number, of_nulls(regret, "value", format_number)),
        p(regret),
    ]


def _cell(
    score: Mapping[str, Any] | None, form: Callable[[float], str], lines: Sequence[str] = ()
) -> dict[str, Any] | None:
    found = cell(score, form)
    return found and found | {"lines": list(lines)}


def _beside(words: str, score: Mapping[str, Any] | None, form: Callable[[float], str]) -> list[str]:
    """Return a line of small print on another score; none where there is none."""
    found = cell(score, form)
    return [f"{words} {found['value']}"] if found else []


def _short(value: float) -> str:
    return format_number(value, 1)
