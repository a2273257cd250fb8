"""Training, validation and test parts: grouped by specimen, stratified by taxon."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from visgen.tables import read_table

PARTS = ["train", "val", "test"]

#: Below this number of specimens a taxon cannot have one in each part.
MIN_SPECIMENS = 3


def finest_usable_rank(
    taxa: pd.DataFrame, ranks: Sequence[str], n_images: int | None = None
) -> str | None:
    """Return the finest rank at which most images are of taxa with three specimens or more.

    Parameters
    ----------
    taxa
        Columns rank, n_images, n_specimens; one row a taxon.
    ranks
        Coarse to fine.
    n_images
        All images, of which those without a label at a rank count against it; None counts those
        of its taxa alone.

    Returns
    -------
    str or None
        None where there is no such rank.
    """
    for rank in reversed(ranks):
        rows = taxa[taxa["rank"] == rank]
        large = rows["n_specimens"] >= MIN_SPECIMENS
        total = rows["n_images"].sum() if n_images is None else n_images
        if rows.loc[large, "n_images"].sum() > total / 2:
            return rank
    return None


def finest_testable_rank(specimens: pd.DataFrame, ranks: Sequence[str]) -> str:
    """Return the `finest_usable_rank` of all images of a study, the coarsest where there is none.

    Parameters
    ----------
    specimens
        Columns specimen and the ranks; one row an image.
    ranks
        Coarse to fine.
    """
    counted = [
        specimens.groupby(rank)["specimen"]
        .agg(n_images="size", n_specimens="nunique")
        .assign(rank=rank)
        for rank in ranks
    ]
    # Without any, all or most images stay in training, and the page says that none is scored.
    return finest_usable_rank(pd.concat(counted), ranks, len(specimens)) or ranks[0]


def split_specimens(
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    stratify_by: str | None,
    *,
    test: float,
    val: float,
    seed: int,
) -> pd.Series:
    """Deal specimens to parts; a split that the user gave is kept.

    Within a taxon, specimens are taken in the order of a hash of seed and name: a specimen that
    joins a taxon of three or more later moves no more than one other across each border. Taxa
    with fewer than three specimens go to train. Images without a label at `stratify_by` are
    stratified by their finest label above it.

    Parameters
    ----------
    specimens
        Columns id, specimen, split (null where the user gave none) and the ranks.
    ranks
        Coarse to fine.
    stratify_by
        One of `ranks`; None takes `finest_testable_rank`.
    test, val
        Shares of a taxon's specimens; each part, train too, gets one at least.
    seed
        Of the split.

    Returns
    -------
    Series
        Part (train, val, test) of each image, index id, sorted. Images without a split have that
        of other images of their specimen, and the rest are dealt. Where there is no val then,
        though the user gave a split, val is cut from train.

    Raises
    ------
    ValueError
        If the shares leave nothing to train on.

    Examples
    --------
    >>> specimens = pd.DataFrame({
    ...     "id": ["1a.jpg", "1b.jpg", "2a.jpg", "3a.jpg", "4a.jpg"],
    ...     "specimen": ["s1", "s1", "s2", "s3", "s4"],
    ... }).assign(split=None, species="Arca noae")
    >>> parts = split_specimens(specimens, ["species"], "species", test=0.25, val=0.25, seed=1)
    >>> parts.to_dict()
    {'1a.jpg': 'test', '1b.jpg': 'test', '2a.jpg': 'train', '3a.jpg': 'train', '4a.jpg': 'val'}
    """
    if test + val >= 1:
        raise ValueError(f"splits.test {test} and splits.val {val} leave nothing to train on")
    images = specimens.set_index("id").sort_index()
    parts = _with_their_specimens(images)
    rest = images[parts.isna()]
    if len(rest):
        rank = stratify_by or finest_testable_rank(images, ranks)
        parts = parts.fillna(_deal(rest, ranks, rank, {"test": test, "val": val}, seed))
    if images["split"].notna().any() and not (parts == "val").any():
        in_train = images[parts == "train"]
        # Any rank will do to cut val from a given train: the coarsest always has specimens.
        parts.update(_deal(in_train, ranks, stratify_by or ranks[0], {"val": val}, seed))
    return parts.rename("split")


def _with_their_specimens(images: pd.DataFrame) -> pd.Series:
    """Return the parts that the user gave; an image without one has its specimen's, where given.

    Of several parts of a specimen the one with most images counts.
    """
    given = images["split"].astype("str")
    of_specimen = _most_frequent(given.dropna(), images["specimen"])
    return given.fillna(images["specimen"].map(of_specimen).astype("str"))


def _most_frequent(values: pd.Series, specimens: pd.Series) -> pd.Series:
    """Return the most frequent value of each specimen, index specimen; of several the first."""
    pairs = pd.DataFrame({"specimen": specimens.reindex(values.index), "value": values})
    counted = pairs.value_counts().rename("n").reset_index()
    counted = counted.sort_values(["specimen", "n", "value"], ascending=[True, False, True])
    return counted.drop_duplicates("specimen").set_index("specimen")["value"]


def _deal(
    images: pd.DataFrame,
    ranks: Sequence[str],
    stratify_by: str,
    shares: dict[str, float],
    seed: int,
) -> pd.Series:
    """Return the part of each image, dealing whole specimens within each stratum."""
    above = list(ranks[: ranks.index(stratify_by) + 1])
    # The finest label that is there, with its rank: order Veneroida is not a family of that name.
    stratum = pd.Series("unlabelled", index=images.index)
    for rank in above:
        stratum = stratum.mask(images[rank].notna(), rank + " " + images[rank].astype(str))
    of_specimen = _most_frequent(stratum, images["specimen"])
    part_of = dict.fromkeys(of_specimen.index, "train")
    for _, members in of_specimen.groupby(of_specimen):
        names = sorted(members.index, key=lambda name: _draw(seed, name))
        if len(names) < MIN_SPECIMENS:
            continue
        start = 0
        # Borders, not sizes, are rounded: one more specimen shifts each by one place at most.
        for i, border in enumerate(np.cumsum(list(shares.values())) * len(names)):
            most = len(names) - len(shares) + i  # leaves one for each later part, train the last
            end = min(max(start + 1, round(border)), most)
            part_of |= dict.fromkeys(names[start:end], list(shares)[i])
            start = end
    return images["specimen"].map(part_of)


def calibrates(specimens: pd.Series) -> pd.Series:
    """Tell which validation images calibrate; the others choose between models.

    What chose a model cannot calibrate it, so the validation part is halved, whole specimens to
    either half; a specimen keeps its half when others come, and in every seed, since a choice is
    made for all seeds together.

    Parameters
    ----------
    specimens
        Specimen of each image, index id.

    Returns
    -------
    Series
        True for about half of the specimens, index as `specimens`.
    """
    half = {name: _draw(0, f"calibration {name}")[0] % 2 == 0 for name in specimens.unique()}
    return specimens.map(half).astype(bool)


def _draw(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode()).digest()


def read_splits(paths: Sequence[str]) -> dict[int, pd.Series]:
    """Read ``seed-<s>.tsv`` tables.

    Returns
    -------
    dict
        By seed: part of each image, index id.
    """
    return {
        int(Path(path).stem.removeprefix("seed-")): read_table(path).set_index("id")["split"]
        for path in paths
    }


def ever_in_train(splits: dict[int, pd.Series]) -> set[str]:
    """Return the ids that are in the training part of any seed."""
    return {image for parts in splits.values() for image in parts.index[parts == "train"]}


def parts_of_specimens(parts: pd.Series, specimens: pd.Series) -> pd.Series:
    """Return the part of each specimen; of one in several the first of train, val and test.

    Parameters
    ----------
    parts
        Part of each image, index id. A given split may divide a specimen: who has seen one of its
        images in training has seen it, and who has chosen by one in validation too.
    specimens
        Specimen of each image, index id.

    Returns
    -------
    Series
        Index specimen, sorted.

    Examples
    --------
    >>> parts = pd.Series({"a_1": "test", "a_2": "train", "b_1": "test"})
    >>> specimens = pd.Series({"a_1": "a", "a_2": "a", "b_1": "b"})
    >>> parts_of_specimens(parts, specimens).to_dict()
    {'a': 'train', 'b': 'test'}
    """
    order = parts.map({"train": 0, "val": 1, "test": 2})
    first = order.groupby(specimens.reindex(parts.index)).min()
    return first.map({0: "train", 1: "val", 2: "test"})


def ever_tested(splits: dict[int, pd.Series], specimens: pd.Series) -> set[str]:
    """Return specimens in the test part of any split, as `parts_of_specimens` takes a split."""
    parts = [parts_of_specimens(of_images, specimens) for of_images in splits.values()]
    return {specimen for part in parts for specimen in part.index[part == "test"]}
