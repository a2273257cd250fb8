"""How often images are recognised: shares over images and over taxa, under weights of specimens."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from visgen.bootstrap import score_samples, true_taxon

#: Means over taxa: all, or those that their numbers of images put among the rare or the common.
OVER_TAXA = ("balanced_accuracy", "tail_accuracy", "head_accuracy")
METRICS = ("accuracy", *OVER_TAXA)


@dataclass(frozen=True)
class Hits:
    """Images and recognised images, summed by specimen and true taxon.

    Attributes
    ----------
    right, all
        (n_specimens, n_taxa); specimens sorted by name.
    """

    right: sparse.csr_array
    all: sparse.csr_array


def count_hits(found: pd.DataFrame, specimens: pd.Series, taxa: pd.Index) -> Hits:
    """Sum images and recognised images by specimen.

    Parameters
    ----------
    found
        One row an image: truth (one of `taxa`), predicted.
    specimens
        Specimen of each row.
    taxa
        Columns of the result.
    """
    specimen, names = pd.factorize(specimens, sort=True)
    taxon = taxa.get_indexer(found["truth"])
    right = (found["truth"] == found["predicted"]).to_numpy()
    shape = (len(names), len(taxa))

    def table(chosen: np.ndarray) -> sparse.csr_array:
        place = (specimen[chosen], taxon[chosen])
        return sparse.coo_array((np.ones(chosen.sum()), place), shape=shape).tocsr()

    return Hits(table(right), table(np.ones(len(found), dtype=bool)))


def taxa_of(n_train: pd.Series, tail: int, head: int) -> dict[str, np.ndarray]:
    """Tell which taxa count for each mean over taxa.

    Parameters
    ----------
    n_train
        (n_taxa,) images, as `visgen.visual_genetic.recognition.runs.training_images` counts them.
    tail, head
        A taxon is of the tail with fewer, of the head with more of them.

    Returns
    -------
    dict
        By metric of `OVER_TAXA`: (n_taxa,) bool.
    """
    n = n_train.to_numpy()
    return dict(zip(OVER_TAXA, (np.ones(len(n), dtype=bool), n < tail, n > head), strict=True))


def weighted_shares(
    hits: Hits, counted: Mapping[str, np.ndarray], over_images: np.ndarray, over_taxa: np.ndarray
) -> dict[str, np.ndarray]:
    """Return every score under weights of specimens.

    Parameters
    ----------
    hits
        Of one evaluator.
    counted
        As `taxa_of` returns it.
    over_images, over_taxa
        (samples, n_specimens) weights for accuracy, and for means over taxa.

    Returns
    -------
    dict
        By metric (samples,); a metric none of whose taxa has an image is left out.
    """
    with np.errstate(invalid="ignore"):
        right, n = ((part.sum(axis=1) @ over_images.T) for part in (hits.right, hits.all))
        shares = (hits.right.T @ over_taxa.T) / (hits.all.T @ over_taxa.T)  # (n_taxa, samples)
    scores = {"accuracy": right / n}
    tested = hits.all.sum(axis=0) > 0
    for metric, chosen in counted.items():
        if (chosen & tested).any():
            scores[metric] = shares[chosen & tested].mean(axis=0)
    return scores


def score_hits(
    hits: Mapping[str, Hits],
    counted: Mapping[str, np.ndarray],
    truth: pd.Series,
    specimens: pd.Series,
    *,
    pairs: list[tuple[str, str]],
    bootstraps: int,
    seed: int,
) -> tuple[dict[str, list[dict]], dict[tuple[str, str], list[dict]]]:
    """Score recognition of the same images by several evaluators, with shared bootstrap samples.

    Parameters
    ----------
    hits
        By name; all of the same images.
    counted
        As `taxa_of` returns it.
    truth
        True taxon of each image.
    specimens
        Specimen of each image, in the same order.
    pairs
        Names (one, other) whose difference, one minus other, is scored.
    bootstraps
        Samples of specimens.
    seed
        Of the samples.

    Returns
    -------
    scores
        By name: metric, value, ci_low, ci_high (2.5 and 97.5 percentiles), n (specimens of the
        taxa that count).
    differences
        By pair, the same.

    Notes
    -----
    Weights as in `visgen.bootstrap`: Bayesian ones for accuracy, rescaled ones within taxa for
    means over taxa. Where more than half of the taxa of a mean have one specimen, which has no
    variance to estimate, it gets no interval rather than one that is too narrow.
    """
    taxon = true_taxon(truth, specimens)
    any_hits = next(iter(hits.values()))
    n_specimens = (any_hits.all > 0).sum(axis=0)  # by taxon
    sizes = {"accuracy": any_hits.all.shape[0]}
    bare = set()
    for metric, chosen in counted.items():
        of_taxa = n_specimens[chosen & (n_specimens > 0)]
        sizes[metric] = int(of_taxa.sum())
        if len(of_taxa) and (of_taxa == 1).mean() > 0.5:
            bare.add(metric)
    values, samples = score_samples(
        lambda *weights: {
            name: weighted_shares(part, counted, *weights) for name, part in hits.items()
        },
        taxon,
        bootstraps=bootstraps,
        seed=seed,
    )

    def row(metric: str, value: float, drawn: np.ndarray) -> dict:
        low, high = (np.nan, np.nan) if metric in bare else np.nanpercentile(drawn, [2.5, 97.5])
        ends = {"ci_low": float(low), "ci_high": float(high)}
        return {"metric": metric, "value": value, **ends, "n": sizes[metric]}

    scores = {
        name: [row(metric, value, samples[name][metric]) for metric, value in v.items()]
        for name, v in values.items()
    }
    differences = {
        (one, other): [
            row(
                metric,
                value - values[other][metric],
                samples[one][metric] - samples[other][metric],
            )
            for metric, value in values[one].items()
        ]
        for one, other in pairs
    }
    return scores, differences
