"""Images a second of a training epoch, against the bare step on a batch that is in memory.

Both are timed in turn, in one run, and the shortest of the rounds counts: what else runs on the
machine only adds to a time. On a CPU one thread computes, since more would wait for each other
where cores are shared.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from visgen.features.backbones import load_backbone
from visgen.machine.devices import describe_device, pick_device, pick_precision
from visgen.simulate.study import simulate_study
from visgen.specimens.images import inspect_image
from visgen.visual_genetic.regimes.batches import taxon_batches
from visgen.visual_genetic.regimes.losses import make_metric_loss
from visgen.visual_genetic.regimes.network import MetricNetwork
from visgen.visual_genetic.regimes.steps import sgd, train_epoch
from visgen.visual_genetic.regimes.views import Views, load_views

ROUNDS = 8
N_IMAGES, N_TAXA, IMAGE_SIZE, BATCH_SIZE = 128, 8, 64, 64
AUGMENTATION = {"rotation": 15.0, "scale": 0.1, "noise": 0.02}


def study(folder: Path) -> pd.DataFrame:
    """Simulate images and list them."""
    simulate_study(
        folder,
        n_species=N_TAXA,
        n_images=N_IMAGES,
        image_size=IMAGE_SIZE,
        n_bases=50,
        signal=1.0,
        convergence=0.0,
        coarse=0.0,
        planted=0,
        outside_tree=0,
        seed=1,
    )
    paths = sorted((folder / "images").iterdir())
    return pd.DataFrame(
        {"path": map(str, paths), "sha256": [inspect_image(p).sha256 for p in paths]}
    )


def epoch_of(
    views: Views, taxa: np.ndarray, epoch: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of an epoch as training makes them."""
    batches = taxon_batches(taxa, batch_size=BATCH_SIZE, per_taxon=4, seed=1, epoch=epoch)
    labels = torch.from_numpy(taxa)
    for step, (pictures, rows) in enumerate(
        zip(views.pictures.batches(batches), batches, strict=True)
    ):
        yield views.distorted(pictures, step, device), labels[rows].to(device)


def main() -> None:
    """Time epochs of both kinds in turn, after one of each to warm up."""
    torch.set_num_threads(1)
    device = pick_device()
    dtype = pick_precision("auto", device)
    backbone = load_backbone("resnet18", "none", preprocessing={"image_size": IMAGE_SIZE})
    with tempfile.TemporaryDirectory() as folder:
        views = load_views(
            study(Path(folder) / "study"),
            backbone,
            AUGMENTATION,
            seed=1,
            colour="colour",
            background=(255, 255, 255),
            max_pixels=10**8,
            workers=2,
        )
    taxa = np.arange(len(views.pictures)) % N_TAXA
    network = MetricNetwork(backbone, hidden=1000, size=256, n_taxa=N_TAXA, seed=1)
    network = network.to(device, memory_format=torch.channels_last).train()
    optimiser = sgd(network, momentum=0.9, weight_decay=0.005)
    loss = make_metric_loss("reciprocal", distance="plain", epsilon=0.001, margin=0.2)
    ready = list(epoch_of(views, taxa, 0, device))
    n_images = sum(len(labels) for _, labels in ready)

    def seconds(batches: Iterator[tuple[Tensor, Tensor]]) -> float:
        start = time.perf_counter()
        options = {"loss_weight": 0.01, "dtype": dtype}
        steps = range(len(ready))
        rates = [1e-4] * len(ready)
        train_epoch(network, optimiser, loss, batches, rates=rates, seeds=steps, **options)
        return time.perf_counter() - start

    taken: tuple[list[float], list[float]] = ([], [])
    for round_ in range(ROUNDS + 1):
        for times, batches in zip(
            taken, (epoch_of(views, taxa, round_, device), iter(ready)), strict=True
        ):
            spent = seconds(batches)
            if round_:
                times.append(spent)
    epoch, bare = (n_images / min(times) for times in taken)
    print(
        f"resnet18, {IMAGE_SIZE} pixels, {describe_device(device)}, {dtype}: {epoch:.0f} images/s "
        f"in an epoch of training against {bare:.0f} of the bare step on batches in memory, "
        f"ratio {epoch / bare:.3f}"
    )


if __name__ == "__main__":
    main()
