"""Which images each step of a training sees, and how fast it learns then."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Batches:
    """Which images make up each step: (epoch, row) pairs, every image once an epoch.

    An epoch has as few batches as `batch_size` allows, of sizes that differ by one image at most:
    no image is left out, and no batch is much smaller than the others, which would make its
    images easier to tell apart.

    Attributes
    ----------
    n_images
        Number of images.
    batch_size
        Most images a batch.
    epochs
        Number of epochs.
    seed
        Of the order in each epoch.
    start
        Steps to leave out, since they were done before.
    """

    n_images: int
    batch_size: int
    epochs: int
    seed: int
    start: int = 0

    @property
    def n_per_epoch(self) -> int:
        """Return the number of steps an epoch."""
        return -(-self.n_images // self.batch_size)

    def __len__(self) -> int:
        """Return the number of steps to do."""
        return self.n_per_epoch * self.epochs - self.start

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Yield the batches in order."""
        first_epoch, done = divmod(self.start, self.n_per_epoch)
        for epoch in range(first_epoch, self.epochs):
            draw = np.random.default_rng(seed_of(self.seed, epoch, "order"))
            batches = np.array_split(draw.permutation(self.n_images), self.n_per_epoch)
            for rows in batches[done:]:
                yield [(epoch, int(row)) for row in rows]
            done = 0


def seed_of(*words: int | str) -> int:
    """Return a seed of 64 bits that differs wherever a word does."""
    digest = hashlib.sha256(" ".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:8], "little")


def share_of_rate(step: int, n_steps: int, n_warm_up: int) -> float:
    """Return a step's learning rate as a share of the largest: a linear rise, then a cosine.

    >>> [round(share_of_rate(step, 8, 2), 2) for step in range(8)]
    [0.5, 1.0, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07]
    """
    if step < n_warm_up:
        return (step + 1) / n_warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - n_warm_up) / (n_steps - n_warm_up)))
