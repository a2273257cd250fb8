"""Alignment from cached features against alignment through the frozen network."""

import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from visgen.features.backbones import load_backbone
from visgen.visual_genetic.cross_modal.aligning import align, embed
from visgen.visual_genetic.cross_modal.examples import Examples, from_memory
from visgen.visual_genetic.cross_modal.network import Projection

N_IMAGES, N_TAXA, IMAGE_SIZE = 640, 32, 64
HIDDEN, SIZE = 1000, 256
OPTIONS = {
    "epochs": 5,
    "batch_size": 64,
    "learning_rate": 0.01,
    "momentum": 0.9,
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


def main() -> None:
    """Align both ways from one start, and time each once, after one epoch to warm up."""
    torch.set_num_threads(1)  # on cores that others use too, threads wait for each other
    torch.manual_seed(1)
    backbone = load_backbone("resnet18", "none", preprocessing={"image_size": IMAGE_SIZE})
    images = torch.randn(N_IMAGES, 3, IMAGE_SIZE, IMAGE_SIZE)
    rows, anchors = torch.arange(N_IMAGES), torch.randn(N_TAXA, SIZE)
    start = Projection(backbone.n_features, HIDDEN, SIZE, N_TAXA, "none")
    through = look_through(backbone.network, images)
    began = time.perf_counter()
    features = torch.cat([through(part) for part in rows.split(OPTIONS["batch_size"])])
    caching = time.perf_counter() - began
    taken, aligned = [], []
    for look in (from_memory(features), through):
        examples = Examples(look, rows % N_TAXA, rows, {"train": rows})
        for epochs in (1, OPTIONS["epochs"]):
            options = OPTIONS | {"epochs": epochs}
            began = time.perf_counter()
            network, _ = align(start, examples, anchors, torch.arange(N_TAXA), options, 1)
            elapsed = time.perf_counter() - began
        taken.append(elapsed)
        aligned.append(embed(network, features)[0])
    difference = (aligned[0] - aligned[1]).abs().max().item()
    assert difference < 1e-3, difference
    cached, whole = taken
    print(
        f"alignment of {N_IMAGES} images, {OPTIONS['epochs']} epochs, resnet18 at {IMAGE_SIZE} "
        f"pixels: {cached:.2f} s in one thread from cached features (made once, in "
        f"{caching:.1f} s) against {whole:.1f} s through the network, ratio "
        f"{whole / cached:.0f}; largest difference of an embedding's value {difference:.0e}"
    )


if __name__ == "__main__":
    main()
