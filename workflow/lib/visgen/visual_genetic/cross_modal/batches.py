"""Batches in which rare taxa count as much as common ones."""

import numpy as np


def deal_batches(taxa: np.ndarray, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Deal one epoch of batches, with as equal a share for each taxon as the sizes allow.

    Taxa come in rounds, each taxon once a round in a new order; within a taxon, images come in
    rounds too, so that none is drawn a second time before all others were.

    Parameters
    ----------
    taxa : ndarray of int, (n_images,)
        Taxon of each image, numbered from 0 without a gap.
    batch_size : int
        Images a batch, at least 2; two that follow each other are of two taxa.
    seed, epoch : int
        Both decide the draw; nothing else does.

    Returns
    -------
    ndarray of int, (n_batches, batch_size)
        Positions in `taxa`; as many full batches as it takes to deal n_images or more. Images of
        a rare taxon recur, of a common taxon some wait for another epoch.

    Raises
    ------
    ValueError
        If the batch size is below 2, or there are fewer than two taxa.
    """
    if batch_size < 2:
        raise ValueError(f"alignment.batch_size: found {batch_size}, expected 2 or more")
    sizes = np.bincount(taxa)
    if len(sizes) < 2:
        raise ValueError(f"found {len(sizes)} taxa to deal batches of, expected 2 or more")
    rng = np.random.default_rng([seed, epoch])
    n_batches = -(-len(taxa) // batch_size)
    n_draws = n_batches * batch_size
    rounds: list[np.ndarray] = []
    for _ in range(-(-n_draws // len(sizes))):
        drawn = rng.permutation(len(sizes))
        # A batch of two across the border of two rounds would else be able to hold one taxon.
        rounds.append(np.roll(drawn, -1) if rounds and drawn[0] == rounds[-1][-1] else drawn)
    order = np.concatenate(rounds)[:n_draws]  # taxon of each draw
    images = np.split(np.argsort(taxa, kind="stable"), np.cumsum(sizes)[:-1])
    dealt = np.empty(n_draws, int)
    dealt[np.argsort(order, kind="stable")] = np.concatenate(
        [
            _deal(rows, number, rng)
            for rows, number in zip(images, np.bincount(order, minlength=len(sizes)), strict=True)
        ]
    )
    return dealt.reshape(n_batches, batch_size)


def _deal(rows: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `number` rows in rounds, each row once a round."""
    rounds = [rng.permutation(rows) for _ in range(-(-number // len(rows)))]
    return np.concatenate([*rounds, rows[:0]])[:number]
