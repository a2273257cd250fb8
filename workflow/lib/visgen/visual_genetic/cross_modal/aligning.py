"""Stage 2: projections learn to put images where the anchors of their taxa are, or without any.

Several alignments that differ in nothing but their anchors are learned side by side: a stack of
networks sees the same batches, and each stays as it would be alone.
"""

import copy
import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state
from torch.nn.functional import cross_entropy

from visgen.machine.schedule import share_of_rate
from visgen.visual_genetic.cross_modal.examples import CHUNK, Examples
from visgen.visual_genetic.cross_modal.losses import cosines_to, make_terms, triplet_means
from visgen.visual_genetic.cross_modal.network import Projection
from visgen.visual_genetic.regimes.weight_balancing import max_norm_radius, project_rows

#: Columns of a history: one row a step that is watched and part.
HISTORY = [
    *("step", "part", "n_images", "loss", "positive", "negative", "cross_entropy"),
    *("own_cosine", "nearest_other_cosine"),
]


class Aligned(NamedTuple):
    """A projection as stage 2 left it, and its history, columns `HISTORY`."""

    network: Projection
    history: pd.DataFrame


def align(
    start: Projection,
    examples: Examples,
    anchors: Tensor | None,
    head_rows: Tensor,
    batches: Tensor,
    options: Mapping[str, Any],
    watch_at: Collection[int],
) -> list[Aligned]:
    """Train a projection by triplets of anchors and images (Karaderi et al. 2024), once a set.

    Stochastic gradient descent with momentum. Convolutions stay as they are; the head learns only
    where the cross-entropy counts.

    Parameters
    ----------
    start
        What every training starts from, on the device of the examples; it is left as it is.
    examples
        Images of taxa with anchors.
    anchors
        (n_sets, n_taxa, anchor_size), two taxa or more; a training each. None trains once, by
        cross-entropy alone.
    head_rows
        (n_taxa,): the head's row of each taxon. The cross-entropy is taken among these rows: those
        of taxa that are not there would only ever be pushed down.
    batches
        (steps, batch_size): positions in the training images of the examples.
    options
        ``loss`` and ``margin`` as in `make_terms`; ``cross_entropy``, its weight;
        ``learning_rate``, ``momentum``; ``schedule`` of the rate; ``weight_decay`` of weights;
        ``norm_share`` of MaxNorm on projection and head, after every pass over the images and at
        the end, see `visgen.visual_genetic.regimes.weight_balancing.project_rows`, None for none.
    watch_at
        Steps after which a history is written; 0 is before any.

    Returns
    -------
    list of Aligned
        By set.

    Raises
    ------
    ValueError
        If the loss is no number, or as `make_terms`.
    """
    n_sets = 1 if anchors is None else len(anchors)
    networks = [copy.deepcopy(start).requires_grad_(True) for _ in range(n_sets)]
    weight = 1.0 if anchors is None else options["cross_entropy"]
    stacked = stack_module_state(networks)[0]  # by name: (n_sets, ...)
    learned = {
        name: tensor.detach().requires_grad_(True)
        for name, tensor in stacked.items()
        if weight > 0 or not name.startswith("head.")
    }
    state = {name: tensor.detach() for name, tensor in stacked.items()} | learned
    optimiser = _optimiser(learned, options)

    def loss_of(own: Mapping[str, Tensor], to: Tensor | None, features: Tensor, taxa: Tensor):
        embeddings, logits = functional_call(start, own, (features,))
        loss = features.new_zeros(())
        if to is not None:
            placed = to if "genetic.weight" not in own else to @ own["genetic.weight"].T
            terms = make_terms(placed, options["loss"], options["margin"])
            loss = sum(triplet_means(*terms(embeddings, taxa), taxa))
        if weight > 0:
            loss = loss + weight * cross_entropy(logits[:, head_rows], taxa)
        return loss

    stack_of = torch.vmap(loss_of, in_dims=(0, 0, None, None))

    def sum_of_losses(features: Tensor, taxa: Tensor) -> Tensor:
        if n_sets > 1:
            return stack_of(state, anchors, features, taxa).sum()
        own = {name: tensor[0] for name, tensor in state.items()}  # faster than a stack of one
        return loss_of(own, None if anchors is None else anchors[0], features, taxa)

    histories: list[list[dict[str, Any]]] = [[] for _ in networks]

    def watch(step: int) -> None:
        for i, (network, rows) in enumerate(zip(networks, histories, strict=True)):
            network.load_state_dict({name: tensor[i] for name, tensor in state.items()})
            to = None if anchors is None else anchors[i]
            rows += _watch(network, examples, to, head_rows, options, weight, step)
            if not all(math.isfinite(row["loss"]) for row in rows):
                raise ValueError(
                    f"the loss is no number after step {step} of stage 2; a lower "
                    "visual_genetic.alignment.learning_rate may help"
                )

    steps, batch_size = batches.shape
    per_pass = max(1, len(examples.train) // batch_size)
    if 0 in watch_at:
        watch(0)
    for step, batch in enumerate(batches, 1):
        rows = examples.train[batch]
        share = share_of_rate(step - 1, steps, 0) if options["schedule"] == "cosine" else 1.0
        for group in optimiser.param_groups:
            group["lr"] = options["learning_rate"] * share
        loss = sum_of_losses(examples.look(rows), examples.taxa[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if options["norm_share"] is not None and (step % per_pass == 0 or step == steps):
            _shorten(learned, options["norm_share"])
        if step in watch_at:
            watch(step)
    for i, network in enumerate(networks):
        network.load_state_dict({name: tensor[i] for name, tensor in state.items()})
        network.requires_grad_(False)
    tables = [pd.DataFrame(rows, columns=HISTORY) for rows in histories]
    return [Aligned(*pair) for pair in zip(networks, tables, strict=True)]


@torch.no_grad()
def embed(network: Projection, features: Tensor) -> tuple[Tensor, Tensor]:
    """Return embeddings (n, size) and logits (n, n_taxa) of pooled features, on the CPU."""
    parts = [network(part) for part in features.split(CHUNK)]
    embeddings, logits = (torch.cat(side).cpu() for side in zip(*parts, strict=True))
    return embeddings, logits


def _optimiser(learned: Mapping[str, Tensor], options: Mapping[str, Any]) -> torch.optim.SGD:
    """Return SGD over stacks of tensors; biases do not decay."""
    groups = [
        {"params": [t for t in learned.values() if (t.dim() > 2) == decays], "weight_decay": decay}
        for decays, decay in ((True, options["weight_decay"]), (False, 0.0))
    ]
    return torch.optim.SGD(groups, lr=options["learning_rate"], momentum=options["momentum"])


def _shorten(learned: Mapping[str, Tensor], share: float) -> None:
    """Shorten the longest rows of projection and head, in each network by its own rows."""
    for name, stack in learned.items():
        if name.endswith("weight") and name.startswith(("projection.", "head.")):
            project_rows(stack, max_norm_radius(stack.detach().norm(dim=-1), share))


@torch.no_grad()
def _watch(
    network: Projection,
    examples: Examples,
    anchors: Tensor | None,
    head_rows: Tensor,
    options: Mapping[str, Any],
    weight: float,
    step: int,
) -> list[dict[str, Any]]:
    """Return one row of the history for each part.

    Here each image counts once: ``positive`` is the mean of each to its own anchor, ``negative``
    the mean of each to the anchors of all other taxa. In both cosines each taxon counts alike, as
    it does where recognition is claimed: a few common taxa would else speak for rare ones.
    """
    history = []
    n_taxa = 0 if anchors is None else len(anchors)
    for part, positions in examples.watched.items():
        sums, n_of_taxa = torch.zeros(3, dtype=torch.float64), torch.zeros(n_taxa)
        cosines = torch.zeros(n_taxa, 2, dtype=torch.float64)  # to the own, to the nearest other
        for rows in positions.split(CHUNK):
            own = examples.taxa[rows][:, None]  # (n, 1)
            embeddings, logits = network(examples.look(rows))
            entropy = cross_entropy(logits[:, head_rows], own[:, 0], reduction="none")
            pull = others = entropy.new_full((len(rows),), math.nan)
            if anchors is not None:
                placed = network.genetic(anchors)
                pull, push = make_terms(placed, options["loss"], options["margin"])(
                    embeddings, own[:, 0]
                )
                others = push.scatter(1, own, 0).sum(1) / (n_taxa - 1)  # (n,)
                to_all = cosines_to(embeddings, placed)  # (n, n_taxa)
                nearest = to_all.scatter(1, own, -torch.inf).amax(1)
                both = torch.stack([to_all.gather(1, own)[:, 0], nearest], 1)  # (n, 2)
                cosines.index_add_(0, own[:, 0].cpu(), both.cpu().double())
                n_of_taxa += torch.bincount(own[:, 0].cpu(), minlength=n_taxa)
            sums += torch.stack([values.sum().cpu().double() for values in (pull, others, entropy)])
        positive, negative, entropy = (sums / len(positions)).tolist()
        there = n_of_taxa > 0
        of_own, nearest = (cosines[there] / n_of_taxa[there, None]).mean(0).tolist()
        pulled = 0.0 if anchors is None else positive + negative
        values = (
            *(step, part, len(positions), pulled + weight * entropy),
            *(positive, negative, entropy, of_own, nearest),
        )
        history.append(dict(zip(HISTORY, values, strict=True)))
    return history
