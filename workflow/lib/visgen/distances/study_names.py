"""Trees and tables of distances under the names that the study has for their taxa."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from visgen.distances.reading import read_distances
from visgen.distances.trees import read_tree
from visgen.scikit_bio import DistanceMatrix, TreeNode
from visgen.spellings import match_names


def read_study_tree(
    path: str | Path, study_taxa: Iterable[str], synonyms: Mapping[str, str]
) -> TreeNode:
    """Read a tree; a tip bears the accepted name of its taxon, as the images spell it.

    Parameters
    ----------
    path, study_taxa, synonyms
        As `visgen.distances.trees.read_tree` and `visgen.spellings.match_names` take them.

    Raises
    ------
    ValueError
        As these raise it.
    """
    tree = read_tree(path)
    tips = list(tree.tips())
    used = match_names([tip.name for tip in tips], study_taxa, synonyms, str(path))
    for tip in tips:
        tip.name = used[tip.name]
    return tree


def read_study_distances(
    path: str | Path, study_taxa: Iterable[str], synonyms: Mapping[str, str]
) -> DistanceMatrix:
    """Read distances under accepted names, as the images spell them.

    Parameters
    ----------
    path, study_taxa, synonyms
        As `visgen.distances.reading.read_distances` and `visgen.spellings.match_names` take them.

    Raises
    ------
    ValueError
        As these raise it.
    """
    matrix = read_distances(path)
    used = match_names(matrix.ids, study_taxa, synonyms, str(path))
    return DistanceMatrix(matrix.data, [used[name] for name in matrix.ids])
