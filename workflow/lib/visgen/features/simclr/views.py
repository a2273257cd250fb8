"""Two random views of every image in every epoch, the same on any number of workers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import v2

from visgen.features.framing import Framing
from visgen.machine.schedule import seed_of
from visgen.specimens.images import check_content, load_image, naming

#: Share of the views whose colours change at all (Chen et al. 2020, appendix A).
JITTERED = 0.8


def view_transform(
    image_size: int,
    *,
    crop: float,
    flip: float,
    colour: float,
    hue: float,
    grey: float,
) -> Callable[[Image.Image], Tensor]:
    """Return what makes a random view of an upright RGB picture: (3, size, size), uint8.

    It draws from PyTorch's global generator. The steps and their order are those of Chen et al.
    (2020, appendix A) without the blur, where a colour strength s stands for colour 0.8 s and hue
    0.2 s.

    Parameters
    ----------
    image_size
        Side of a view, in pixels.
    crop
        Smallest share of the picture's area that a view shows; the largest is all of it. Its
        aspect ratio lies between 3:4 and 4:3 before it is made square, so that of a picture that
        was not padded to a square a view never shows all.
    flip
        Probability of a left-right mirror image.
    colour
        Largest change of brightness, contrast and saturation, as a share.
    hue
        Largest shift of hue to either side, as a share of the colour circle, up to 0.5.
    grey
        Probability of a view without colour.
    """
    return v2.Compose(
        [
            v2.RandomResizedCrop(
                image_size, scale=(crop, 1.0), interpolation=v2.InterpolationMode.BICUBIC
            ),
            v2.RandomHorizontalFlip(flip),
            v2.RandomApply([v2.ColorJitter(colour, colour, colour, hue)], p=JITTERED),
            v2.RandomGrayscale(grey),
            v2.PILToTensor(),
        ]
    )


@dataclass(frozen=True)
class ViewPairs(Dataset):
    """Two views of an image, looked up by epoch (from 0) and row.

    A view depends on the seed, the epoch, the image's content and its own number, and on nothing
    else: neither the order of the images nor the process that draws it.

    Attributes
    ----------
    paths, sha256
        Of each image.
    transform
        As `view_transform` makes it.
    framing
        Of the network; views are drawn from the picture that it pads, and have its image size.
    seed
        Of all views.
    background, max_pixels
        As in `visgen.specimens.images.load_image`.
    """

    paths: tuple[str, ...]
    sha256: tuple[str, ...]
    transform: Callable[[Image.Image], Tensor]
    framing: Framing
    seed: int
    background: tuple[int, int, int]
    max_pixels: int

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.paths)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Return two views, each (3, size, size), uint8.

        Raises
        ------
        RefusedImage
            If the file can no longer be read.
        ValueError
            If, in the first epoch, the file's content is not that of its checksum.
        """
        epoch, row = key
        path = Path(self.paths[row])
        image = load_image(
            path,
            background=self.background,
            max_pixels=self.max_pixels,
            # Its sides stay twice as long, so that a crop of a quarter keeps all its pixels.
            at_least=self.framing.image_size,
        )
        if epoch == 0:
            check_content(path, self.sha256[row])
        with naming(path):
            image = self.framing.pad(image, self.background)
            first, second = (self._view(image, epoch, row, number) for number in (1, 2))
        return first, second

    def _view(self, image: Image.Image, epoch: int, row: int, number: int) -> Tensor:
        # Not torch.manual_seed, which would seed a GPU's generator too, in this process only.
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed_of(self.seed, epoch, self.sha256[row], number))
            return self.transform(image)


class Normaliser:
    """Bring views to a device and to the scale of a network.

    Parameters
    ----------
    mean, std
        Of each channel, as shares of the range of values.
    device
        Where the network is.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device):
        self.mean, self.std = (
            torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (mean, std)
        )

    def __call__(self, views: Tensor) -> Tensor:
        """Return views (batch, 3, size, size), uint8, as float32 of the same shape."""
        scaled = views.to(self.mean.device, non_blocking=True).float().div_(255)
        scaled = scaled.sub_(self.mean).div_(self.std)
        return scaled.contiguous(memory_format=torch.channels_last)
