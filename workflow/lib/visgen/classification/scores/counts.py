"""Scores of one classifier as ratios of sums over specimens."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from visgen.classification.scores.guesses import in_top

TOP = (3, 5)


@dataclass(frozen=True)
class Counts:
    """What the scores of one classifier need, summed by specimen.

    Attributes
    ----------
    hits, guessed
        (n_specimens, n_taxa + 1) images named rightly, by true taxon; images by guessed taxon, in
        the last column those that were given no name.
    true
        (n_specimens, n_taxa + 1) images by true taxon.
    ratios
        By the name of a score: numerator and denominator, (n_specimens,) each.
    """

    hits: sparse.csr_array
    guessed: sparse.csr_array
    true: sparse.csr_array
    ratios: dict[str, tuple[np.ndarray, np.ndarray]]


def count_guesses(
    found: pd.DataFrame,
    specimens: pd.Series,
    *,
    heights: np.ndarray,
    distances: np.ndarray | None,
) -> Counts:
    """Sum what one classifier guessed by specimen.

    Parameters
    ----------
    found
        As `visgen.classification.scores.guesses.guesses` returns them; every truth is known, a
        prediction may be null.
    specimens
        Specimen of each row.
    heights
        (n_images,) ranks up to where truth and guess meet.
    distances
        (n_images,) phylogenetic distance between truth and guess, NaN where not known; None
        without a tree.
    """
    # Taxa may be called nan: gaps are told apart before anything becomes text.
    codes, taxa = pd.factorize(pd.concat([found["truth"], found["predicted"]]), sort=True)
    true, guess = codes[: len(found)], np.where(codes < 0, len(taxa), codes)[len(found) :]
    specimen, names = pd.factorize(specimens, sort=True)
    shape = (len(names), len(taxa) + 1)

    def table(rows: np.ndarray, columns: np.ndarray) -> sparse.csr_array:
        return sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(specimen, values, len(names))

    wrong = true != guess
    n_images, n_taxa = total(np.ones(len(found))), found["n_taxa"].iloc[0]
    ratios = {f"top_{k}_accuracy": (total(in_top(found, k)), n_images) for k in TOP if k < n_taxa}
    ratios["mistake_height"] = total(np.where(wrong, heights, 0.0)), total(wrong)
    ratios["taxonomic_distance"] = total(np.where(wrong, heights, 0.0)), n_images
    if distances is not None:
        placed = wrong & ~np.isnan(distances)
        ratios["mistake_distance"] = total(np.where(placed, distances, 0.0)), total(placed)
    return Counts(
        table(specimen[~wrong], true[~wrong]),
        table(specimen, guess),
        table(specimen, true),
        ratios,
    )


def weighted_scores(
    counts: Counts, over_images: np.ndarray, over_taxa: np.ndarray
) -> dict[str, np.ndarray]:
    """Return every score under weights of specimens.

    Parameters
    ----------
    counts
        Of one classifier.
    over_images, over_taxa
        (samples, n_specimens) weights for scores over images, and for means over taxa.

    Returns
    -------
    dict
        By name (samples,) values: accuracy, weighted_f1, weighted_precision, mcc (Gorodkin 2004),
        balanced_accuracy (mean recall of the true taxa), macro_f1 and macro_precision (means over
        taxa that are true or guessed, as in scikit-learn; the precision of a taxon that is never
        guessed is 0, and no name is no taxon), top_3_accuracy and top_5_accuracy (where there are
        more taxa), mistake_height, mistake_distance (means over mistakes, NaN without any),
        taxonomic_distance (mean height over all images, 0 for those that are right).
    """

    def sums(table: sparse.csr_array, weights: np.ndarray) -> np.ndarray:
        return (table.T @ weights.T).T  # (samples, n_taxa)

    with np.errstate(invalid="ignore", divide="ignore"):
        hits, true, guessed = (
            sums(part, over_images) for part in (counts.hits, counts.true, counts.guessed)
        )
        n, right = true.sum(axis=1), hits.sum(axis=1)
        f1, precision = 2 * hits / (true + guessed), np.nan_to_num(hits / guessed)
        spread = (n**2 - (guessed**2).sum(axis=1)) * (n**2 - (true**2).sum(axis=1))
        mcc = (right * n - (true * guessed).sum(axis=1)) / np.sqrt(spread)
        scores = {
            "accuracy": right / n,
            "weighted_f1": np.nansum(f1 * true, axis=1) / n,
            "weighted_precision": (precision * true).sum(axis=1) / n,
            "mcc": np.where(spread > 0, mcc, 0.0),
        }
        for name, (above, below) in counts.ratios.items():
            scores[name] = (over_images @ above) / (over_images @ below)
        hits, true, guessed = (
            sums(part, over_taxa) for part in (counts.hits, counts.true, counts.guessed)
        )
        recall = hits / true
        # A taxon that is only guessed stays in the mean when a sample misses its guesses.
        f1 = np.nan_to_num(2 * hits / (true + guessed))
        precision = np.nan_to_num(hits / guessed)
    scores["balanced_accuracy"] = np.nanmean(recall, axis=1)
    scores["macro_f1"], scores["macro_precision"] = (
        values[:, :-1].mean(axis=1) for values in (f1, precision)
    )
    return scores
