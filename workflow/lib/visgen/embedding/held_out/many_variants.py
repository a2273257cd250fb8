"""What the best of several guided variants is expected to score: p over all of them.

Whoever fits many variants and reads the best one reads a maximum, so a variant is set against the
maximum over all in refits to the null. A refit of one number is to the same draw for all variants,
so variants that are alike cost little. (Specimens are dealt alike only to the same bags of images:
where `per_taxon` makes other bags, the deals are others, and p is too large rather than too small.)
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from visgen.embedding.folds import KINDS
from visgen.embedding.held_out.scoring import DEALT_SPECIMENS, PERMUTED_BAGS
from visgen.metrics import EXPECTED, SCORE, of_role

#: Fewer refits than this cannot reject at 5 %, and no variant would have more than the fewest.
MIN_REFITS = 19
#: The scores that claims rest on, by part; more is better.
CLAIMED = {"held_out_known": "pearson_double_centred", "held_out_held_out": "pearson"}
#: The best of all variants in refits to each null.
BEST = {PERMUTED_BAGS: "best_permuted_bags", DEALT_SPECIMENS: "best_dealt_specimens"}

_NOISE = 1e-9


def best_variant_rows(
    scores: pd.DataFrame, permuted: Mapping[tuple[str, str], pd.DataFrame]
) -> list[dict]:
    """Set the scores of guided variants against those of the best of them in refits.

    Parameters
    ----------
    scores
        Columns of the contract: what `visgen.embedding.held_out.rows.held_out_rows` makes, of all
        backbones.
    permuted
        By backbone and guided variant: columns null, permutation, kind, part, metric, value.

    Returns
    -------
    list of dict
        For each score in `CLAIMED` and each null, a row a backbone and guided variant that has
        both: backbone, variant, evaluator, part, metric, role, against (one of `BEST`), value
        (mean over refits of the best, in the unit and place of this variant's scores), ci_low and
        ci_high (the range of 95 % of them), p of `against_best`, n (taxa), n_permutations (refits
        that all have). A variant with fewer than `MIN_REFITS` is left out of the comparison: its
        row has n_permutations, its own refits, and no value. No row of one variant alone.
    """
    pooled = of_role(scores[scores["fold"].isna()], SCORE).dropna(subset=["value"])
    rows = []
    for kind in KINDS:
        for part, metric in CLAIMED.items():
            shared = {"evaluator": f"held_out_{kind}", "part": part, "metric": metric}
            true = _those(pooled, shared).set_index(["backbone", "variant"])
            for null, name in BEST.items():
                these = {"null": null, "kind": kind, "part": part, "metric": metric}
                refits = {
                    key: _those(table, these).set_index("permutation")["value"]
                    for key, table in permuted.items()
                    if key in true.index
                }
                refits = {key: values for key, values in refits.items() if len(values)}
                if len(refits) > 1:
                    rows += [
                        {"backbone": key[0], "variant": key[1], **shared, "role": EXPECTED}
                        | {"against": name, "n": int(true.loc[key, "n"])}
                        | found
                        for key, found in _compare(true["value"], refits)
                    ]
    return rows


def against_best(true: np.ndarray, refits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Set each score against the best of all in each refit.

    The single-step maximum of Westfall and Young (1993, *Resampling-based multiple testing*,
    chapter 2), of standardised scores, so that each has a say. It bounds the probability of any
    false rejection, whichever of the variants follow descent.

    Parameters
    ----------
    true
        (n_variants,), more is better.
    refits
        (n_refits, n_variants), each row of one draw; NaN, no score, counts as the best.

    Returns
    -------
    best
        (n_refits, n_variants): the best of each refit, as a score of each variant.
    p
        (n_variants,), one-sided.

    Notes
    -----
    Mean and standard deviation are over refits and the true fit, which under the null are all
    alike: so p holds however few refits there are. Over refits alone, only the true score would be
    measured by a spread that it has no part in, and would be too large too often.
    """
    everything = np.vstack([true, refits])
    centre, spread = np.nanmean(everything, axis=0), np.nanstd(everything, axis=0)
    z = (everything - centre) / np.where(spread > _NOISE, spread, 1)
    best = np.where(np.isnan(z[1:]), np.inf, z[1:]).max(axis=1, keepdims=True)
    p = (1 + (best >= z[0] - _NOISE).sum(axis=0)) / len(everything)
    return centre + np.where(spread > _NOISE, spread, 1) * best, p


def _compare(
    scores: pd.Series, refits: Mapping[tuple[str, str], pd.Series]
) -> Iterator[tuple[tuple[str, str], dict]]:
    """Yield what rows of `best_variant_rows` say of each variant, by backbone and variant."""
    enough = [key for key, values in refits.items() if len(values) >= MIN_REFITS]
    if enough:
        common = pd.concat([refits[key] for key in enough], axis=1, join="inner").to_numpy()
        best, p = against_best(scores.loc[enough].to_numpy(), common)
        best = best[np.isfinite(best).all(axis=1)]
    for key, values in refits.items():
        if key not in enough:
            yield key, {"n_permutations": len(values)}
            continue
        place = enough.index(key)
        row = {"p": p[place], "n_permutations": len(common)}
        if len(best):
            row["value"] = best[:, place].mean()
            row["ci_low"], row["ci_high"] = np.percentile(best[:, place], [2.5, 97.5])
        yield key, row


def _those(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows that have these labels."""
    return table[(table[list(labels)] == pd.Series(labels)).all(axis=1)]
