"""Precision, recall and F1 of every taxon by name, and what each is taken for."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from visgen.classification.study import Guesses, Study, scored_images
from visgen.wilson import wilson

#: With fewer taxa a rank correlation says nothing.
MIN_FOR_RHO = 5

TAXA_COLUMNS = [
    *("variant", "evaluator", "rank", "seed", "taxon", "n_train", "n_test", "n_specimens"),
    *("n_predicted", "precision", "recall", "recall_low", "recall_high", "f1"),
]


def tabulate_taxa(guessed: Guesses, study: Study, training: pd.DataFrame) -> list[dict]:
    """Return precision, recall and F1 of every trained taxon on the test part.

    Parameters
    ----------
    guessed
        Of one classifier.
    training
        Columns seed, rank, taxon, n_images.

    Returns
    -------
    list of dict
        evaluator, rank, seed and the keys of `visgen.classification.taxa.per_taxon`.
    """
    rows = []
    for (seed, rank, evaluator), table in guessed.items():
        trained = training[(training["seed"] == seed) & (training["rank"] == rank)]
        n_train = trained.set_index("taxon")["n_images"]
        test = scored_images(table, study, "test")
        specimens = study.specimens["specimen"].loc[test["id"]]
        labels = {"evaluator": evaluator, "rank": rank, "seed": seed}
        rows += [labels | row for row in per_taxon(test, specimens, n_train)]
    return rows


def taxa_over_seeds(taxa: pd.DataFrame) -> pd.DataFrame:
    """Return each tested taxon of a classifier and rank, means over the seeds that tested it.

    Parameters
    ----------
    taxa
        Columns taxon, n_train, n_test, n_specimens, f1; one row a taxon and seed.

    Returns
    -------
    DataFrame
        Columns taxon, n_train, n_specimens, f1; most test specimens first, then by name.
    """
    tested = taxa[taxa["n_test"] > 0]
    mean = tested.groupby("taxon")[["n_train", "n_specimens", "f1"]].mean().reset_index()
    return mean.sort_values(["n_specimens", "taxon"], ascending=[False, True], ignore_index=True)


def score_taxa(taxa: pd.DataFrame) -> list[dict]:
    """Return how far taxa with more training images are told apart better.

    Parameters
    ----------
    taxa
        Columns `TAXA_COLUMNS`.

    Returns
    -------
    list of dict
        variant, evaluator, part (``test``), rank, metric ``f1_images_spearman`` (Spearman's ρ of
        F1 and number of training images, both means over seeds), value, n (tested taxa). None
        where there are fewer than `MIN_FOR_RHO` taxa, or all are alike in one of the two.
    """
    rows = []
    for (variant, evaluator, rank), table in taxa.groupby(
        ["variant", "evaluator", "rank"], sort=False
    ):
        mean = taxa_over_seeds(table)
        if len(mean) < MIN_FOR_RHO or mean[["n_train", "f1"]].nunique().min() < 2:
            continue
        labels = {"variant": variant, "evaluator": evaluator, "part": "test", "rank": rank}
        rho = float(spearmanr(mean["n_train"], mean["f1"])[0])
        rows.append(labels | {"metric": "f1_images_spearman", "value": rho, "n": len(mean)})
    return rows


def tabulate_confusion(guessed: Guesses, study: Study) -> pd.DataFrame:
    """Return how often each taxon was taken for each other on the test part.

    Returns
    -------
    DataFrame
        evaluator, rank, seed, truth, predicted, n_images; pairs that occur.
    """
    tables = []
    for (seed, rank, evaluator), table in guessed.items():
        test = scored_images(table, study, "test")
        pairs = test.groupby(["truth", "predicted"]).size().rename("n_images").reset_index()
        tables.append(pairs.assign(evaluator=evaluator, rank=rank, seed=seed))
    columns = ["evaluator", "rank", "seed", "truth", "predicted", "n_images"]
    return pd.concat(tables)[columns] if tables else pd.DataFrame(columns=columns)


def per_taxon(found: pd.DataFrame, specimens: pd.Series, n_train: pd.Series) -> Iterator[dict]:
    """Yield precision, recall and F1 of every taxon by name.

    Parameters
    ----------
    found
        As `visgen.classification.guesses.guesses` returns them: one part; every truth is known.
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
