"""Feature vectors of images from a frozen backbone, labelled by image and repeat."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from visgen.features.backbones import Backbone, forward
from visgen.features.blocks import write_blocks
from visgen.features.rendered_repeats import render_repeat
from visgen.features.store import add_vectors, read_vectors
from visgen.machine.devices import describe_device, fix_kernels, pick_device, pick_precision
from visgen.machine.recipes import recipe_folder
from visgen.specimens.images import check_content, load_image, naming

log = logging.getLogger(__name__)

#: Vectors a pack of the store: what a killed job can lose.
PACK = 256

#: Packages whose versions decide vectors.
SOFTWARE = ("torch", "torchvision", "timm")

#: Raised when this code comes to make other vectors of the same images, so that the store does
#: not hand out the old ones.
REVISION = 3


class Version(NamedTuple):
    """Another version of images, as they would have been taken, before they are padded and seen.

    Attributes
    ----------
    recipe
        What tells its features from those of others.
    make
        From an upright RGB picture and the sha256 of its file to the version; None where there is
        nothing to make.
    """

    recipe: Mapping[str, Any]
    make: Callable[[Image.Image, str], Image.Image | None]


def extract_features(
    images: pd.DataFrame,
    backbone: Backbone,
    store: Path,
    *,
    repeats: Sequence[int] = (0,),
    augmentation: Mapping[str, Any] | None = None,
    version: Version | None = None,
    batch_size: int,
    precision: str,
    background: tuple[int, int, int],
    max_pixels: int,
    workers: int,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return features of images, computing only those that the store lacks.

    Parameters
    ----------
    images
        Columns id, path, sha256.
    repeats
        0 is the clean image; others are augmented repeats, which need `augmentation`.
    augmentation
        Keyword arguments of `visgen.features.rendered_repeats.render_repeat`.
    version
        Of the images, all of which have one; None for the images themselves.
    batch_size
        Images a forward pass; the last batch is padded to it, so that a vector does not depend
        on its neighbours.
    precision
        ``auto``, ``float32`` or ``bfloat16``.
    background
        Colour behind transparent images.
    max_pixels
        Largest number of pixels of an image.
    workers
        Threads that decode.

    Returns
    -------
    features
        (n_images * n_repeats, n_features) float32, index (id, repeat).
    made_with
        Device, precision, recipe, software, blocks, and how images were framed, for the
        table's metadata.

    Raises
    ------
    ValueError
        If an id or a content is there twice, repeats are asked for without `augmentation`, a
        vector holds NaN or infinity, or the store cannot be read or written.
    """
    for column in ("id", "sha256"):
        twice = images.loc[images[column].duplicated(), column]
        if len(twice):
            raise ValueError(f"images: {column} {twice.iloc[0]!r} is there twice, expected once")
    if any(repeats) and augmentation is None:
        raise ValueError(f"repeats {list(repeats)}: augmented repeats need an augmentation")
    device = pick_device()
    dtype = pick_precision(precision, device)
    recipe = backbone.recipe | {
        "revision": REVISION,
        "device": describe_device(device),
        "software": {name: metadata.version(name) for name in SOFTWARE},
        "precision": str(dtype).removeprefix("torch."),
        "batch_size": batch_size,
        "background": list(background),
    }
    if augmentation is not None:
        recipe["augmentation"] = dict(augmentation)
    if version is not None:
        recipe["version"] = dict(version.recipe)
    packs = recipe_folder(store, recipe)
    keys = images[["sha256", "path"]].iloc[np.arange(len(images)).repeat(len(repeats))]
    keys = keys.assign(repeat=np.tile(list(repeats), len(images)))
    vectors, found = read_vectors(packs, keys, backbone.n_features)
    lacking = np.flatnonzero(~found)
    todo = keys.iloc[lacking]
    log.info(
        "%s in %s: %d vectors, %d of them to compute",
        describe_device(device),
        recipe["precision"],
        len(keys),
        len(todo),
    )

    def look(sha256: str, repeat: int, path: str) -> Tensor:
        image = read_for(
            backbone,
            path,
            sha256,
            background=background,
            max_pixels=max_pixels,
            make=version and version.make,
        )
        with naming(path):
            if repeat:
                image = render_repeat(image, sha256, repeat, background=background, **augmentation)
            return backbone.transform(image)  # (3, height, width)

    fix_kernels()
    network = backbone.network.to(device, memory_format=torch.channels_last)
    done = 0
    batches = run_batches(
        list(todo[["sha256", "repeat", "path"]].itertuples(index=False, name=None)),
        look,
        lambda batch: forward(backbone, batch),
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        workers=workers,
    )
    for part in _packed(part.numpy() for part in batches):
        rows = slice(done, done + len(part))
        add_vectors(packs, todo.iloc[rows], part)
        vectors[lacking[rows]] = part
        done += len(part)
    network.to("cpu")
    labels = pd.MultiIndex.from_product([images["id"], list(repeats)], names=["id", "repeat"])
    features = pd.DataFrame(vectors, index=labels)
    made_with = {
        "device": recipe["device"],
        "precision": recipe["precision"],
        "recipe": packs.name,
        "blocks": write_blocks(backbone.blocks),
        "software": ", ".join(f"{name} {number}" for name, number in recipe["software"].items()),
    } | {key: str(value) for key, value in asdict(backbone.framing).items()}
    return features, made_with


def read_for(
    backbone: Backbone,
    path: str | Path,
    sha256: str,
    *,
    background: tuple[int, int, int],
    max_pixels: int,
    make: Callable[[Image.Image, str], Image.Image | None] | None = None,
) -> Image.Image:
    """Read an image at least as large as a backbone needs it, and pad it as the backbone wants.

    Parameters
    ----------
    backbone
        The network that is to see the image.
    path, sha256
        Of the file, and of its content at ingest.
    background, max_pixels
        As in `visgen.specimens.images.load_image`; what is padded has this background too.
    make
        Of a `Version`; None leaves the image as it is.

    Returns
    -------
    Image
        For `backbone.transform`, or first to be distorted.

    Raises
    ------
    RefusedImage
        As `visgen.specimens.images.load_image`.
    ValueError
        If the file has another content, or no such version.
    """
    image = load_image(
        Path(path), background=background, max_pixels=max_pixels, at_least=backbone.image_size
    )
    check_content(path, sha256)
    with naming(path):
        made = image if make is None else make(image, sha256)
        if made is None:
            raise ValueError("found a picture of which this version cannot be made")
        return backbone.framing.pad(made, background)


def run_batches(
    keys: Sequence[tuple],
    look: Callable[..., Tensor],
    compute: Callable[[Tensor], Tensor],
    *,
    device: torch.device,
    dtype: torch.dtype,
    batch_size: int,
    workers: int,
) -> Iterator[Tensor]:
    """Yield what a network makes of images, batch by batch, decoding one batch ahead.

    Parameters
    ----------
    keys
        One an image.
    look
        From the parts of a key to a tensor (3, height, width).
    compute
        From images on the device, (batch, 3, height, width), to a tensor of as many rows.
    device, dtype
        Where and in what arithmetic to compute.
    batch_size
        Images a forward pass; the last batch is padded to it, and the padding is cut off.
    workers
        Threads that decode.

    Yields
    ------
    Tensor
        (batch, ...), on the CPU.
    """
    batches = [keys[i : i + batch_size] for i in range(0, len(keys), batch_size)]
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        ahead = [[pool.submit(look, *key) for key in batch] for batch in batches[:1]]
        for i in tqdm(range(len(batches)), desc="features", unit="batch", mininterval=5):
            if i + 1 < len(batches):
                ahead.append([pool.submit(look, *key) for key in batches[i + 1]])
            pictures = [future.result() for future in ahead.pop(0)]
            n_images = len(pictures)
            pictures += pictures[:1] * (batch_size - n_images)
            batch = torch.stack(pictures).to(device, memory_format=torch.channels_last)
            with (
                torch.inference_mode(),
                torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16),
            ):
                made = compute(batch)[:n_images].cpu()
            yield made  # outside the modes above, which would else reach into the caller


def _packed(batches: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    held: list[np.ndarray] = []
    for vectors in batches:
        held.append(vectors)
        if sum(map(len, held)) >= PACK:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)
