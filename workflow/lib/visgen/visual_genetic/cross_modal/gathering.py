"""Images, features and anchors brought together by name, ready to align."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from visgen.visual_genetic.cross_modal.examples import Examples, from_memory

#: Most images of a part whose cosines are followed: enough to tell .01 apart.
WATCHED = 2000


def choose_taxa(
    anchors: pd.DataFrame, known: Sequence[str], size: int | None, name: str
) -> list[str]:
    """Return the training taxa that have anchors, once the anchors are fit for use.

    Parameters
    ----------
    anchors : DataFrame, (n_taxa, n_values)
        Index taxon.
    known : sequence of str
        Taxa with training images.
    size : int or None
        Values of an embedding, which anchors need as many of; None where a layer fits them.
    name : str
        Of the set of anchors.

    Returns
    -------
    list of str
        Sorted.

    Raises
    ------
    ValueError
        If anchors and embeddings differ in size, or an anchor is zero or not finite.
    """
    if size is not None and anchors.shape[1] != size:
        raise ValueError(
            f"the anchors {name!r} have {anchors.shape[1]} values and embeddings {size}, expected "
            f"as many: set visual_genetic.size or genetics.anchors.{name}.size"
        )
    lengths = np.linalg.norm(anchors.to_numpy(), axis=1)
    if (useless := ~np.isfinite(lengths) | (lengths == 0)).any():
        raise ValueError(
            f"anchors {name!r}: that of {anchors.index[useless][0]!r} has the length "
            f"{lengths[useless][0]}, expected a direction"
        )
    return sorted(set(known) & set(anchors.index))


def gather_examples(
    images: pd.DataFrame,
    features: pd.DataFrame,
    taxa: Sequence[str],
    views: int,
    seed: int,
    device: torch.device,
) -> Examples:
    """Return training images, clean and as views, and clean images of both parts to watch.

    Watched are at most `WATCHED` images of the training and of the validation part.

    Parameters
    ----------
    images : DataFrame
        Columns taxon and part, index id; images of other taxa are left out.
    features : DataFrame, (n, n_features)
        Index (id, repeat).
    taxa : sequence of str
        Rows of the anchors.
    views : int
        Augmented repeats of each training image, beside the clean one.
    seed : int
        Of the draw of those that are watched.
    device : torch.device
        For all of it.

    Raises
    ------
    ValueError
        As `features_of`.
    """
    usable = images[images["taxon"].isin(taxa)]
    ids = {part: usable.index[usable["part"] == part] for part in ("train", "val")}
    order = [*[ids["train"]] * (views + 1), ids["val"]]
    repeats = [*range(views + 1), 0]
    values = [
        features_of(features, part, repeat) for part, repeat in zip(order, repeats, strict=True)
    ]
    vectors = torch.from_numpy(np.concatenate(values)).to(device)
    names = np.concatenate([usable.loc[part, "taxon"].to_numpy() for part in order])
    n_train, n_val = len(ids["train"]), len(ids["val"])
    n_learned = n_train * (views + 1)
    draw = np.random.default_rng(seed)
    watched = {
        part: torch.from_numpy(np.sort(first + draw.permutation(n)[:WATCHED])).to(device)
        for part, first, n in (("train", 0, n_train), ("val", n_learned, n_val))
        if n
    }
    return Examples(
        look=from_memory(vectors),
        taxa=torch.tensor(pd.Index(taxa).get_indexer(names), device=device),
        train=torch.arange(n_learned, device=device),
        watched=watched,
    )


def features_of(features: pd.DataFrame, ids: pd.Index, repeat: int) -> pd.DataFrame:
    """Return the features of one repeat of images, (n, n_features), index id.

    Raises
    ------
    ValueError
        If an image has no such repeat.
    """
    rows = features.index.get_indexer(pd.MultiIndex.from_product([ids, [repeat]]))
    if (missing := rows < 0).any():
        raise ValueError(
            f"pooled features: {missing.sum()} of {len(ids)} images have no repeat {repeat}, such "
            f"as {ids[missing][0]!r}"
        )
    return pd.DataFrame(features.to_numpy()[rows], index=ids)
