"""Alignment from cached features against alignment through the frozen network, and in stacks.

Permuted anchors are aligned to side by side on a GPU. The last line tells what that does here.
"""

import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from visgen.features.backbones import load_backbone
from visgen.visual_genetic.cross_modal.aligning import align, embed
from visgen.visual_genetic.cross_modal.batches import deal_batches
from visgen.visual_genetic.cross_modal.examples import Examples, from_memory
from visgen.visual_genetic.cross_modal.network import Projection

N_IMAGES, N_TAXA, IMAGE_SIZE = 640, 32, 64
HIDDEN, SIZE = 1000, 256
STEPS, BATCH_SIZE = 50, 64
N_NETWORKS = 8
OPTIONS = {
    "learning_rate": 0.01,
    "schedule": "cosine",
    "momentum": 0.9,
    "weight_decay": 0.0,
    "norm_share": None,
    "margin": 0.5,
    "loss": "cosine",
    "cross_entropy": 0.0,
}


def look_through(encoder, images):
    """Return pooled features from the network itself, frozen and in eval mode."""
    encoder.eval().requires_grad_(False)

    def look(rows):
        with torch.no_grad():
            return encoder(images[rows])

    return look


def timed_align(start, examples, anchors, steps):
    """Return the networks that learned from one deal of batches, and the seconds it took."""
    dealt = deal_batches(examples.taxa.numpy(), BATCH_SIZE, steps, "natural", seed=1)
    began = time.perf_counter()
    batches, taxa = torch.from_numpy(dealt), torch.arange(N_TAXA)
    aligned = align(start, examples, anchors, taxa, batches, OPTIONS, {steps})
    return [network for network, _ in aligned], time.perf_counter() - began


def main() -> None:
    """Align in each way from one start, and time each once, after a tenth of it to warm up."""
    torch.set_num_threads(1)  # on cores that others use too, threads wait for each other
    torch.manual_seed(1)
    backbone = load_backbone("resnet18", "none", preprocessing={"image_size": IMAGE_SIZE})
    images = torch.randn(N_IMAGES, 3, IMAGE_SIZE, IMAGE_SIZE)
    rows, anchors = torch.arange(N_IMAGES), torch.randn(N_NETWORKS, N_TAXA, SIZE)
    start = Projection(backbone.n_features, HIDDEN, SIZE, N_TAXA, "none", SIZE)
    through = look_through(backbone.network, images)
    began = time.perf_counter()
    features = torch.cat([through(part) for part in rows.split(BATCH_SIZE)])
    caching = time.perf_counter() - began

    def timed(look, given):
        examples = Examples(look, rows % N_TAXA, rows, {"train": rows})
        timed_align(start, examples, given, STEPS // 10)
        return timed_align(start, examples, given, STEPS)

    def difference(one, other):
        found = max(
            (embed(a, features)[0] - embed(b, features)[0]).abs().max().item()
            for a, b in zip(one, other, strict=True)
        )
        assert found < 1e-3, found
        return found

    remembered = from_memory(features)
    one, cached = timed(remembered, anchors[:1])
    other, whole = timed(through, anchors[:1])
    print(
        f"alignment of {N_IMAGES} images, {STEPS} steps, resnet18 at {IMAGE_SIZE} pixels: "
        f"{cached:.2f} s in one thread from cached features (made once, in {caching:.1f} s) "
        f"against {whole:.1f} s through the network, ratio {whole / cached:.0f}; largest "
        f"difference of an embedding's value {difference(one, other):.0e}"
    )
    together, stacked = timed(remembered, anchors)
    alone = [timed(remembered, own[None]) for own in anchors]
    single = sum(seconds for _, seconds in alone)
    apart = difference(together, [network for (network,), _ in alone])
    print(
        f"{N_NETWORKS} networks as a stack: {stacked:.2f} s against {single:.2f} s one after the "
        f"other, ratio {single / stacked:.1f}; largest difference {apart:.0e}. A CPU gains little "
        "or nothing by a stack, and is given none"
    )


if __name__ == "__main__":
    main()
