"""Taxa without any image, named by their place among relatives alone."""

import numpy as np

from visgen.prior.posterior import Products, Weights, cosine_scores, credit

FIRST = 5


def unseen_recalls(
    products: Products, truth: np.ndarray, unseen: np.ndarray, weights: Weights
) -> dict[str, float]:
    """Return how often specimens of taxa without images are named right, a mean over these taxa.

    By cosines: the looks that relatives foretell are all near the general one, at the same
    distance of any specimen.

    Parameters
    ----------
    products
        Of specimens of unseen taxa, with the means of known ones.
    truth
        (n,) position of the true taxon among all.
    unseen
        Positions of the taxa without images among all.
    weights
        Of all taxa.

    Returns
    -------
    dict
        among_unseen: the largest of their scores; among_all: of those of all taxa;
        first_five: one of the five largest of all.

    Raises
    ------
    ValueError
        If a specimen's taxon is not one without images.
    """
    seen = np.setdiff1d(truth, unseen)
    if len(seen):
        raise ValueError(
            f"{len(seen)} taxa of specimens have training images, position {seen[0]} among them: "
            "they are not unseen"
        )
    scores = cosine_scores(products, weights)
    true = scores[np.arange(len(truth)), truth]
    right = {
        "among_unseen": credit(scores[:, unseen], true),
        "among_all": credit(scores, true),
        "first_five": credit(scores, true, FIRST),
    }
    taxa, code = np.unique(truth, return_inverse=True)
    n = np.bincount(code, minlength=len(taxa))
    return {key: float((np.bincount(code, one) / n).mean()) for key, one in right.items()}


def chance_recalls(n_unseen: int, n_taxa: int) -> dict[str, float]:
    """Return what naming at random gives, with the keys of `unseen_recalls`."""
    first = min(FIRST, n_taxa)
    return {"among_unseen": 1 / n_unseen, "among_all": 1 / n_taxa, "first_five": first / n_taxa}
