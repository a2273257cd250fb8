"""A set of anchors, as the configuration asks for it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.genetics.anchors.averages import average_sequences, describe_sequences, vectors_of_taxa
from visgen.genetics.anchors.controls import random_anchors, taxonomy_anchors, tree_anchors
from visgen.genetics.anchors.fallback import fall_back
from visgen.genetics.anchors.options import ENCODINGS, SOURCES
from visgen.genetics.anchors.spaces import centre_control, to_space
from visgen.genetics.vectors.files import SequenceVectors
from visgen.scikit_bio import DistanceMatrix


def measure_anchors(
    name: str,
    options: Mapping[str, Any],
    vectors: SequenceVectors,
    above: pd.DataFrame,
    patristic: DistanceMatrix | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the study's taxa their anchors.

    First come the vectors of taxa with sequences: averages over these, or a control's. Then taxa
    without sequences fall back on their relatives, and all are brought into the space, whose
    centre is the mean over the taxa with sequences.

    Parameters
    ----------
    name : str
        The set's key below genetics.anchors, for errors.
    options : mapping
        source, average, space, size and fallback, as the schema has them, and for the source
        random the seed. A control without a size is as wide as the vectors.
    vectors : SequenceVectors
        (n_sequences, n_features); for a control they decide which taxa have sequences.
    above : DataFrame
        The taxonomy of the taxa with images, as `visgen.specimens.taxonomy.lineage` returns it.
    patristic : DistanceMatrix or None
        Path lengths between taxa, for the source tree; taxa outside have no anchor of their own.

    Returns
    -------
    anchors : DataFrame, (n_taxa, size)
        Sorted by taxon, which is the index.
    table : DataFrame
        One row for every taxon with images: taxon, n_sequences, spread (see
        `visgen.genetics.anchors.averages.describe_sequences`), source (see
        `visgen.genetics.anchors.fallback.fall_back`).

    Raises
    ------
    ValueError
        If an option is unknown or asks for more than the data give; it names the key of the set.
    """
    try:
        return _measure(options, vectors, above, patristic)
    except ValueError as error:
        raise ValueError(f"config key genetics.anchors.{name}: {error}") from error


def _measure(
    options: Mapping[str, Any],
    vectors: SequenceVectors,
    above: pd.DataFrame,
    patristic: DistanceMatrix | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    vectors = vectors_of_taxa(vectors, above.index)
    averages = average_sequences(vectors, options["average"])
    own = _own_vectors(options, averages, above, patristic)
    centre = own.mean()
    anchors, source = fall_back(own, above, options["fallback"])
    if options["source"] in ENCODINGS:
        sequences = vectors.values
        anchors = to_space(anchors, centre, sequences, options["space"], options["size"])
    else:
        anchors = centre_control(anchors, centre, options["space"])

    table = describe_sequences(vectors, averages).reindex(above.index)
    table["n_sequences"] = table["n_sequences"].fillna(0).astype(int)
    table["source"] = source
    return anchors, table.rename_axis("taxon").reset_index()


def _own_vectors(
    options: Mapping[str, Any],
    averages: pd.DataFrame,
    above: pd.DataFrame,
    patristic: DistanceMatrix | None,
) -> pd.DataFrame:
    """Return the vectors of taxa with sequences, sorted by taxon, in the source's own space."""
    size = averages.shape[1] if options["size"] is None else options["size"]
    if size < 1:
        raise ValueError(f"size is {size}, expected at least 1")
    match options["source"]:
        case "sgt" | "kmers":
            return averages
        case "random":
            return random_anchors(averages.index, size, options["seed"])
        case "taxonomy":
            return taxonomy_anchors(above.loc[averages.index], size)
        case "tree":
            if patristic is None:
                raise ValueError("source tree needs inputs.tree or inputs.distances")
            tips = set(patristic.ids)
            shared = [taxon for taxon in averages.index if taxon in tips]
            if len(shared) < 2:
                raise ValueError(
                    f"{len(shared)} of the {len(averages)} taxa with images and sequences are in "
                    "the tree, expected at least 2"
                )
            return tree_anchors(patristic.filter(shared), size)
        case other:
            raise ValueError(f"source is {other!r}, expected one of {', '.join(SOURCES)}")
