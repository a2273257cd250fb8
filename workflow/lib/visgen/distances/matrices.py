"""Distance matrices between taxa.

A distance is a symmetric float64 `skbio.stats.distance.DistanceMatrix` with a zero diagonal and
taxon names as ids. Pairs are taken from it without the diagonal (`matrix.condensed_form()`),
which would otherwise add one perfect pair for each taxon.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from visgen.names import normalise_taxon
from visgen.scikit_bio import DistanceMatrix
from visgen.spellings import propose, similar_names

MIN_SHARED = 3

#: Stands for a matrix of no taxon, which scikit-bio does not have: none is a gap, never a name.
NO_TAXA = DistanceMatrix(np.zeros((1, 1)), ["none"])
_N_EXAMPLES = 5


def write_distances(path: str | Path, matrix: DistanceMatrix) -> None:
    """Write a matrix as TSV, names in the first row and column; `load_distances` reads it.

    Parameters
    ----------
    path : path
        The file to write.
    matrix : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa); every number is written so that it reads back to the same float64.
    """
    # not by scikit-bio, which leaves a name in quotation marks as it is: they would go in reading
    pd.DataFrame(matrix.data, matrix.ids, matrix.ids).to_csv(path, sep="\t", lineterminator="\n")


def load_distances(path: str | Path) -> DistanceMatrix:
    """Load a matrix that `write_distances` wrote. `visgen.distances.reading` reads those of users.

    Parameters
    ----------
    path : path
        The TSV file.

    Returns
    -------
    skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the very numbers, names and order that were written.
    """
    with Path(path).open(encoding="utf-8", newline="") as file:
        (_, *names), *lines = csv.reader(file, delimiter="\t")
    values = np.array([line[1:] for line in lines], dtype=np.float64)
    return DistanceMatrix(values, names)


def match_taxa(
    matrix_names: Iterable[str], study_taxa: Iterable[str]
) -> tuple[list[str], pd.DataFrame]:
    """Find the taxa that the distances and the study share, by exact name in normal form.

    Parameters
    ----------
    matrix_names : iterable of str
        Tips of the tree or names of the distance matrix.
    study_taxa : iterable of str
        Taxa of the study at the same rank, without gaps; repeats are fine.

    Returns
    -------
    shared : list of str
        Names in both, in the order of `matrix_names`.
    missing : DataFrame
        One row for each name in one of them only, sorted: taxon, found_in, missing_from (both
        ``"distances"`` or ``"study"``), similar_name (the nearest unmatched name on the other
        side, or an empty string; a hint at a misspelling, never used to match).

    Raises
    ------
    ValueError
        If fewer than three taxa are shared, of a study that has so many.
    """
    matrix = list(dict.fromkeys(normalise_taxon(name) for name in matrix_names))
    study = list(dict.fromkeys(normalise_taxon(name) for name in study_taxa))
    in_both = set(matrix) & set(study)
    # A study of one or two taxa has nothing to compare, which is no fault of the tree.
    if len(in_both) < max(1, min(MIN_SHARED, len(study))):
        raise ValueError(
            f"only {len(in_both)} taxa occur both in the distances and in the study, expected at "
            f"least {MIN_SHARED}. "
            f"In the distances ({len(matrix)}): {sorted(matrix)[:_N_EXAMPLES]}; "
            f"in the study ({len(study)}): {sorted(study)[:_N_EXAMPLES]}. "
            f"{propose(set(matrix) - in_both, set(study) - in_both)}"
            "Check the config keys inputs.tree or inputs.distances, and inputs.tree_rank"
        )
    sides = {"distances": set(matrix) - in_both, "study": set(study) - in_both}
    rows = []
    for found_in, missing_from in (("distances", "study"), ("study", "distances")):
        similar = similar_names(sides[found_in], sides[missing_from])
        rows += [(taxon, found_in, missing_from, near) for taxon, near in similar.items()]
    missing = pd.DataFrame(rows, columns=["taxon", "found_in", "missing_from", "similar_name"])
    missing = missing.sort_values(["taxon", "found_in"], ignore_index=True)
    return [name for name in matrix if name in in_both], missing


def cosine_distances(vectors: pd.DataFrame) -> DistanceMatrix:
    """Return 1 − cosine similarity between the rows of a table.

    Parameters
    ----------
    vectors : DataFrame, (n_taxa, n_features)
        One vector a taxon, taxon names as index.

    Returns
    -------
    skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), in [0, 2], without unit, in the order of the rows.

    Raises
    ------
    ValueError
        If a vector is zero or holds a value that is not finite, or a name occurs twice.

    Examples
    --------
    >>> taxa = ["Arca noae", "Lima lima", "Pinna nobilis"]
    >>> distances = cosine_distances(pd.DataFrame([[1, 0], [3, 4], [0, 2]], taxa))
    >>> distances.data.round(2).tolist()
    [[0.0, 0.4, 1.0], [0.4, 0.0, 0.2], [1.0, 0.2, 0.0]]
    """
    if not vectors.index.is_unique:
        raise ValueError(f"{vectors.index[vectors.index.duplicated()][0]!r} occurs twice")
    values = vectors.to_numpy(dtype=np.float64)
    lengths = np.linalg.norm(values, axis=1)
    if not np.isfinite(lengths).all():
        taxon = vectors.index[~np.isfinite(lengths)][0]
        raise ValueError(f"the vector of {taxon!r} holds a value that is not finite")
    if not lengths.all():
        taxon = vectors.index[lengths == 0][0]
        raise ValueError(f"the vector of {taxon!r} is zero: it has no direction, so no cosine")
    return DistanceMatrix(cosine_square(values), list(vectors.index))


def cosine_square(vectors: np.ndarray) -> np.ndarray:
    """Return 1 − cosine similarity between the rows of an array, without a look at them.

    Parameters
    ----------
    vectors : ndarray, (n_taxa, n_features)
        Finite; a zero vector is taken to stand at right angles to all others.

    Returns
    -------
    ndarray, (n_taxa, n_taxa)
        In [0, 2], exactly symmetric with a zero diagonal.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(lengths, 1e-300)  # (n_taxa, n_features)
    return tidy(np.minimum(1.0 - unit @ unit.T, 2.0))


def tidy(values: np.ndarray) -> np.ndarray:
    """Return distances rid of rounding noise: exactly symmetric, zero diagonal, none negative.

    Parameters
    ----------
    values : ndarray, (n_taxa, n_taxa)
        Distances that are symmetric up to rounding.

    Returns
    -------
    ndarray, (n_taxa, n_taxa)
        A new array.
    """
    values = np.maximum((values + values.T) / 2, 0.0)
    np.fill_diagonal(values, 0.0)
    return values
