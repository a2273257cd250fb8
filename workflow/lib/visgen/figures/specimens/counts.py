"""How unevenly images, and sequences, are spread over taxa."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, StrMethodFormatter

from visgen.names import shortened

#: More taxa than this are drawn without their names.
NAMED = 60
_SHORT = 24  # letters of a name that a panel has room for


def plot_counts(coverage: pd.DataFrame, ranks: Sequence[str]) -> Figure:
    """Draw images, specimens and sequences per taxon, a panel a rank, largest first, log scale.

    Parameters
    ----------
    coverage
        Columns rank, taxon, n_images, n_specimens, and n_sequences where the study has any; ranks
        where it is empty have no marks of sequences.
    ranks
        Coarse to fine; ranks without a taxon are left out.
    """
    counts = {rank: coverage[coverage["rank"] == rank] for rank in ranks}
    counts = {rank: table for rank, table in counts.items() if len(table)}
    below = sum(_room_for_names(table["taxon"]) for table in counts.values())
    figure = Figure(figsize=(10, 1.0 + 2.5 * len(counts) + below), layout="constrained")
    for axes, (rank, table) in zip(
        np.atleast_1d(figure.subplots(len(counts), 1)), counts.items(), strict=True
    ):
        table = table.sort_values(["n_images", "taxon"], ascending=[False, True])
        place = np.arange(len(table))
        width = 0.8 if len(table) <= NAMED else 1.0
        axes.bar(place, table["n_images"], width, color="#4c78a8", label="images")
        axes.plot(
            place, table["n_specimens"], "D", color="#e45756", ms=3, zorder=3, label="specimens"
        )
        title = ""
        if "n_sequences" in table and table["n_sequences"].notna().any():
            sequences = table["n_sequences"].astype(float)
            # The log scale has no zero: taxa without a sequence have no mark, and are counted.
            axes.plot(
                place,
                sequences.where(sequences > 0),
                "o",
                mfc="white",
                mec="#1b5e20",
                mew=1.2,
                ms=4 if len(table) <= NAMED else 3,
                label="sequences",
            )
            title = f"; {int((sequences == 0).sum())} without sequences"
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.yaxis.set_minor_formatter(LogFormatter())
        axes.set_ylim(bottom=0.7)
        axes.set_xlim(-0.8, max(len(table), 8) - 0.2)
        axes.set_ylabel("number")
        largest, smallest = table["n_images"].iloc[0], table["n_images"].iloc[-1]
        axes.set_title(
            f"{rank} (n = {len(table)}): {smallest} to {largest} images each{title}",
            loc="left",
            fontsize=10,
        )
        if len(table) <= NAMED:
            size = float(np.interp(len(table), [10, NAMED], [9, 6]))
            names = table["taxon"].map(shortened)
            axes.set_xticks(place, names, rotation=60, ha="right", rotation_mode="anchor")
            axes.tick_params(axis="x", labelsize=size, length=2)
        else:
            axes.set_xlabel("taxa, largest first (names in coverage.tsv)", fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    # The panel with most kinds of marks: sequences may belong to some ranks only.
    fullest = max(figure.axes, key=lambda axes: len(axes.lines))
    fullest.legend(
        frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, ncols=3
    )
    return figure


def _room_for_names(taxa: pd.Series) -> float:
    """Return the inches that slanted names need below a panel beside what it has for them."""
    longest = taxa.map(shortened).str.len().max() if len(taxa) <= NAMED else 0
    return 0.07 * max(0, longest - _SHORT)
