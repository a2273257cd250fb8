"""The pictures that a network sees: decoded once where memory allows it, else when needed."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from timm.data import create_transform
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from visgen.features.backbones import Backbone
from visgen.features.framing import Framing
from visgen.specimens.images import check_content, load_image, naming

#: Most bytes of pictures that are held in memory.
HELD_BYTES = 4 * 10**9

#: Channels of a stored picture by the name in a configuration. Grey is the luminance of ITU-R
#: 601; the network sees it three times.
CHANNELS = {"colour": 3, "grey": 1}


@dataclass(frozen=True)
class HeldPictures:
    """Pictures in memory.

    Attributes
    ----------
    values
        (n_images, channels, size, size), uint8.
    """

    values: Tensor

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.values)

    def __getitem__(self, row: int) -> Tensor:
        """Return a picture, (channels, size, size) uint8."""
        return self.values[row]

    def batches(self, rows: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """Yield the pictures of each batch of rows, (batch, channels, size, size) uint8."""
        for batch in rows:
            pictures = self.values[torch.from_numpy(batch)]
            # From page-locked memory a copy to the GPU does not wait for the step before.
            yield pictures.pin_memory() if torch.cuda.is_available() else pictures


@dataclass(frozen=True)
class ReadPictures(Dataset):
    """Pictures that are read from their files whenever they are asked for.

    Attributes
    ----------
    paths
        Of the files.
    framing
        How a picture becomes square; its image size spares decoding larger ones in full.
    transform
        From a picture that `framing` has padded to (3, size, size), uint8.
    colour
        ``colour`` or ``grey``.
    background, max_pixels
        As in `visgen.specimens.images.load_image`.
    workers
        Processes that read batches ahead; 0 reads in this one.
    """

    paths: tuple[str, ...]
    framing: Framing
    transform: Callable[[Image.Image], Tensor]
    colour: str
    background: tuple[int, int, int]
    max_pixels: int
    workers: int

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.paths)

    def __getitem__(self, row: int) -> Tensor:
        """Return a picture, (channels, size, size) uint8.

        Raises
        ------
        RefusedImage
            If the file can no longer be read.
        """
        image = load_image(
            self.paths[row], self.background, self.max_pixels, self.framing.image_size
        )
        with naming(self.paths[row]):
            image = self.framing.pad(image, self.background)
            if self.colour == "grey":
                image = image.convert("L").convert("RGB")
            return self.transform(image)[: CHANNELS[self.colour]]

    def batches(self, rows: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """Yield the pictures of each batch of rows, (batch, channels, size, size) uint8."""
        yield from DataLoader(
            self,
            batch_sampler=[batch.tolist() for batch in rows],
            num_workers=self.workers,
            pin_memory=torch.cuda.is_available(),
            generator=torch.Generator(),  # else it would draw from the global one
        )


def load_pictures(
    images: pd.DataFrame,
    backbone: Backbone,
    *,
    colour: str,
    background: tuple[int, int, int],
    max_pixels: int,
    workers: int,
    held_bytes: int = HELD_BYTES,
) -> HeldPictures | ReadPictures:
    """Return the pictures of images in their order, framed and resized as the backbone does it.

    Parameters
    ----------
    images
        Columns path and sha256.
    backbone
        Which decides size, crop and interpolation.
    colour
        ``colour`` or ``grey``.
    background, max_pixels
        As in `visgen.specimens.images.load_image`.
    workers
        Threads that decode, or processes where pictures stay in their files.
    held_bytes
        Most bytes of pictures to hold in memory.

    Raises
    ------
    RefusedImage
        If a file cannot be read.
    ValueError
        If a file has changed since its checksum was taken, or `colour` is unknown.
    """
    if colour not in CHANNELS:
        raise ValueError(f"colour: found {colour!r}, expected one of {', '.join(CHANNELS)}")
    size = backbone.image_size
    read = ReadPictures(
        tuple(map(str, images["path"])),
        backbone.framing,
        # timm's prefetcher takes whole numbers, before they are scaled.
        create_transform(
            **backbone.recipe["preprocessing"], is_training=False, use_prefetcher=True
        ),
        colour,
        background,
        max_pixels,
        workers,
    )
    digests = list(images["sha256"])
    shape = (len(read), CHANNELS[colour], size, size)
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        if np.prod(shape) > held_bytes:
            list(pool.map(check_content, map(Path, read.paths), digests))
            return read
        values = torch.empty(shape, dtype=torch.uint8)

        def hold(row: int) -> None:
            values[row] = read[row]
            check_content(Path(read.paths[row]), digests[row])

        list(pool.map(hold, range(len(read))))
    return HeldPictures(values)
