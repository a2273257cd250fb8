"""Shares of specimens and of images, with their intervals."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of n.

    >>> low, high = wilson(0.5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    z2 = 1.959963984540054**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    return float(max(middle - half, 0)), float(min(middle + half, 1))


def per_taxon(found: pd.DataFrame, specimens: pd.Series, n_train: pd.Series) -> Iterator[dict]:
    """Yield precision, recall and F1 of every taxon by name.

    Parameters
    ----------
    found
        As `visgen.classification.scores.guesses.guesses` returns them: one part; every truth is
        known.
    specimens
        Specimen of each row.
    n_train
        Training images of each taxon, index taxon: the taxa that there are.

    Yields
    ------
    dict
        taxon, n_train, n_test (images), n_specimens (in the part), n_predicted (images), precision,
        recall, recall_low, recall_high (Wilson's 95 % interval for the share of specimens
        recognised, the mean over images for each), f1; NaN where there is nothing to count.

    Examples
    --------
    >>> found = pd.DataFrame({
    ...     "truth": ["Arca noae", "Arca noae", "Pinna nobilis"],
    ...     "predicted": ["Arca noae", "Pinna nobilis", "Pinna nobilis"],
    ... })
    >>> n_train = pd.Series({"Arca noae": 8, "Pinna nobilis": 5})
    >>> for row in per_taxon(found, pd.Series(["s1", "s2", "s3"]), n_train):
    ...     row["taxon"], row["precision"], row["recall"], round(row["f1"], 3)
    ('Arca noae', 1.0, 0.5, 0.667)
    ('Pinna nobilis', 0.5, 1.0, 0.667)
    """
    hit = (found["truth"] == found["predicted"]).to_numpy()
    true = pd.DataFrame({
        "taxon": found["truth"].to_numpy(),
        "specimen": specimens.to_numpy(),
        "hit": hit,
    })  # fmt: skip
    n_test = true.groupby("taxon").size()
    hits = true.groupby("taxon")["hit"].sum()
    of_specimen = true.groupby(["taxon", "specimen"])["hit"].mean().groupby("taxon")
    n_specimens, share = of_specimen.size(), of_specimen.mean()
    n_predicted = found["predicted"].value_counts()
    for taxon in n_train.index:
        tested, guessed = int(n_test.get(taxon, 0)), int(n_predicted.get(taxon, 0))
        right, n = int(hits.get(taxon, 0)), int(n_specimens.get(taxon, 0))
        low, high = wilson(share[taxon], n) if n else (np.nan, np.nan)
        yield {
            "taxon": taxon,
            "n_train": int(n_train[taxon]),
            "n_test": tested,
            "n_specimens": n,
            "n_predicted": guessed,
            "precision": right / guessed if guessed else np.nan,
            "recall": right / tested if tested else np.nan,
            "recall_low": low,
            "recall_high": high,
            "f1": 2 * right / (tested + guessed) if tested else np.nan,
        }
