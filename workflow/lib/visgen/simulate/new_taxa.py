"""Species that a study has never seen, and where they branch off its tree."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from visgen.simulate.latin import draw_roots, name_species, taxon_name
from visgen.simulate.ranks import RANKS

# The coarsest rank of a species that the study does not know.
NEW_RANKS = {"new_species": "species", "new_genus": "genus", "new_order": "order"}
_TODAY = 1.0  # from the root
_TIE = 9  # decimals to which lengths on the tree are exact


def place_new_taxa(
    taxonomy: pd.DataFrame,
    covariance: pd.DataFrame,
    times: Mapping[str, float],
    n_each: Mapping[str, int],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Let further species branch off a tree.

    Parameters
    ----------
    taxonomy : pandas.DataFrame
        One row a known species; columns subclass, order, family, genus, species.
    covariance : pandas.DataFrame, (n_species, n_species)
        Length between the root and the last common ancestor of two known species, which is their
        covariance under Brownian motion; a tip is 1 away from the root.
    times : mapping of str to float
        Rank -> when the tree is cut into its taxa, see ``phylogeny.slice_times``.
    n_each : mapping of str to int
        Kind, a key of ``NEW_RANKS`` -> how many species of it.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    pandas.DataFrame
        One row a new species, index species; columns kind, the ranks, host and time: it branches
        off the line that leads to the known species host, at a distance of time from the root.

    Raises
    ------
    ValueError
        If there are not enough names.

    Notes
    -----
    A new species of a known genus branches off a tip's own branch, after the genus began. One of
    a new genus or order branches off between the time at which the taxa of the rank above and
    those of its own rank are told apart: had it been known, that rank would have held one more.
    Each is of a genus, family or subclass of its own as far as there are such.
    """
    known = taxonomy.set_index("species", drop=False).loc[covariance.index]
    others = covariance.mask(np.eye(len(covariance), dtype=bool), 0.0)
    last_split = others.max(axis=1)
    names = set(taxonomy["species"])
    roots = _free_roots(taxonomy, sum(n_each.values()), rng)
    rows = []
    for kind, n_species in n_each.items():
        rank = NEW_RANKS[kind]
        above = RANKS[RANKS.index(rank) - 1]
        taxa = rng.permutation(sorted(set(taxonomy[above])))
        for number in range(n_species):
            members = known.index[known[above] == taxa[number % len(taxa)]]
            oldest = pd.Series(times[above], members)
            if rank == RANKS[-1]:
                oldest = oldest.clip(lower=last_split[members])
            span = times.get(rank, _TODAY) - oldest
            host = str(rng.choice(list(members), p=(span / span.sum()).to_numpy()))
            time = oldest[host] + span[host] * rng.uniform()
            new = _name(known.loc[host, [*RANKS]].to_dict(), rank, names, roots, rng)
            names.add(new["species"])
            rows.append({"kind": kind} | new | {"host": host, "time": time})
    table = pd.DataFrame(rows, columns=["kind", *RANKS, "host", "time"])
    return table.set_index("species", drop=False)


def joint_covariance(covariance: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """Return how long known and new species have been one.

    Parameters
    ----------
    covariance : pandas.DataFrame, (n_known, n_known)
        Length between the root and the last common ancestor of two known species.
    placed : pandas.DataFrame
        As ``place_new_taxa`` returns it.

    Returns
    -------
    pandas.DataFrame, (n_known + n_new, n_known + n_new)
        The same of all species, the known ones first.
    """
    hosts = [*covariance.index, *placed["host"]]
    left = np.array([_TODAY] * len(covariance) + [*placed["time"]])  # the line of the host
    of_hosts = covariance.loc[hosts, hosts].to_numpy()
    joint = np.minimum(of_hosts, np.minimum.outer(left, left))
    np.fill_diagonal(joint, np.diag(of_hosts))
    species = pd.Index([*covariance.index, *placed.index], name="species")
    return pd.DataFrame(joint, species, species)


def nearest_known(joint: pd.DataFrame, n_known: int) -> pd.DataFrame:
    """Return the known species that is nearest to each species on the tree.

    Parameters
    ----------
    joint : pandas.DataFrame, (n_species, n_species)
        See ``joint_covariance``.
    n_known : int
        The first ones are known.

    Returns
    -------
    pandas.DataFrame
        Index species; columns nearest_species, the first of those equally near, and distance, the
        patristic distance to it: 0 for a known species, which is nearest to itself.
    """
    lengths = np.diag(joint)
    distances = lengths[:, None] + lengths[:n_known] - 2 * joint.iloc[:, :n_known]
    distances = distances.round(_TIE).clip(lower=0.0)
    return pd.DataFrame(
        {"nearest_species": distances.idxmin(axis=1), "distance": distances.min(axis=1)}
    )


def _free_roots(taxonomy: pd.DataFrame, n_roots: int, rng: np.random.Generator) -> Iterator[str]:
    """Return at least n_roots stems of which no taxon of the study is named."""
    taken = {name for rank in RANKS[:-1] for name in taxonomy[rank]}
    drawn = draw_roots(taxonomy["genus"].nunique() + n_roots, rng)  # a genus has one stem
    return (root for root in drawn if taken.isdisjoint(_names_from(root).values()))


def _names_from(root: str) -> dict[str, str]:
    """Return the names of an order, its family and its genus."""
    return {rank: taxon_name(root, rank, 0) for rank in RANKS[1:-1]}


def _name(
    taxa: dict[str, str],
    rank: str,
    names: set[str],
    roots: Iterator[str],
    rng: np.random.Generator,
) -> dict[str, str]:
    """Return the taxa of a new species: its host's above a rank, new ones from there on."""
    if rank != RANKS[-1]:
        new = _names_from(next(roots))
        taxa = taxa | {below: new[below] for below in RANKS[RANKS.index(rank) : -1]}
    genus = taxa["genus"]
    n_named = sum(name.split()[0] == genus for name in names)
    drawn = name_species([genus] * (n_named + 1), rng)  # all different, so that one is free
    return taxa | {"species": next(name for name in drawn if name not in names)}
