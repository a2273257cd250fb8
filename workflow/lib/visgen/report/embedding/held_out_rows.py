"""Rows of the page's table of held-out taxa, their numbers as text."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.embedding.folds import KINDS
from visgen.embedding.held_out.deals import OVER_DEALS
from visgen.embedding.held_out.many_variants import BEST
from visgen.embedding.held_out.scoring import DEALT_SPECIMENS, PERMUTED_BAGS, RANDOM_RELATIVE
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE
from visgen.report.cells import cell, interval_in_words, signed
from visgen.report.page import format_number, format_p, is_nothing

#: Part and metric that tell of pairs of held-out taxa.
AMONG = ("held_out_held_out", "pearson")
#: Part and metric that tell of a held-out taxon's place among known ones.
TO_KNOWN = ("held_out_known", "pearson_double_centred")

#: How a guided variant stands where there are several: the first one was meant, the others tried.
PRIMARY, EXPLORATORY = "primary", "exploratory"

#: What refits are made to, in small print.
_NULLS = {PERMUTED_BAGS: "permuted", DEALT_SPECIMENS: "dealt"}
#: Where the rows of a role go, and by what they are found there.
_ROLES = {
    "scores": (SCORE, ["part", "metric"]),
    "nulls": (EXPECTED, ["part", "metric", "against"]),
    "gains": (DIFFERENCE, ["part", "metric"]),
}


def within_key(step: str) -> tuple[str, str]:
    """Return part and metric of the score of a step within groups."""
    return "held_out_known", f"pearson_{step}"


def deals_in_words(row: Mapping[str, Any], key: tuple[str, str]) -> str:
    """Say over how many deals of taxa to folds a gain is a mean, with its least and largest."""
    part, metric = key
    over = row["gains"].get((part, metric + OVER_DEALS))
    if over is None:
        return "one deal"
    return f"{int(over['n_permutations'])} deals ({interval_in_words(over, signed)})"


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
        backbone, kind, variant, n (taxa), is_guided, is_random, is_reference, reference; standing,
        `PRIMARY` for the first guided variant with its first backbone, `EXPLORATORY` for all other
        guided ones, None without others; scores and gains, by part and metric, and nulls, by part,
        metric and what they are against; over_all, by part and metric: p over all guided variants
        and backbones, and n_permutations; n_draws, of random vectors, None of others; and texts,
        the cells of the table.
    """
    pooled = metrics[(metrics["experiment"] == "embedding") & metrics["fold"].isna()]
    compared = {other for name, other in references.items() if other != name}
    standings = _standings(pooled, guided)
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
                row |= {"standing": standings.get((backbone, variant))}
                row |= {"n": int(table["n"].max()), "over_all": _over_all(row["nulls"])}
                row |= {"n_draws": int(table["n_permutations"].max()) if row["is_random"] else None}
                rows.append(row | {"texts": _texts(row)})
    return rows


def _standings(pooled: pd.DataFrame, guided: Collection[str]) -> dict[tuple[str, str], str]:
    """Return how each guided variant stands, by backbone and variant; none of one alone."""
    scored = pooled[pooled["evaluator"].isin([f"held_out_{kind}" for kind in KINDS])]
    made = scored[["backbone", "variant"]].drop_duplicates().itertuples(index=False, name=None)
    order = list(guided)
    pairs = sorted((pair for pair in made if pair[1] in order), key=lambda p: order.index(p[1]))
    names = [PRIMARY] + [EXPLORATORY] * (len(pairs) - 1)
    return dict(zip(pairs, names, strict=True)) if len(pairs) > 1 else {}


def _over_all(nulls: Mapping[tuple[str, str, str], Mapping]) -> dict[tuple[str, str], dict]:
    """Return the larger p of both nulls; none where a variant is left out of one of them."""
    found = {}
    for key in (TO_KNOWN, AMONG):
        best = [nulls[*key, name] for name in BEST.values() if (*key, name) in nulls]
        if best:
            p = None if any(is_nothing(null["p"]) for null in best) else max(n["p"] for n in best)
            found[key] = {"p": p, "n_permutations": min(n["n_permutations"] for n in best)}
    return found


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
        over_all = row["over_all"].get(key)
        beside = [f"over all {format_p(over_all['p'])}"] if over_all else []
        return {"value": larger, "interval": "", "lines": of_nulls(key, "p", format_p) + beside}

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
        _cell(gain, signed, _beneath_gain(row)),
        _cell(scores.get(AMONG), format_number),
        p(AMONG),
        _cell(scores.get(rank), _short, _beside("blind", blind_rank, _short)),
        _cell(scores.get(regret), format_number),
        _cell(blind_regret, format_number, of_nulls(regret, "value", format_number)),
        p(regret),
    ]


def _beneath_gain(row: Mapping[str, Any]) -> list[str]:
    gain = row["gains"].get(TO_KNOWN)
    return [f"over {gain['against']}", deals_in_words(row, TO_KNOWN)] if gain else []


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
