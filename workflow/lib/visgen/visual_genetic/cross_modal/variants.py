"""A variant of the ablation: stage 2 by real and permuted anchors or none, and its predictions."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from visgen.genetics.anchors.permutation import permute_anchors
from visgen.visual_genetic.cross_modal.aligning import HISTORY, align, embed
from visgen.visual_genetic.cross_modal.batches import deal_batches
from visgen.visual_genetic.cross_modal.gathering import choose_taxa, features_of, gather_examples
from visgen.visual_genetic.cross_modal.network import Projection, build_projection
from visgen.visual_genetic.cross_modal.taxa import check_taxa, list_omitted
from visgen.visual_genetic.recognition.labelled_images import UNSEEN
from visgen.visual_genetic.recognition.predicting import (
    COLUMNS,
    predict_images,
)

log = logging.getLogger(__name__)

#: Of the permutations: the same ones in every seed. Scores are means over seeds, and means over
#: different permutations would vary less than the one real assignment does.
DEALING_SEED = 0

#: Steps of the alignment to real anchors that are watched, beside the first; of permuted ones it
#: is the first and the last.
N_WATCHED = 10

#: Bytes of networks that learn side by side on a GPU, and what each takes for a parameter: itself,
#: its slope, its momentum and a copy.
STACK_BYTES, PARAMETER_BYTES = 8 * 10**9, 16


@dataclass(frozen=True)
class TrainedVariant:
    """What a variant learned from real anchors, and answers after each training.

    Attributes
    ----------
    network
        Projection, head and added layers.
    about
        The regime's description, with ``layer`` and ``anchors`` (the set's name or null).
    history
        Column permutation (0 real, 1 and on permuted), then those of
        `visgen.visual_genetic.cross_modal.aligning.HISTORY`; no row where stage 2 does nothing.
    embeddings
        (n_images, size), index id; (n_images, n_features) where features stand for them.
    parts
        Part of each image, index id.
    predictions
        Columns as in `visgen.visual_genetic.recognition.predicting.COLUMNS`.
    omitted
        Columns as in `visgen.visual_genetic.cross_modal.taxa.OMITTED`.
    """

    network: Projection
    about: Mapping[str, Any]
    history: pd.DataFrame
    embeddings: pd.DataFrame
    parts: pd.Series
    predictions: pd.DataFrame
    omitted: pd.DataFrame


def train_variant(
    images: pd.DataFrame,
    features: pd.DataFrame,
    tensors: Mapping[str, Tensor],
    about: Mapping[str, Any],
    anchors: pd.DataFrame | None,
    options: Mapping[str, Any],
    *,
    beside: Sequence[Collection[str]] = (),
    name: str | None,
    neighbours: Sequence[int],
    rank: str,
    seed: int,
    device: torch.device,
) -> TrainedVariant:
    """Take a regime through stage 2, with real and with permuted anchors, and ask after each.

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
        (n_taxa, anchor_size), index taxon; None where ``stage2`` has no use for them.
    options
        ``stage2``: ``anchors``, or a word of
        `visgen.visual_genetic.cross_modal.options.UNALIGNED`; for ``projection`` and ``features``
        nothing else. Else those of
        `visgen.visual_genetic.cross_modal.aligning.align`; ``layer``, ``views`` (augmented
        repeats of each training image), ``steps``, ``batch_size`` and ``sampling`` as in
        `visgen.visual_genetic.cross_modal.batches.deal_batches`; ``permutations``.
    beside
        Taxa of each set of anchors that a supervised variant stands beside: it learns from those
        that all of them have, and so from the same batches.
    name
        Of the set of anchors.
    neighbours
        Numbers of neighbours that vote.
    rank
        Rank of the taxa.
    seed
        Of batches.
    device
        Where to train.

    Returns
    -------
    TrainedVariant
        Predictions are for labelled images outside the training part. The nearest anchor is sought
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
    stage2, layer = options["stage2"], options.get("layer", "none")
    size = len(tensors["projection.2.bias"])
    anchor_size = size if anchors is None else anchors.shape[1]
    start = build_projection(tensors, layer, anchor_size).to(device)
    if features.shape[1] != (n_features := start.projection[0].in_features):
        raise ValueError(
            f"pooled features have {features.shape[1]} values, the checkpoint's projection takes "
            f"{n_features}: expected both of one regime and seed"
        )
    clean = features_of(features, images.index, 0)
    seen = torch.tensor(clean.to_numpy(), device=device)
    taxa = list(about["taxa"])
    if anchors is not None:
        fitted = None if layer == "genetic" else size
        taxa = choose_taxa(anchors, taxa, fitted, str(name))
    taxa = [taxon for taxon in taxa if all(taxon in of_set for of_set in beside)]
    history: list[pd.DataFrame] = []
    found: list[pd.DataFrame] = []

    def ask(
        embeddings: pd.DataFrame,
        logits: Tensor | None,
        given: pd.DataFrame | None = None,
        permutation: int = 0,
    ) -> None:
        if logits is not None:
            logits = pd.DataFrame(logits.numpy(), images.index, list(about["taxa"]))
        found.append(predict_images(images, embeddings, logits, given, neighbours, permutation))

    network, kept = start, clean.iloc[:0]
    if len(taxa) < 2:
        pass
    elif stage2 == "features":
        kept = clean
        ask(clean, None)
    elif stage2 == "projection":
        embeddings, logits = embed(start, seen)
        kept = pd.DataFrame(embeddings.numpy(), index=images.index)
        # the head of an untouched network is as it was drawn, and would guess
        ask(kept, None if about["regime"] == "control" else logits)
    else:
        examples = gather_examples(images, features, taxa, options["views"], seed, device)
        learned_from = examples.taxa[examples.train].cpu().numpy()
        batches = deal_batches(
            learned_from, options["batch_size"], options["steps"], options["sampling"], seed
        )
        log.info("%d training vectors of %d taxa", len(examples.train), len(taxa))
        head_rows = torch.tensor(pd.Index(about["taxa"]).get_indexer(taxa), device=device)
        has_head = about["regime"] != "control" or anchors is None or options["cross_entropy"] > 0
        sets = _sets(images, anchors, taxa, options["permutations"])
        together = networks_together(start, device)
        for numbers in [[0], *_stacks(range(1, len(sets)), together)]:
            n_watched = N_WATCHED if numbers == [0] else 1
            trained = align(
                start,
                examples,
                None if anchors is None else _stack(sets, numbers, taxa, seen),
                head_rows,
                torch.from_numpy(batches).to(device),
                options,
                set(np.linspace(0, options["steps"], n_watched + 1).astype(int).tolist()),
            )
            for number, (learned, followed) in zip(numbers, trained, strict=True):
                embeddings, logits = embed(learned, seen)
                placed = pd.DataFrame(embeddings.numpy(), index=images.index)
                given = None if anchors is None else _behind_layer(learned, sets[number], seen)
                ask(placed, logits if has_head else None, given, number)
                followed.insert(0, "permutation", number)
                history.append(followed)
                if number == 0:
                    network, kept = learned, placed
                log.info("permutation %d: %s", number, followed.iloc[-1].to_dict())
    return TrainedVariant(
        network=network,
        about=dict(about) | {"layer": layer, "anchors": name},
        history=pd.concat(history) if history else pd.DataFrame(columns=["permutation", *HISTORY]),
        embeddings=kept,
        parts=images["part"],
        predictions=(
            pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS)
        ),
        omitted=list_omitted(images, rank, anchors, name),
    )


def networks_together(network: Projection, device: torch.device) -> int:
    """Return how many networks learn as one stack: a GPU has room; a CPU gains nothing by it."""
    if device.type != "cuda":
        return 1
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    return max(1, STACK_BYTES // (PARAMETER_BYTES * n_parameters))


def _sets(
    images: pd.DataFrame, anchors: pd.DataFrame | None, taxa: Sequence[str], permutations: int
) -> list[pd.DataFrame | None]:
    """Return the anchors that can be named, as they are and dealt to other taxa."""
    if anchors is None:
        return [None]
    withheld = (images["part"] == UNSEEN).any()
    candidates = anchors.sort_index() if withheld else anchors.loc[list(taxa)]
    dealt = (permute_anchors(candidates, n, DEALING_SEED) for n in range(1, permutations + 1))
    return [candidates, *dealt]


def _stacks(numbers: range, together: int) -> list[list[int]]:
    return [list(numbers[i : i + together]) for i in range(0, len(numbers), together)]


def _stack(
    sets: Sequence[pd.DataFrame], numbers: Sequence[int], taxa: Sequence[str], like: Tensor
) -> Tensor:
    """Return anchors, (n_sets, n_taxa, anchor_size), of the kind and on the device of others."""
    values = np.stack([sets[number].loc[list(taxa)].to_numpy() for number in numbers])
    return torch.from_numpy(values.astype(np.float32)).to(like)


@torch.no_grad()
def _behind_layer(network: Projection, anchors: pd.DataFrame, like: Tensor) -> pd.DataFrame:
    """Return anchors where the network's genetic layer puts them; as they are without one."""
    if isinstance(network.genetic, torch.nn.Identity):
        return anchors
    placed = network.genetic(torch.tensor(anchors.to_numpy(np.float32)).to(like))
    return pd.DataFrame(placed.cpu().numpy(), anchors.index)
