"""A variant of the ablation: alignment to real and to permuted anchors, and its predictions."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from visgen.genetics.anchors.permutation import permute_anchors
from visgen.visual_genetic.cross_modal.aligning import HISTORY, align, embed
from visgen.visual_genetic.cross_modal.gathering import choose_taxa, features_of, gather_examples
from visgen.visual_genetic.cross_modal.network import Projection, build_projection
from visgen.visual_genetic.cross_modal.taxa import check_taxa, list_omitted
from visgen.visual_genetic.recognition.evaluators import ANCHOR, HEAD
from visgen.visual_genetic.recognition.labelled_images import UNSEEN
from visgen.visual_genetic.recognition.predicting import (
    COLUMNS,
    predict_by_anchor,
    predict_by_head,
    stack_predictions,
)

log = logging.getLogger(__name__)

#: Of the permutations: the same ones in every seed. Scores are means over seeds, and means over
#: different permutations would vary less than the one real assignment does.
DEALING_SEED = 0


@dataclass(frozen=True)
class TrainedVariant:
    """What a variant learned from real anchors, and answers after each alignment.

    Attributes
    ----------
    network
        Projection, extra layer and head.
    about
        The regime's description, with ``layer`` and ``anchors`` (the set's name or null).
    history
        Column permutation (0 real, 1 and on permuted), then those of
        `visgen.visual_genetic.cross_modal.aligning.HISTORY`; no row without anchors.
    embeddings
        (n_images, size), index id; (n_images, n_features) where nothing was ever trained.
    permuted
        (permutations, n_images, size): the same after each alignment to permuted anchors.
    parts
        Part of each image, index id.
    answers
        Predictions by the head and the nearest anchor, columns as in
        `visgen.visual_genetic.recognition.predicting.COLUMNS`.
    omitted
        Columns as in `visgen.visual_genetic.cross_modal.taxa.OMITTED`.
    """

    network: Projection
    about: Mapping[str, Any]
    history: pd.DataFrame
    embeddings: pd.DataFrame
    permuted: np.ndarray
    parts: pd.Series
    answers: pd.DataFrame
    omitted: pd.DataFrame


def train_variant(
    images: pd.DataFrame,
    features: pd.DataFrame,
    tensors: Mapping[str, Tensor],
    about: Mapping[str, Any],
    anchors: pd.DataFrame | None,
    options: Mapping[str, Any],
    *,
    name: str | None,
    rank: str,
    seed: int,
    device: torch.device,
) -> TrainedVariant:
    """Align a regime to anchors and to permuted ones, and ask after each.

    Parameters
    ----------
    images
        Columns taxon and part, index id; else as
        `visgen.visual_genetic.recognition.labelled_images.study_images` returns.
    features
        Pooled, (n, n_features), index (id, repeat).
    tensors, about
        The regime: projection and head; taxa (rows of the head) and regime.
    anchors
        (n_taxa, size), index taxon; None trains nothing. Embeddings are then the projection's
        output, for the regime ``control`` the pooled features, since its projection is random.
    options
        Those of `visgen.visual_genetic.cross_modal.aligning.align`; ``layer``, ``views`` (augmented
        repeats of each training image), ``permutations``.
    name
        Of the set of anchors.
    rank
        Rank of the taxa.
    seed
        Of batches.
    device
        Where to train.

    Returns
    -------
    TrainedVariant
        Answers are for labelled images outside the training part. The nearest anchor is sought
        among those of training taxa; where taxa are withheld, among all of the set. These
        are also what is permuted. Where fewer than two taxa can be told apart, or aligned, nothing
        is learned, answered or embedded, and `omitted` says why.

    Raises
    ------
    ValueError
        If anchors and embeddings differ in size, an anchor is zero or not finite, features are
        missing or of another length, or the checkpoint has other taxa than the training images.
    """
    check_taxa(images, about["taxa"])
    start = build_projection(tensors, options["layer"]).to(device)
    if features.shape[1] != (n_features := start.projection[0].in_features):
        raise ValueError(
            f"pooled features have {features.shape[1]} values, the checkpoint's projection takes "
            f"{n_features}: expected both of one regime and seed"
        )
    clean = features_of(features, images.index, 0)
    seen = torch.tensor(clean.to_numpy(), device=device)
    history, answers, permuted = [], [], []
    taxa = list(about["taxa"])
    if anchors is not None:
        taxa = choose_taxa(anchors, taxa, start.head.in_features, str(name))

    def ask(
        embeddings: pd.DataFrame, logits: Tensor, given: pd.DataFrame | None, permutation: int
    ) -> None:
        labelled = images[images["taxon"].notna()]
        asked = labelled.index[labelled["part"] != "train"]
        found = {}
        # the head of an untouched network is as it was drawn, and would guess
        if about["regime"] != "control" or (given is not None and options["cross_entropy"]):
            scores = pd.DataFrame(logits.numpy(), images.index, list(about["taxa"]))
            found[HEAD] = predict_by_head(scores.loc[asked])
        if given is not None:
            found[ANCHOR] = predict_by_anchor(embeddings.loc[asked], given)
        if found:
            answers.append(stack_predictions(found, images, permutation))

    if len(taxa) < 2:
        network, kept = start, clean.iloc[:0]
    elif anchors is None:
        network, kept = start, clean
        embeddings, logits = embed(start, seen)
        if about["regime"] != "control":
            kept = pd.DataFrame(embeddings.numpy(), index=images.index)
        ask(kept, logits, None, 0)
    else:
        withheld = (images["part"] == UNSEEN).any()
        candidates = anchors.sort_index() if withheld else anchors.loc[taxa]
        examples = gather_examples(images, features, taxa, options["views"], device)
        head_rows = torch.tensor(pd.Index(about["taxa"]).get_indexer(taxa), device=device)
        log.info("%d training vectors of %d taxa", len(examples.train), len(taxa))
        for permutation in range(options["permutations"] + 1):
            given = candidates
            if permutation:
                given = permute_anchors(candidates, permutation, DEALING_SEED)
            towards = torch.tensor(given.loc[taxa].to_numpy(), dtype=torch.float32, device=device)
            trained, followed = align(start, examples, towards, head_rows, options, seed)
            embeddings, logits = embed(trained, seen)
            placed = pd.DataFrame(embeddings.numpy(), index=images.index)
            ask(placed, logits, given, permutation)
            followed.insert(0, "permutation", permutation)
            history.append(followed)
            if permutation:
                permuted.append(placed.to_numpy())
            else:
                network, kept = trained, placed
            log.info("permutation %d: %s", permutation, followed.iloc[-1].to_dict())
    return TrainedVariant(
        network=network,
        about=dict(about) | {"layer": options["layer"], "anchors": name},
        history=pd.concat(history) if history else pd.DataFrame(columns=["permutation", *HISTORY]),
        embeddings=kept,
        permuted=np.array(permuted, np.float32).reshape(len(permuted), *kept.shape),
        parts=images["part"],
        answers=pd.concat(answers, ignore_index=True) if answers else pd.DataFrame(columns=COLUMNS),
        omitted=list_omitted(images, rank, anchors, name),
    )
