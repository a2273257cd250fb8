"""Scores of recognition by every variant and seed of a study, from the files of its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.distances.matrices import load_distances
from visgen.distances.taxon_distances import taxon_distances
from visgen.genetics.anchors.files import read_anchors
from visgen.specimens.splits import read_splits
from visgen.specimens.taxonomy import lineage
from visgen.tables import read_table
from visgen.visual_genetic.recognition.alignment import score_alignment
from visgen.visual_genetic.recognition.runs import (
    collect_runs,
    read_by_name,
    read_placed,
    training_images,
)
from visgen.visual_genetic.recognition.scoring import score_recognition
from visgen.visual_genetic.recognition.species import tabulate_species
from visgen.visual_genetic.recognition.unseen import UNSEEN_COLUMNS, placements
from visgen.visual_genetic.recognition.unseen_scores import score_unseen


@dataclass(frozen=True)
class RecognitionFiles:
    """Files that scores of recognition are made of.

    Attributes
    ----------
    splits
        Of every seed.
    predictions, unseen
        Of every variant and seed: with all taxa, and without the withheld ones.
    alignments
        Histories of variants that are aligned to anchors.
    withheld
        The table of withheld taxa; none without such runs.
    anchors
        By variant among those without the withheld taxa: the anchors it is aligned to.
    distances
        Between the tips of the tree; none without one.
    """

    splits: Sequence[Path]
    predictions: Sequence[Path]
    unseen: Sequence[Path]
    alignments: Sequence[Path]
    withheld: Sequence[Path]
    anchors: Mapping[str, Path]
    distances: Sequence[Path]


@dataclass(frozen=True)
class RecognitionScores:
    """What is known of the variants.

    Attributes
    ----------
    rows
        Scores, without what they all share.
    taxa
        Of every taxon.
    placed
        Where images of withheld taxa are placed.
    """

    rows: list[dict]
    taxa: pd.DataFrame
    placed: pd.DataFrame


def score_study(
    files: RecognitionFiles,
    specimens: pd.DataFrame,
    variants: Mapping[str, Mapping[str, Any]],
    *,
    ranks: Sequence[str],
    rank: str,
    tree_rank: str,
    tail: int,
    head: int,
    bootstraps: int,
    seed: int,
) -> RecognitionScores:
    """Score recognition, alignment, and where unseen taxa are placed.

    Parameters
    ----------
    files
        Of the study.
    specimens
        As `visgen.specimens.records.read_labels` returns them, of all ranks.
    variants
        What each is: as `VisualGeneticPlan.compared`.
    ranks, rank, tree_rank
        All, coarse to fine; that of the taxa; that of the tips.
    tail, head
        As in `visgen.visual_genetic.recognition.hits.taxa_of`.
    bootstraps, seed
        Of intervals.
    """
    limits = {"tail": tail, "head": head}
    splits = read_splits(files.splits)
    n_train = {s: training_images(specimens, parts, rank) for s, parts in splits.items()}
    found = collect_runs(files.predictions, n_train, **limits)
    rows = score_recognition(found, specimens, n_train, variants, **limits, bootstraps=bootstraps)
    cosines = score_alignment(read_by_name(files.alignments))
    rows += [{"anchors": variants[row["variant"]]["anchors"]} | row for row in cosines]
    placed = pd.DataFrame(columns=["permutation", *UNSEEN_COLUMNS])
    if files.unseen:
        tree = [load_distances(path) for path in files.distances]
        far = [taxon_distances(m, specimens, ranks, tree_rank, rank) for m in tree]
        anchored = {name: read_anchors(path).index for name, path in files.anchors.items()}
        placed = placements(
            read_placed(files.unseen),
            specimens,
            lineage(specimens, ranks, rank),
            n_train,
            read_table(files.withheld[0]),
            anchored,
            far[0] if far else None,
        )
        rows += score_unseen(placed, bootstraps=bootstraps, seed=seed)
    return RecognitionScores(rows, tabulate_species(found, specimens, n_train), placed)
