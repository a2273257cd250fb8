"""Batches of images by step: as often as they come, or rare taxa as much as common ones."""

from collections.abc import Iterator

import numpy as np

from visgen.visual_genetic.cross_modal.options import SAMPLINGS


def deal_batches(
    taxa: np.ndarray, batch_size: int, steps: int, sampling: str, seed: int
) -> np.ndarray:
    """Deal the batches of a training, the same ones whatever is learned from them.

    Images come in passes; within a pass none is drawn a second time before all others of what is
    drawn from were.

    Parameters
    ----------
    taxa : ndarray of int, (n_images,)
        Taxon of each image, numbered from 0 without a gap.
    batch_size : int
        Images a batch, at least 2.
    steps : int
        Number of batches.
    sampling : {"natural", "balanced"}
        ``natural``: each image once a pass (Karaderi et al. 2024). ``balanced``: each taxon as
        often as the others, in rounds of all taxa, so that images of a rare taxon recur and some
        of a common one wait; two draws that follow each other are of two taxa.
    seed : int
        Of the draw.

    Returns
    -------
    ndarray of int, (steps, batch_size)
        Positions in `taxa`.

    Raises
    ------
    ValueError
        If the batch size is below 2, there are fewer than two taxa, or the sampling is unknown.

    Examples
    --------
    >>> taxa = np.array([0, 0, 0, 0, 0, 1])
    >>> for sampling in ("natural", "balanced"):
    ...     print(np.bincount(taxa[deal_batches(taxa, 2, 3, sampling, seed=1)].ravel()))
    [5 1]
    [3 3]
    """
    if batch_size < 2:
        raise ValueError(f"alignment.batch_size: found {batch_size}, expected 2 or more")
    if (n_taxa := len(np.unique(taxa))) < 2:
        raise ValueError(f"found {n_taxa} taxa to deal batches of, expected 2 or more")
    rng = np.random.default_rng(seed)
    n_draws = steps * batch_size
    match sampling:
        case "natural":
            dealt = _in_passes(np.arange(len(taxa)), n_draws, rng)
        case "balanced":
            dealt = _balanced(taxa, n_draws, rng)
        case _:
            raise ValueError(
                f"alignment.sampling: found {sampling!r}, expected {' or '.join(SAMPLINGS)}"
            )
    return dealt.reshape(steps, batch_size)


def _balanced(taxa: np.ndarray, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw rows (n_draws,), taxa in rounds, and the images of each taxon in passes."""
    sizes = np.bincount(taxa)
    order = np.concatenate([*_rounds(len(sizes), n_draws, rng), np.empty(0, int)])[:n_draws]
    images = np.split(np.argsort(taxa, kind="stable"), np.cumsum(sizes)[:-1])
    numbers = np.bincount(order, minlength=len(sizes))
    rows = [_in_passes(own, n, rng) for own, n in zip(images, numbers, strict=True)]
    dealt = np.empty(n_draws, int)
    dealt[np.argsort(order, kind="stable")] = np.concatenate(rows)
    return dealt


def _rounds(n_taxa: int, n_draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield orders of all taxa, none of which begins with the taxon that the last one ends with."""
    last = -1
    for _ in range(-(-n_draws // n_taxa)):
        drawn = rng.permutation(n_taxa)
        # A batch of two across the border of two rounds would else be able to hold one taxon.
        drawn = np.roll(drawn, -1) if drawn[0] == last else drawn
        last = drawn[-1]
        yield drawn


def _in_passes(rows: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `number` rows, each row once a pass."""
    passes = [rng.permutation(rows) for _ in range(-(-number // len(rows)))]
    return np.concatenate([*passes, rows[:0]])[:number]
