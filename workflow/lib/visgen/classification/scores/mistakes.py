"""How far a wrong taxon is from the right one: in ranks of the taxonomy, and along the tree."""

import numpy as np
import pandas as pd


def lca_heights(truth: pd.Series, predicted: pd.Series, above: pd.DataFrame) -> np.ndarray:
    """Return how many ranks up the true and the predicted taxon meet.

    Parameters
    ----------
    truth, predicted
        (n_images,) taxa of one rank.
    above
        As `visgen.specimens.taxonomy.lineage` returns it: the taxa above each taxon, coarse to
        fine.

    Returns
    -------
    ndarray
        (n_images,): 0 where both are the same taxon, 1 where they share the taxon of the next
        coarser rank, and so on; one more than there are coarser ranks where they share none.
        A gap is shared with nothing.
    """
    same = truth.to_numpy() == predicted.to_numpy()
    heights = np.full(len(truth), above.shape[1] + 1)
    for i, rank in enumerate(above.columns):  # finer ranks overwrite coarser ones
        of_truth = above[rank].reindex(truth).to_numpy()
        of_predicted = above[rank].reindex(predicted).to_numpy()
        heights[(of_truth == of_predicted) & pd.notna(of_truth)] = above.shape[1] - i
    return np.where(same, 0, heights)
