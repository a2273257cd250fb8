"""A fit to all taxa on disk."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.torch import save

from visgen.distances.matrices import NO_TAXA, cosine_distances, write_distances
from visgen.embedding.guidance.fitting import Fit, summarise
from visgen.embedding.guidance.in_sample import in_sample_r
from visgen.embedding.guidance.taxon_embedder import TaxonEmbedder
from visgen.embedding.guidance.variants import WEIGHT_COLUMNS
from visgen.scikit_bio import DistanceMatrix
from visgen.tables import write_table


def write_no_fit(paths: Mapping[str, str | Path]) -> None:
    """Write the files of `write_fit` without anything in them, where taxa are too few to fit."""
    pd.DataFrame(index=pd.Index([], name="taxon")).to_parquet(paths["vectors"])
    write_distances(paths["distances"], NO_TAXA)
    write_table(paths["history"], pd.DataFrame(columns=["epoch", "loss", "watched_loss", "kept"]))
    write_table(paths["fit"], pd.DataFrame(columns=["n_known", "n_watched", "loss", "pearson"]))
    pd.DataFrame(columns=WEIGHT_COLUMNS).to_parquet(paths["weights"])
    Path(paths["model"]).write_bytes(save({}))


def write_fit(
    paths: Mapping[str, str | Path], embedder: TaxonEmbedder, fit: Fit, genetic: DistanceMatrix
) -> None:
    """Write vectors, their distances, what was learned, and how.

    Parameters
    ----------
    paths
        vectors and weights (Parquet), distances, history and fit (tables), model (safetensors).
    embedder
        What was fitted.
    fit
        To all taxa.
    genetic
        The distances that it was fitted to; others may be in it.
    """
    everyone = np.ones(len(embedder.bags.taxa), bool)
    vectors = embedder.in_features(embedder.vectors(fit, everyone))
    vectors.rename(columns=str).to_parquet(paths["vectors"])
    visual = cosine_distances(vectors)
    write_distances(paths["distances"], visual)
    kept = fit.history["epoch"] == fit.epoch
    write_table(paths["history"], fit.history.assign(kept=kept))
    reached = summarise(fit, everyone) | {"pearson": in_sample_r(genetic, visual)}
    write_table(paths["fit"], pd.DataFrame([reached]))
    embedder.weights(fit).to_parquet(paths["weights"])
    # Cloned, since safetensors refuses tensors that share memory; not save_file, whose files only
    # their owner can read.
    learned = {k: v.cpu().contiguous().clone() for k, v in fit.model.state_dict().items()}
    Path(paths["model"]).write_bytes(save(learned))
