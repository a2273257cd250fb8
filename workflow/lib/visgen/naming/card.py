"""The card of a naming model: what it was learned from, how good it is, what it is not for."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import pandas as pd

from visgen.metrics import over_seeds
from visgen.naming.model import NamingModel
from visgen.naming.novelty import KNOWN
from visgen.naming.overview import KNOWN_COLUMNS, NEW_COLUMNS, Overview, Row
from visgen.version import visgen_version

_SOFTWARE = ("numpy", "scipy", "scikit-learn", "torch", "timm")
#: What each word for weights means for who may use them.
_WEIGHTS = {
    "bundled": "trained on ImageNet; Apache-2.0",
    "imagenet": "from timm, trained on ImageNet unless the model's name says otherwise; the "
    "licence is that of the model there",
    "hub": "from the Hugging Face Hub; the licence is that of the model there",
    "simclr": "learned from the study's own images; the licence is the study's",
    "none": "untrained",
}
#: Those of them that have seen no name of a species.
_NAMELESS = {"bundled", "imagenet", "simclr", "none"}


def write_card(model: NamingModel, about: Mapping[str, Any], scores: pd.DataFrame) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    model, about
        As `visgen.naming.files.read_model` returns them.
    scores
        Columns of the contract, of test specimens and withheld taxa.
    """
    ranks = model.lineages.ranks
    counts = ", ".join(f"{len(model.lineages.taxa[rank])} of rank {rank}" for rank in ranks)
    network = about["network"]
    weights = _WEIGHTS.get(about["weights"], "from a file of the study; ask its authors")
    known = len(model.calibration.novelty[KNOWN])
    software = ", ".join(f"{name} {version(name)}" for name in _SOFTWARE)
    software = f"visgen {visgen_version() or 'of an unknown version'}, {software}"
    lines = [
        f"# Naming model of the study {about['dataset']}",
        "",
        "Names photographs of specimens: `python -m visgen.naming <this folder> IMAGES OUT`.",
        "",
        "## What it is",
        "",
        f"- Names come from: {about['described']}.",
        f"- Learned from {len(model.gallery.taxa)} labelled specimens; taxa: {counts}.",
        f"- Network: {network['model']}, {network['n_features']} features, images of "
        f"{network['preprocessing']['image_size']} pixels. Weights: {weights}.",
        f"- Sets of taxa calibrated by {len(model.calibration.flat)} specimens, what is new by "
        f"{known}, each left out when it was asked.",
        f"- Format {about['format']}; made with {software}.",
        "",
        "## How good it is",
        "",
        "Shares, means over splits, with 95 % intervals. Right: the most probable name. Trusted: "
        "what is named at this rank or a finer one. n is specimens, below taxa.",
        "",
        *_tables(scores, ranks),
        "",
        "## What it is not for",
        "",
        "- It knows the taxa above and no others. Of others it says at most that they are new, and "
        "the table says how often it does: that a specimen is not called new does not show that "
        "its taxon is known.",
        "- Its odds hold for specimens that come as the labelled ones did: photographed alike, "
        "with taxa about as frequent, as whole and as old. Fossils, fragments, juveniles and "
        "other cameras are none of these unless the study had them.",
        "- Labels were taken as they are; it repeats their mistakes (suspects.tsv of the study "
        "lists those that it doubts).",
        *about_names_seen(about["weights"]),
        "- A name is a proposal to a person who knows the group, not a determination.",
    ]
    return "\n".join(lines) + "\n"


def about_names_seen(weights: str) -> Iterator[str]:
    """Yield what is to be said where weights, by their word or file, may have seen the names."""
    if weights not in _NAMELESS:
        yield (
            "- Weights that were made elsewhere may have seen these species, and their names, as "
            "those of BioCLIP have seen hundreds of thousands: how good it is on species that they "
            "have seen says nothing of others."
        )


def _tables(scores: pd.DataFrame, ranks: Sequence[str]) -> Iterator[str]:
    overview = Overview(over_seeds(scores))
    yield from _head(["test specimens", *KNOWN_COLUMNS])
    for rank, rows in overview.known(ranks):
        yield _line([rank, *(_cell(row) for row in rows)])
    covered = overview.of_test("all", "trusted", "coverage")
    flags = overview.of_test("all", "novelty", "false_flags")
    yield ""
    yield (
        f"What is trusted was true of {_cell(covered) or 'an unknown share'} of them; "
        f"{_cell(flags) or 'an unknown share'} were called new without being so."
    )
    yield ""
    yield from _head(["specimens of taxa withheld", *NEW_COLUMNS])
    for rank, rows in overview.new():
        yield _line([f"a new {rank}", *(_cell(row) for row in rows)])


def _head(names: Sequence[str]) -> Iterator[str]:
    yield _line(names)
    yield "| --- " * len(names) + "|"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _cell(row: Row | None) -> str:
    """Return value, interval and n; nothing where there is none."""
    if row is None or pd.isna(row["value"]):
        return ""
    interval = ""
    if not pd.isna(row["ci_low"]):
        interval = f" ({row['ci_low']:.2f} to {row['ci_high']:.2f})"
    return f"{row['value']:.2f}{interval}, n {row['n']:.0f}"
