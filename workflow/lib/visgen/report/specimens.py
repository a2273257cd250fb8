"""What the report's page says, from the tables of a run."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from visgen.report.page import LISTED


def specimen_content(
    specimens: pd.DataFrame, rank_rows: pd.DataFrame, rejected: pd.DataFrame
) -> dict[str, Any]:
    """Return numbers of images and specimens, the ranks, and what was refused by reason."""
    return {
        "n_images": len(specimens),
        "n_specimens": specimens["specimen"].nunique(),
        "rank_rows": rank_rows.to_dict("records"),
        "rejected": rejected.head(LISTED).to_dict("records"),
        "n_rejected": len(rejected),
        "reasons": list(rejected["reason"].value_counts().items()),
    }


def split_content(notes: Sequence[pd.DataFrame], rank_rows: pd.DataFrame) -> dict[str, Any]:
    """Return mean numbers of taxa that cannot be tested or trained on, over seeds."""
    every = pd.concat(notes)
    counts = every.groupby(["rank", "note"]).size() / len(notes)
    return {
        "n_seeds": len(notes),
        "untested_rows": [
            {
                "rank": rank,
                "n_taxa": n_taxa,
                "untested": float(counts.get((rank, "untested"), 0)),
                "untrained": float(counts.get((rank, "untrained"), 0)),
            }
            for rank, n_taxa in zip(rank_rows["rank"], rank_rows["n_taxa"], strict=True)
        ],
        "n_shared_specimens": every.loc[every["note"] == "shared_specimen", "name"].nunique(),
    }


def left_out(tree_rank: str | None, sequence_rank: str | None) -> list[str]:
    """Say which parts of the workflow a study's inputs do not allow, and why.

    Parameters
    ----------
    tree_rank, sequence_rank
        Ranks of the tips and of the sequenced taxa; None where the study has none.
    """
    missing = []
    if tree_rank is None:
        missing.append(
            "the comparison of look and descent, since neither inputs.tree nor inputs.distances "
            "is given"
        )
    if sequence_rank is None:
        missing.append(
            "counts of sequences, their vectors and anchors, since inputs.sequences is not given"
        )
    return missing
