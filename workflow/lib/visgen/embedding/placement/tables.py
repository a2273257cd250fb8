"""Tables of taxa outside the tree: their nearest relatives by look, and how far to trust them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from visgen.embedding.folds import CLADES, TIPS
from visgen.embedding.held_out.scoring import Fold
from visgen.embedding.placement.calibration import Calibration, calibrate, least_units
from visgen.embedding.placement.relatives import NEAREST, held_out_relatives, relatives_by_look

#: Columns of `placed_table`.
PLACED_COLUMNS = [
    *("taxon", "group", "n_images", "kind", "place", "relative", "relative_group"),
    *("distance", "ci_low", "ci_high", "n", "n_groups", "reason"),
]
#: Columns of `trust_table`.
TRUST_COLUMNS = [
    *("kind", "place", "n", "n_groups", "confidence", "half_width", "covered"),
    *("found", "nearest", "blind", "own_group", "own_group_frequent", "own_group_blind"),
]


def outside_tree(taxa: pd.Series, in_tree: Sequence[str]) -> pd.Series:
    """Return the number of images of each taxon that has no place in the tree, by name.

    Parameters
    ----------
    taxa
        Taxon of each image; gaps are left out.
    in_tree
        Taxa that have a place there.
    """
    outside = taxa[taxa.notna() & ~taxa.isin(list(in_tree))]
    return outside.value_counts().sort_index().rename_axis("taxon").rename("n_images")


def calibrate_kinds(
    folds: Mapping[str, Sequence[Fold]], groups: np.ndarray, confidence: float
) -> dict[str, tuple[pd.DataFrame, Calibration]]:
    """Return the relatives of held-out taxa and what they say, of each kind that allows it.

    Parameters
    ----------
    folds
        By kind, as `visgen.embedding.held_out.files.read_fold_distances` returns them.
    groups
        (n_taxa,): number of each taxon's group of the rank above.
    confidence
        As in `visgen.embedding.placement.calibration.calibrate`.
    """
    found = {}
    for kind, of_kind in folds.items():
        relatives = held_out_relatives(of_kind, groups, kind)
        if len(relatives["fold"].unique()) > 1:
            found[kind] = (relatives, calibrate(relatives, confidence))
    return found


def placed_table(
    folds: Mapping[str, Fold],
    taxa: Sequence[str],
    groups: pd.Series,
    n_images: pd.Series,
    calibrated: Mapping[str, tuple[pd.DataFrame, Calibration]],
    confidence: float,
) -> pd.DataFrame:
    """Return the known taxa that each taxon outside the tree looks most like.

    Parameters
    ----------
    folds
        By kind, of `visgen.embedding.ridge.placing.place_taxa`, the same taxa held out: each taxon
        is placed by the fit of its kind.
    taxa
        Names, in the order of the folds.
    groups
        Taxon of the rank above, index taxon; others may be in it, and gaps.
    n_images
        Of each taxon outside the tree.
    calibrated
        By kind, as `calibrate_kinds` returns it.
    confidence
        That they were made with.

    Returns
    -------
    DataFrame
        Columns `PLACED_COLUMNS`, `NEAREST` rows a taxon: kind (``tips`` where a taxon of its
        group is known, else ``clades``), relative and its group (that of place 1 is what look
        says of the taxon's own), predicted distance with the ends of its interval, cut at 0, and
        how many held-out taxa and groups vouch for it; a gap has a reason.
    """
    names = np.array(taxa, dtype=object)
    group_of = groups.reindex(names).astype(object).to_numpy()
    is_known = ~next(iter(folds.values())).held_out
    known_groups = set(group_of[is_known]) - {np.nan, None}
    kinds = np.array([TIPS if group in known_groups else CLADES for group in group_of])
    rows = pd.concat(
        [
            table[(table["place"] <= NEAREST) & (kinds[table["taxon"]] == kind)].assign(kind=kind)
            for kind, fold in folds.items()
            for table in [relatives_by_look(fold)]
        ],
        ignore_index=True,
    ).sort_values(["taxon", "place"], ignore_index=True)
    rows["group"], rows["relative_group"] = group_of[rows["taxon"]], group_of[rows["relative"]]
    for column in ("taxon", "relative"):
        rows[column] = names[rows[column]]
    rows["n_images"] = rows["taxon"].map(n_images)
    rows["distance"], rows["reason"] = np.nan, None
    for kind, of_kind in rows.groupby("kind"):
        if kind not in calibrated:
            rows.loc[of_kind.index, "reason"] = f"no {kind} are held out to learn distances from"
            continue
        _, calibration = calibrated[kind]
        distance = calibration.look_map.predict(of_kind["look"].to_numpy())
        half = calibration.half_widths[of_kind["place"] - 1]
        half = np.where(np.isfinite(half), half, np.nan)
        first = calibration.errors[calibration.errors["place"] == 1]
        n_groups = first["unit"].nunique()
        rows.loc[of_kind.index, "distance"] = distance
        rows.loc[of_kind.index, "ci_low"] = np.maximum(distance - half, 0)
        rows.loc[of_kind.index, "ci_high"] = distance + half
        rows.loc[of_kind.index, "n"] = len(first)
        rows.loc[of_kind.index, "n_groups"] = n_groups
        if (least := least_units(confidence)) > n_groups:
            rows.loc[of_kind.index, "reason"] = (
                f"{n_groups} held-out {'taxa' if kind == 'tips' else 'groups'}, {least} are needed "
                f"for an interval of {100 * confidence:g} %"
            )
    return rows.reindex(columns=PLACED_COLUMNS).reset_index(drop=True)


def not_placed(n_images: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """Return the table where nothing can be placed: a row a taxon outside the tree.

    Parameters
    ----------
    n_images, groups
        As in `placed_table`.
    """
    table = n_images.reset_index()
    table["group"] = groups.reindex(n_images.index).to_numpy()
    table["reason"] = "too few taxa with images have a place in the tree"
    return table.reindex(columns=PLACED_COLUMNS)


def trust_table(
    calibrated: Mapping[str, tuple[pd.DataFrame, Calibration]], confidence: float
) -> pd.DataFrame:
    """Return how placing did on held-out taxa, beside picking known taxa blindly.

    Parameters
    ----------
    calibrated
        As `calibrate_kinds` returns it.
    confidence
        Of the intervals.

    Returns
    -------
    DataFrame
        Columns `TRUST_COLUMNS`, one row a kind and place: n held-out taxa and n_groups (taxa that
        count alone, of tips); half_width of the interval; covered, the share whose distance was
        in the interval that other folds gave; mean true distance of the relative at this place by
        look (found), of the one at this place by descent (nearest) and of a known taxon picked
        blindly (blind). At place 1 of tips: how often its group was the taxon's own, and how
        often the group with most known taxa, and a blind pick, would be. Means are over groups.
    """
    rows = []
    for kind, (relatives, calibration) in calibrated.items():
        by_taxon = relatives.groupby("taxon")
        units = by_taxon["unit"].first()
        sorted_truth = relatives.sort_values("distance").groupby("taxon")["distance"]
        blind = _mean(by_taxon["distance"].mean(), units)
        for place, errors in calibration.errors.groupby("place"):
            errors = errors.set_index("taxon")
            half = calibration.half_widths[place - 1]
            row = {"kind": kind, "place": place, "n": len(errors), "confidence": confidence}
            row |= {"n_groups": errors["unit"].nunique()}
            row |= {"half_width": half if np.isfinite(half) else np.nan}
            row |= {"covered": _mean(errors["covered"], units)}
            row |= {"found": _mean(errors["distance"], units), "blind": blind}
            nearest = sorted_truth.nth(place - 1)
            nearest.index = relatives.loc[nearest.index, "taxon"]
            row |= {"nearest": _mean(nearest, units)}
            if kind == "tips" and place == 1:
                row |= _own_group(relatives)
            rows.append(row)
    return pd.DataFrame(rows, columns=TRUST_COLUMNS)


def _own_group(relatives: pd.DataFrame) -> dict[str, float]:
    """Return how often the group of the nearest by look is the taxon's own, and of other picks."""
    if (relatives["group"] == relatives["relative_group"]).all():
        return {}  # one group has all
    first = relatives[relatives["place"] == 1]
    same = relatives["group"] == relatives["relative_group"]
    largest = {
        fold: rows.loc[rows["taxon"] == rows["taxon"].iloc[0], "relative_group"].mode()[0]
        for fold, rows in relatives.groupby("fold")
    }
    return {
        "own_group": same[first.index].mean(),
        "own_group_frequent": (first["group"] == first["fold"].map(largest)).mean(),
        "own_group_blind": same.groupby(relatives["taxon"]).mean().mean(),
    }


def _mean(values: pd.Series, units: pd.Series) -> float:
    """Return the mean over units of the means over their taxa."""
    return float(values.groupby(units.reindex(values.index)).mean().mean())
