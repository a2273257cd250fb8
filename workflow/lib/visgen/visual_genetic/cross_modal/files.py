"""What a variant leaves, on disk."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from visgen.tables import write_table
from visgen.visual_genetic.cross_modal.variants import TrainedVariant
from visgen.visual_genetic.regimes.files import write_checkpoint


def write_variant(paths: Mapping[str, str | Path], variant: TrainedVariant) -> None:
    """Write what a variant learned and predicts; the same give the same bytes.

    Parameters
    ----------
    paths
        checkpoint (safetensors), history and omitted (tables), embeddings (npz with id, part and
        values), predictions (Parquet).
    variant
        What to write.
    """
    write_checkpoint(paths["checkpoint"], variant.network.state_dict(), variant.about)
    write_table(paths["history"], variant.history)
    write_table(paths["omitted"], variant.omitted)
    np.savez(
        paths["embeddings"],
        id=variant.embeddings.index.to_numpy().astype(str),
        part=variant.parts.loc[variant.embeddings.index].to_numpy().astype(str),
        values=variant.embeddings.to_numpy(dtype=np.float32),
    )
    variant.predictions.to_parquet(paths["predictions"], index=False)
