"""Precision, recall and F1 of every taxon by name, and what each is taken for."""

import pandas as pd
from scipy.stats import spearmanr

from visgen.classification.scores.guessed import Guesses, Study, scored_images
from visgen.shares import per_taxon

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
        evaluator, rank, seed and the keys of `visgen.shares.per_taxon`.
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
