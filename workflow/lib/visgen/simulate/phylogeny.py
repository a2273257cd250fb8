"""A simulated species tree and the classification that follows from it."""

import random

import dendropy
import numpy as np
import pandas as pd
from dendropy.model.birthdeath import birth_death_tree

from visgen.simulate.latin import draw_roots, name_species, taxon_name
from visgen.simulate.ranks import RANKS

# Groups per species and the smallest number of groups, coarse to fine: 3, 6, 12 and 22 of 40.
_GROUPS = {
    "subclass": (0.075, 2),
    "order": (0.15, 3),
    "family": (0.30, 4),
    "genus": (0.55, 5),
}
_BIRTH, _DEATH = 1.0, 0.25  # per lineage and unit of time, before scaling
_LIVING_PER_SAMPLED = 2
_FEWEST_IN_TREE = 3
_EVEN_ENOUGH, _DRAWS = 1 / 3, 50  # of the smallest subclass against an even share; trees drawn


def simulate_phylogeny(n_species: int, seed: int) -> tuple[dendropy.Tree, pd.DataFrame]:
    """Simulate a birth–death tree and cut it into genera, families, orders and subclasses.

    Parameters
    ----------
    n_species : int
        Number of living species, at least 6.
    seed : int
        Seed of all chance in it.

    Returns
    -------
    tree : dendropy.Tree
        Ultrametric tree of the living species; each tip is 1 away from the root.
    taxonomy : pandas.DataFrame
        One row a species, sorted by species; columns subclass, order, family, genus, species.
        Each taxon is monophyletic: the ranks are slices of the tree at four points in time.

    Raises
    ------
    ValueError
        If there are fewer than 6 species.

    Notes
    -----
    The species are a random half of those alive at the end. Trees are drawn until no subclass has
    less than a third of its even share of the species, so that whole groups can be held out. Of
    many subclasses one always is so small: then the tree is taken whose smallest one has the
    largest share among so many draws.
    """
    if n_species < 6:
        raise ValueError(f"n_species is {n_species}; a tree with four ranks needs at least 6")
    tree_seed, name_seed = np.random.SeedSequence(seed).spawn(2)
    rng = random.Random(int(tree_seed.generate_state(1)[0]))
    tree, groups, best = None, {}, -1.0
    for _ in range(_DRAWS):
        drawn = _birth_death_tree(n_species, rng)
        slices = {rank: _slice_tree(drawn, time) for rank, time in slice_times(drawn).items()}
        sizes = np.bincount(slices["subclass"])
        evenness = sizes.min() / sizes.mean()
        if evenness > best:
            tree, groups, best = drawn, slices, evenness
        if best >= _EVEN_ENOUGH:
            break
    taxonomy = _name_groups(groups, np.random.default_rng(name_seed))
    for tip, name in zip(tree.leaf_node_iter(), taxonomy["species"], strict=True):
        tip.taxon = tree.taxon_namespace.require_taxon(label=name)
    return tree, taxonomy.sort_values("species", ignore_index=True)


def slice_times(tree: dendropy.Tree) -> dict[str, float]:
    """Return when a tree is cut into the groups of each rank.

    Parameters
    ----------
    tree : dendropy.Tree
        As ``simulate_phylogeny`` returns it, with ``root_distance`` on each node.

    Returns
    -------
    dict
        Rank above the species -> distance from the root. Lineages that live right after it found
        the taxa of the rank.
    """
    splits = sorted(node.root_distance for node in tree.preorder_internal_node_iter())
    n_species = len(tree.leaf_nodes())
    n_groups = {
        rank: max(least, round(share * n_species)) for rank, (share, least) in _GROUPS.items()
    }
    return {rank: splits[n - 2] for rank, n in n_groups.items()}  # n lineages live after n - 1


def leave_out(tree: dendropy.Tree, n_species: int, seed: int) -> None:
    """Leave species out of a tree, as if nobody had placed them; the others stay where they are.

    Parameters
    ----------
    tree : dendropy.Tree
        The tree, which is changed.
    n_species : int
        How many are left out, drawn at random.
    seed : int
        Seed of the draw.

    Raises
    ------
    ValueError
        If fewer than 3 species stay.
    """
    names = sorted(tip.taxon.label for tip in tree.leaf_node_iter())
    if len(names) - n_species < _FEWEST_IN_TREE:
        raise ValueError(
            f"outside_tree is {n_species}; of {len(names)} species at least {_FEWEST_IN_TREE} "
            "have to stay in the tree"
        )
    if n_species:
        left_out = np.random.default_rng([seed, 6]).choice(names, n_species, replace=False)
        tree.prune_taxa_with_labels(left_out.tolist())


def newick(tree: dendropy.Tree) -> str:
    """Write a tree as one line of Newick, spaces in names as underscores.

    Parameters
    ----------
    tree : dendropy.Tree
        The tree.

    Returns
    -------
    str
        Newick with branch lengths, ending in a line break.
    """
    return tree.as_string(
        schema="newick", suppress_rooting=True, real_value_format_specifier=".10f"
    )


def _birth_death_tree(n_species: int, rng: random.Random) -> dendropy.Tree:
    n_living = _LIVING_PER_SAMPLED * n_species
    tree = birth_death_tree(
        _BIRTH, _DEATH, num_extant_tips=n_living, is_assign_extant_taxa=False, rng=rng
    )
    # The simulation stops at the last split, whose two tips would be of length zero:
    # let the time until the next event pass.
    wait = rng.expovariate(n_living * (_BIRTH + _DEATH))
    for tip in tree.leaf_node_iter():
        tip.edge.length += wait
    kept = set(rng.sample(tree.leaf_nodes(), n_species))
    tree.filter_leaf_nodes(kept.__contains__)
    tree.seed_node.edge.length = 0.0
    tree.ladderize()
    height = max(tree.calc_node_root_distances())
    for edge in tree.postorder_edge_iter():
        edge.length /= height
    tree.calc_node_root_distances()  # sets root_distance on each node
    return tree


def _slice_tree(tree: dendropy.Tree, time: float) -> np.ndarray:
    """Return the group of each tip when the tree is cut right after a time."""
    groups = []
    for number, clade in enumerate(
        node
        for node in tree.preorder_node_iter()
        if node.root_distance > time and node.parent_node.root_distance <= time
    ):
        groups += [number] * len(clade.leaf_nodes())
    return np.array(groups)


def _name_groups(groups: dict[str, np.ndarray], rng: np.random.Generator) -> pd.DataFrame:
    """Name each group after the stem of its first genus, as a type genus would have it."""
    genera = groups["genus"]
    roots = draw_roots(genera.max() + 1, rng)
    table = {}
    for rank, members in groups.items():
        first = [int(np.argmax(members == g)) for g in range(members.max() + 1)]
        names = [taxon_name(roots[genera[tip]], rank, g) for g, tip in enumerate(first)]
        table[rank] = [names[g] for g in members]
    table["species"] = name_species(table["genus"], rng)
    return pd.DataFrame(table, columns=list(RANKS))
