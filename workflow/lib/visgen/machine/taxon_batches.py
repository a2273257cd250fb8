"""Batches with several images of each of their taxa, so that they hold positive pairs."""

from collections.abc import Sequence

import numpy as np

from visgen.machine.schedule import seed_of


def taxon_batches(
    taxa: Sequence[int], *, batch_size: int, per_taxon: int, seed: int, epoch: int
) -> list[np.ndarray]:
    """Return the rows of an epoch's batches: few taxa a batch, several images of each.

    An epoch sees every image once. Where one image of a taxon is left alone, another of its
    taxon is seen once more beside it (itself, if it has no other), so that an epoch has one
    image more a taxon at most. Rare taxa hence stay rare. The samplers of metric learning
    libraries draw all taxa equally often instead, which balances classes on its own and lets an
    epoch see some images many times and others never.

    Parameters
    ----------
    taxa
        Taxon of each image, as an integer.
    batch_size
        Images a batch. Batches are cut between groups of a taxon, so that they have up to
        `per_taxon` images more or less.
    per_taxon
        Most images of a group, 2 or more; a taxon's groups are of almost equal size, and lie as
        far apart in the epoch as they can.
    seed, epoch
        Of the order.

    Returns
    -------
    list of arrays
        Each (about `batch_size`,), integers.
    """
    draw = np.random.default_rng(seed_of(seed, epoch, "order"))
    taxa = np.asarray(taxa)
    groups, places = [], []
    for taxon in np.unique(taxa):
        rows = draw.permutation(np.flatnonzero(taxa == taxon))
        n_groups = -(-len(rows) // per_taxon)
        for group in np.array_split(rows, n_groups):
            groups.append(group if len(group) > 1 else np.append(group, rows[0]))
        places.append((np.arange(n_groups) + draw.random(n_groups)) / n_groups)
    order = np.argsort(np.concatenate(places), kind="stable")
    sizes = np.array([len(groups[i]) for i in order])
    middles = np.cumsum(sizes) - sizes / 2
    n_batches = -(-sizes.sum() // batch_size)
    batch_of = (middles * n_batches / sizes.sum()).astype(int)  # (n_groups,), rising
    batches = [
        np.concatenate([groups[i] for i in order[batch_of == batch]])
        for batch in np.unique(batch_of)
    ]
    return batches
