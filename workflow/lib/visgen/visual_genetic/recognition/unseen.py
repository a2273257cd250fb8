"""Where images of taxa that no training saw are placed: nearest known taxon, nearest anchor."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from visgen.distances.taxon_distances import look_up
from visgen.visual_genetic.recognition.evaluators import ANCHOR
from visgen.visual_genetic.recognition.labelled_images import UNSEEN

UNSEEN_COLUMNS = [
    *("scope", "variant", "seed", "evaluator", "rank", "taxon", "n_images", "n_specimens"),
    *("metric", "value", "by_frequency", "uniform", "most_often"),
]


def tabulate_unseen(
    found: pd.DataFrame,
    specimens: pd.DataFrame,
    lineage: pd.DataFrame,
    candidates: pd.Series,
    distances: pd.DataFrame | None,
) -> list[dict]:
    """Tell where one evaluator places the images of withheld taxa, taxon by taxon.

    Parameters
    ----------
    found
        One row an image: id, truth (a withheld taxon), predicted (one of `candidates`).
    specimens
        Index id; column specimen.
    lineage
        As `visgen.specimens.taxonomy.lineage` returns it, for the rank of the taxa.
    candidates
        Index: the taxa that can be named; values: their numbers of training images.
    distances
        Phylogenetic, between taxa of this rank, by name; None without a tree.

    Returns
    -------
    list of dict
        rank (coarse to fine, whatever gaps the first taxon has), taxon, n_images, n_specimens,
        metric, value, by_frequency, uniform, most_often (the taxon that most images are placed
        at). The metric ``placed`` is the share of images placed
        at a taxon of the same taxon of that rank; at the rank itself, at the very taxon. A rank
        at which no candidate would be right is left out. The metric ``regret`` is the distance
        to the taxon placed at less that to the nearest candidate, a mean over images; taxa
        without distances are left out, both as truth and as candidates. Chance: what a candidate
        drawn by number of training images, or each as likely, gives.
    """
    rank = lineage.index.name
    taxon_at = lineage.assign(**{rank: lineage.index})
    rows = []
    for taxon, images in found.groupby("truth", sort=True):
        own = taxon_at.loc[taxon]
        labels = {
            "taxon": taxon,
            "n_images": len(images),
            "n_specimens": specimens.loc[images["id"], "specimen"].nunique(),
            "most_often": images["predicted"].value_counts().sort_index().idxmax(),
        }
        placed_at = taxon_at.reindex(images["predicted"])
        of_candidates = taxon_at.reindex(candidates.index)
        for at in taxon_at.columns:
            is_right = of_candidates[at].eq(own[at]).to_numpy()
            if pd.notna(own[at]) and is_right.any():
                value = placed_at[at].eq(own[at]).mean()
                chance = _chance(is_right.astype(float), candidates)
                rows.append(labels | {"rank": at, "metric": "placed", "value": value} | chance)
        if distances is not None and taxon in distances.index:
            of_tree = candidates[candidates.index.isin(distances.index)]
            truth = pd.Series(taxon, index=images.index)
            reached = look_up(distances, truth, images["predicted"])
            if of_tree.empty or np.isnan(reached).all():
                continue
            to_all = distances.loc[taxon, of_tree.index].to_numpy()
            value = float(np.nanmean(reached) - to_all.min())
            chance = _chance(to_all - to_all.min(), of_tree)
            rows.append(labels | {"rank": rank, "metric": "regret", "value": value} | chance)
    ranks = list(taxon_at.columns)
    return sorted(rows, key=lambda row: ranks.index(row["rank"]))


def _chance(values: np.ndarray, candidates: pd.Series) -> dict[str, float]:
    """Return the mean over candidates, by training images (NaN where there are none) and plain."""
    n = candidates.to_numpy(dtype=float)
    by_frequency = float(values @ n / n.sum()) if n.sum() > 0 else np.nan
    return {"by_frequency": by_frequency, "uniform": float(values.mean())}


def placements(
    runs: Iterable[tuple[str, str, int, pd.DataFrame]],
    specimens: pd.DataFrame,
    lineage: pd.DataFrame,
    n_train: Mapping[int, pd.Series],
    withheld: pd.DataFrame,
    anchored: Mapping[str, Sequence[str]],
    distances: pd.DataFrame | None,
) -> pd.DataFrame:
    """Tell where every run places the images of withheld taxa.

    Parameters
    ----------
    runs
        scope, variant, seed, and predictions: permutation, evaluator, id, part, truth, predicted.
    specimens, lineage, distances
        As in `tabulate_unseen`.
    n_train
        By seed: training images of every taxon, the withheld ones among them.
    withheld
        taxon and a bool column by scope.
    anchored
        By variant: taxa that have an anchor.

    Returns
    -------
    DataFrame
        permutation (0 real) and `UNSEEN_COLUMNS`; of permuted anchors only how often images are
        placed rightly, without chance.

    Raises
    ------
    ValueError
        If an image is called unseen whose taxon is not withheld, or is placed at a taxon that
        cannot be named.
    """
    rows = []
    for scope, variant, seed, table in runs:
        hidden = withheld.loc[withheld[scope], "taxon"]
        known = n_train[seed][~n_train[seed].index.isin(hidden)]
        unseen = table[table["part"] == UNSEEN]
        if not (wrong := unseen.loc[~unseen["truth"].isin(hidden), "truth"]).empty:
            raise ValueError(
                f"{scope}, variant {variant}, seed {seed}: images of {wrong.iloc[0]!r} are called "
                f"unseen, expected one of the {len(hidden)} withheld taxa"
            )
        for evaluator, found in unseen.groupby("evaluator"):
            candidates = known
            if evaluator == ANCHOR:  # whose taxa need no training images
                candidates = pd.Series(0, index=sorted(anchored[variant]))
            if strange := set(found["predicted"]) - set(candidates.index):
                raise ValueError(
                    f"{scope}, variant {variant}, seed {seed}: {evaluator} places images at "
                    f"{min(strange)!r}, expected one of the {len(candidates)} taxa that it can name"
                )
            labels = {"scope": scope, "variant": variant, "seed": seed, "evaluator": evaluator}
            real = found[found["permutation"] == 0]
            own = tabulate_unseen(real, specimens, lineage, candidates, distances)
            rows += [labels | {"permutation": 0} | row for row in own]
            permuted = found[found["permutation"] > 0]
            rows += [labels | row for row in _permuted_shares(permuted, lineage, own)]
    return pd.DataFrame(rows, columns=["permutation", *UNSEEN_COLUMNS])


def _permuted_shares(
    found: pd.DataFrame, lineage: pd.DataFrame, own: Sequence[Mapping[str, Any]]
) -> list[dict]:
    """Return shares placed rightly by permutation, of the taxa and ranks that have a real one."""
    taxon_at = lineage.assign(**{lineage.index.name: lineage.index})
    rows = []
    for rank in dict.fromkeys(row["rank"] for row in own if row["metric"] == "placed"):
        taxa = {row["taxon"] for row in own if (row["metric"], row["rank"]) == ("placed", rank)}
        chosen = found[found["truth"].isin(taxa)]
        place, truth = (chosen[name].map(taxon_at[rank]) for name in ("predicted", "truth"))
        shares = (place == truth).groupby([chosen["permutation"], chosen["truth"]]).mean()
        rows += [
            {"permutation": number, "taxon": taxon, "rank": rank, "metric": "placed", "value": v}
            for (number, taxon), v in shares.items()
        ]
    return rows
