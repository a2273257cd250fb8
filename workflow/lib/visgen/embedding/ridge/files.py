"""A ridge that was fitted to all taxa, on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from visgen.distances.matrices import NO_TAXA, write_distances
from visgen.embedding.guidance.in_sample import in_sample_r
from visgen.embedding.ridge.choosing import Choice
from visgen.embedding.ridge.fitting import RidgeFit
from visgen.scikit_bio import DistanceMatrix
from visgen.tables import write_table

_COLUMNS = ["n_known", "pearson", *Choice._fields]


def write_no_ridge(paths: Mapping[str, str | Path]) -> None:
    """Write the files of `write_ridge` without anything in them, where taxa are too few to fit."""
    pd.DataFrame(index=pd.Index([], name="taxon")).to_parquet(paths["vectors"])
    write_distances(paths["distances"], NO_TAXA)
    write_table(paths["fit"], pd.DataFrame(columns=_COLUMNS))


def write_ridge(
    paths: Mapping[str, str | Path], taxa: Sequence[str], fit: RidgeFit, genetic: DistanceMatrix
) -> None:
    """Write predicted coordinates, the distances between taxa, and what was chosen.

    Parameters
    ----------
    paths
        vectors (Parquet), distances and fit (tables).
    taxa
        Names, in the order of the fit.
    fit
        To all taxa.
    genetic
        The distances that it was fitted to; others may be in it.
    """
    vectors = pd.DataFrame(fit.coordinates, index=pd.Index(taxa, name="taxon"))
    vectors.rename(columns=str).to_parquet(paths["vectors"])
    visual = DistanceMatrix(fit.distances, list(taxa))
    write_distances(paths["distances"], visual)
    reached = {"n_known": len(taxa), "pearson": in_sample_r(genetic, visual)}
    row = reached | fit.choice._asdict()
    write_table(paths["fit"], pd.DataFrame([row], columns=_COLUMNS))
