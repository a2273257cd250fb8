"""The card of a naming model: what it was learned from, how good it is, what it is not for."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pandas as pd

from visgen.metrics import SCORE, of_role, over_seeds
from visgen.naming.model import NamingModel
from visgen.naming.novelty import KNOWN

_SOFTWARE = ("numpy", "scipy", "scikit-learn", "torch", "timm")
#: What each word for weights means for who may use them.
_WEIGHTS = {
    "bundled": "trained on ImageNet; Apache-2.0",
    "imagenet": "trained on ImageNet, from timm; the licence is that of the model there",
    "hub": "from the Hugging Face Hub; the licence is that of the model there",
    "simclr": "learned from the study's own images; the licence is the study's",
    "none": "untrained",
}


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
        "Means over splits; specimens of the test part, and of taxa withheld from learning. "
        "Intervals are of 95 %.",
        "",
        *_table(scores),
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
        "- A name is a proposal to a person who knows the group, not a determination.",
    ]
    return "\n".join(lines) + "\n"


def _table(scores: pd.DataFrame) -> list[str]:
    rows = over_seeds(of_role(scores, SCORE))
    lines = ["| part | rank | by | measure | value | interval | n |", "| --- " * 7 + "|"]
    for row in rows.itertuples():
        interval = "" if pd.isna(row.ci_low) else f"{row.ci_low:.3f} to {row.ci_high:.3f}"
        cells = [row.part, row.rank, row.evaluator, row.metric, f"{row.value:.3f}", interval]
        cells += ["" if pd.isna(row.n) else str(int(row.n))]
        lines.append("| " + " | ".join("" if pd.isna(c) else _plain(str(c)) for c in cells) + " |")
    return lines


def _plain(text: str) -> str:
    """Return text without what ends a cell."""
    return text.replace("|", "\\|")
