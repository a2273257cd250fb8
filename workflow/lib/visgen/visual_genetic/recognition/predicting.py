"""Predictions from images alone: by nearest neighbours, by the head and by the nearest anchor."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.visual_genetic.recognition.evaluators import ANCHOR, HEAD, by_neighbours
from visgen.visual_genetic.recognition.neighbours import find_neighbours, nearest_anchor, vote

#: Columns of a table of predictions.
COLUMNS = ["permutation", "evaluator", "id", "part", "truth", "predicted", "score"]


def predict_images(
    images: pd.DataFrame,
    embeddings: pd.DataFrame,
    logits: pd.DataFrame | None,
    anchors: pd.DataFrame | None,
    neighbours: Sequence[int],
    permutation: int,
) -> pd.DataFrame:
    """Predict taxa of labelled images outside the training part, by every evaluator there is.

    Parameters
    ----------
    images : DataFrame, (n,)
        Columns taxon (null without a label) and part, index id.
    embeddings : DataFrame, (n, size)
        Index id.
    logits : DataFrame, (n, n_taxa), or None
        Of the softmax head, index id, columns taxa; None without a head that was ever trained.
    anchors : DataFrame, (n_taxa, size), or None
        That can be named, index taxon.
    neighbours : sequence of int
        Numbers of neighbours that vote.
    permutation : int
        0 for real anchors, 1 and on for permuted ones.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; neighbours first.
    """
    labelled = images[images["taxon"].notna()]
    in_train = labelled["part"] == "train"
    asked, known = labelled.index[~in_train], labelled.index[in_train]
    queries = embeddings.loc[asked]
    found = predict_by_neighbours(queries, embeddings.loc[known], images["taxon"], neighbours)
    if logits is not None:
        found[HEAD] = predict_by_head(logits.loc[asked])
    if anchors is not None:
        found[ANCHOR] = predict_by_anchor(queries, anchors)
    return stack_predictions(found, images, permutation)


def predict_by_neighbours(
    queries: pd.DataFrame, gallery: pd.DataFrame, taxa: pd.Series, neighbours: Sequence[int]
) -> dict[str, pd.DataFrame]:
    """Let the nearest images of a gallery vote, as `vote` of the module neighbours does.

    Parameters
    ----------
    queries : DataFrame, (n, size)
        Embeddings, index id.
    gallery : DataFrame, (n_gallery, size)
        Embeddings of clean training images, index id.
    taxa : Series
        Taxon of each image of the gallery, index id.
    neighbours : sequence of int
        Numbers of neighbours that vote.

    Returns
    -------
    dict
        By evaluator: columns predicted and score (the winner's share of the votes), index id. Of
        equals the first by name counts.

    Raises
    ------
    ValueError
        As `visgen.visual_genetic.recognition.neighbours.find_neighbours`.
    """
    order = pd.DataFrame({"taxon": taxa.loc[gallery.index]}).rename_axis("id").reset_index()
    order = order.sort_values(["taxon", "id"])
    codes, names = pd.factorize(order["taxon"], sort=True)
    cosines, rows = find_neighbours(
        queries.to_numpy(), gallery.loc[order["id"]].to_numpy(), max(neighbours)
    )
    predicted = {}
    for k in neighbours:
        winners, shares = vote(cosines[:, :k], codes[rows[:, :k]])
        predicted[by_neighbours(k)] = _table(queries.index, names[winners], shares)
    return predicted


def predict_by_head(logits: pd.DataFrame) -> pd.DataFrame:
    """Take the taxon to which the softmax head gives the highest probability.

    Parameters
    ----------
    logits : DataFrame, (n, n_taxa)
        Index id, columns taxa.

    Returns
    -------
    DataFrame
        Columns predicted and score (the probability), index id. Of equals the first by name.
    """
    logits = logits.sort_index(axis=1)
    values = logits.to_numpy(dtype=float)
    best = values.argmax(1)
    shifted = np.exp(values - values.max(1, keepdims=True))
    return _table(logits.index, logits.columns[best], 1 / shifted.sum(1))


def predict_by_anchor(queries: pd.DataFrame, anchors: pd.DataFrame) -> pd.DataFrame:
    """Take the taxon whose anchor is nearest by cosine.

    Parameters
    ----------
    queries : DataFrame, (n, size)
        Embeddings, index id.
    anchors : DataFrame, (n_taxa, size)
        Index taxon.

    Returns
    -------
    DataFrame
        Columns predicted and score (the cosine), index id. Of equals the first by name.
    """
    anchors = anchors.sort_index()
    rows, cosines = nearest_anchor(queries.to_numpy(), anchors.to_numpy())
    return _table(queries.index, anchors.index[rows], cosines)


def stack_predictions(
    predicted: dict[str, pd.DataFrame], images: pd.DataFrame, permutation: int
) -> pd.DataFrame:
    """Put the evaluators' predictions into one table.

    Parameters
    ----------
    predicted : dict
        By evaluator: columns predicted and score, index id.
    images : DataFrame
        Columns part and taxon, index id: the truth.
    permutation : int
        0 for real anchors, 1 and on for permuted ones.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, evaluators in their order, images in theirs.
    """
    tables = [
        table.assign(
            permutation=permutation,
            evaluator=evaluator,
            id=table.index,
            part=images["part"].loc[table.index],
            truth=images["taxon"].loc[table.index],
        )
        for evaluator, table in predicted.items()
    ]
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _table(ids: pd.Index, predicted: pd.Index, scores: np.ndarray) -> pd.DataFrame:
    values = {"predicted": np.asarray(predicted, object), "score": scores.astype(np.float32)}
    return pd.DataFrame(values, index=ids).astype({"predicted": "str"})
