"""Train a backbone so that two views of an image look more alike than views of other images."""

import copy
import hashlib
import logging
import math
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch
from timm.optim import param_groups_weight_decay
from torch.utils.data import DataLoader
from tqdm import tqdm

from visgen.features.backbones import Backbone
from visgen.features.folded_norms import refuse_folded_norms
from visgen.features.simclr.network import Projected, contrastive_accuracy, nt_xent
from visgen.features.simclr.results import HISTORY, Pretraining, history_row
from visgen.features.simclr.views import Normaliser, ViewPairs, view_transform
from visgen.machine.checkpoints import open_checkpoint
from visgen.machine.devices import describe_device, fix_kernels, pick_device, pick_precision
from visgen.machine.schedule import Batches, seed_of, share_of_rate

log = logging.getLogger(__name__)

#: Packages whose versions decide the weights.
SOFTWARE = ("torch", "torchvision", "timm", "pytorch-metric-learning")

#: Share of the steps in which the learning rate rises.
WARM_UP = 0.1

#: Raised when this code comes to learn other weights from the same images.
REVISION = 3


def train_simclr(
    images: pd.DataFrame,
    backbone: Backbone,
    store: Path,
    *,
    epochs: int,
    batch_size: int,
    temperature: float,
    projector: Mapping[str, int],
    learning_rate: float,
    weight_decay: float,
    augmentation: Mapping[str, float],
    precision: str,
    seed: int,
    background: tuple[int, int, int],
    max_pixels: int,
    workers: int,
    checkpoint_seconds: float = 60.0,
) -> Pretraining:
    """Learn weights from images without labels (Chen et al. 2020), or go on where it was stopped.

    The optimiser is AdamW instead of LARS, which is for batches of thousands. On one kind of
    device, the same images and options give the same bytes, with any order of the images, any
    number of workers and after any interruption.

    Parameters
    ----------
    images
        Columns path and sha256.
    backbone
        What training starts from; it is left as it is. Views have its size, and are normalised
        as its own images are.
    store
        Folder of the checkpoint.
    epochs
        Times that every image is seen, in two views.
    batch_size
        Most images a step; each has two views.
    temperature
        Of the loss; the lower, the more the most similar images count.
    projector
        Keys hidden and size: numbers of hidden units and of dimensions of the projection.
    learning_rate
        Its largest value; it rises linearly over `WARM_UP` of the steps, then falls along a cosine
        to zero.
    weight_decay
        On all weights but biases and those of normalisation layers.
    augmentation
        Keyword arguments of `visgen.features.simclr.views.view_transform`.
    precision
        ``auto``, ``float32`` or ``bfloat16``.
    seed
        Of projector, order and views.
    background, max_pixels
        As in `visgen.specimens.images.load_image`.
    workers
        Processes that make views; 0 makes them in this one.
    checkpoint_seconds
        Time between two checkpoints, at least.

    Raises
    ------
    ValueError
        If there are fewer than two images or one twice, a file has changed since its checksum was
        taken, the backbone cannot be trained, the loss is no number, or a checkpoint is damaged.
    """
    refuse_folded_norms(backbone.network, "simclr.initial_weights")
    images = images.sort_values("sha256")
    _check_images(images)
    device = pick_device()
    dtype = pick_precision(precision, device)
    recipe = {
        "revision": REVISION,
        "network": backbone.recipe,
        "images": hashlib.sha256("\n".join(images["sha256"]).encode()).hexdigest(),
        "n_images": len(images),
        "epochs": epochs,
        "batch_size": batch_size,
        "temperature": temperature,
        "projector": dict(projector),
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "warm_up": WARM_UP,
        "augmentation": dict(augmentation),
        "seed": seed,
        "background": list(background),
        "device": describe_device(device),
        "precision": str(dtype).removeprefix("torch."),
        "software": {name: version(name) for name in SOFTWARE},
    }
    checkpoint = open_checkpoint(store / "simclr", recipe, checkpoint_seconds)
    fix_kernels()
    encoder = copy.deepcopy(backbone.network).requires_grad_(True)
    network = Projected(encoder, backbone.n_features, **projector, seed=seed)
    network = network.to(device, memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(param_groups_weight_decay(network, weight_decay))
    loss_of = nt_xent(temperature)
    scale = backbone.recipe["preprocessing"]
    normalised = Normaliser(scale["mean"], scale["std"], device)

    state = checkpoint.read() or {"step": 0, "epochs": [], "steps": []}
    if state["step"]:
        network.load_state_dict(state.pop("network"))
        optimiser.load_state_dict(state.pop("optimiser"))
    batches = Batches(len(images), batch_size, epochs, seed, start=state["step"])
    n_steps = batches.n_per_epoch * epochs
    n_warm_up = math.ceil(WARM_UP * n_steps)
    log.info(
        "%s in %s: %d images, %d steps, %d of them done before",
        recipe["device"],
        recipe["precision"],
        len(images),
        n_steps,
        state["step"],
    )
    loader = DataLoader(
        ViewPairs(
            tuple(images["path"]),
            tuple(images["sha256"]),
            view_transform(backbone.image_size, **augmentation),
            backbone.framing,
            seed,
            background,
            max_pixels,
        ),
        batch_sampler=batches,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # else it would draw from the global one
    )

    # Networks with dropout draw while they train.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for views in tqdm(loader, desc="simclr", unit="step", mininterval=5):
            step = state["step"]
            torch.manual_seed(seed_of(seed, step, "step"))
            rate = learning_rate * share_of_rate(step, n_steps, n_warm_up)
            for group in optimiser.param_groups:
                group["lr"] = rate
            # Both views in one pass, so that normalisation layers see the same of both.
            pictures = normalised(torch.cat(views))  # (2 * batch, 3, size, size)
            with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
                projections = network(pictures)  # (2 * batch, projection)
            first, second = projections.float().chunk(2)
            loss = loss_of(first, second)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            state["step"] += 1
            top1 = contrastive_accuracy(first, second)
            loss = loss.item()
            state["steps"].append([len(first), loss, top1.item(), rate])
            if not math.isfinite(loss):
                raise ValueError(
                    f"the loss is {loss} in step {step + 1} of {n_steps}; a lower "
                    "simclr.learning_rate may help"
                )
            if state["step"] % batches.n_per_epoch == 0:
                state["epochs"].append(history_row(len(state["epochs"]) + 1, state["steps"]))
                state["steps"] = []
                log.info("epoch %d: loss %.4f, chance %.4f, top1 %.3f", *state["epochs"][-1][:4])
            if checkpoint.is_due or state["step"] == n_steps:
                checkpoint.write(
                    state | {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
                )
    encoder.eval().requires_grad_(False).to("cpu", memory_format=torch.contiguous_format)
    history = pd.DataFrame(state["epochs"], columns=HISTORY)
    return Pretraining(encoder, history, recipe, checkpoint)


def _check_images(images: pd.DataFrame) -> None:
    if len(images) < 2:
        raise ValueError(
            f"simclr: found {len(images)} images, expected 2 or more to tell apart; give the "
            "backbone other weights"
        )
    twice = images.loc[images["sha256"].duplicated(), "sha256"]
    if len(twice):
        raise ValueError(f"images: sha256 {twice.iloc[0]!r} is there twice, expected once")
