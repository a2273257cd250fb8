"""Evolution of ribosomal DNA along a tree."""

import dendropy
import numpy as np

_BASES = np.array(list("ACGT"))
# Frequencies and exchangeabilities (AC, AG, AT, CG, CT, GT) of the order found in 18S rDNA.
_FREQUENCIES = np.array([0.25, 0.22, 0.28, 0.25])
_EXCHANGE = np.array([1.0, 2.7, 1.3, 0.9, 4.5, 1.0])
_GAMMA_SHAPE = 0.5
_SUBSTITUTIONS = 0.15  # expected per site from root to tip
_WITHIN_SPECIES = 0.002  # expected per site between a species and one of its sequences
_SEQUENCES = np.array([1, 2, 3, 4, 5])
_SEQUENCES_SHARE = np.array([0.25, 0.25, 0.2, 0.2, 0.1])
_SHARE_WITHOUT = 0.1


def simulate_sequences(tree: dendropy.Tree, n_bases: int, seed: int) -> list[tuple[str, str]]:
    """Evolve rDNA under GTR with gamma-distributed rates, one to five sequences a species.

    Parameters
    ----------
    tree : dendropy.Tree
        With branch lengths and a taxon on every tip.
    n_bases : int
        Length of the sequences; there are no insertions or deletions.
    seed : int
        Seed of all chance in it.

    Returns
    -------
    list of (str, str)
        Header such as ``SIM00001 Velandella_alba`` and sequence, species in alphabetical order.
        A tenth of the species, at least one, have none.

    Raises
    ------
    ValueError
        If n_bases is not positive.
    """
    if n_bases < 1:
        raise ValueError(f"n_bases is {n_bases}; at least 1 is needed")
    rng = np.random.default_rng(seed)
    rates = rng.gamma(_GAMMA_SHAPE, 1 / _GAMMA_SHAPE, n_bases) * _SUBSTITUTIONS
    states = {tree.seed_node: rng.choice(4, n_bases, p=_FREQUENCIES)}
    for node in tree.preorder_node_iter():
        if node.parent_node is not None:
            states[node] = _evolve(states[node.parent_node], node.edge.length * rates, rng)

    tips = sorted(tree.leaf_node_iter(), key=lambda tip: tip.taxon.label)
    counts = rng.choice(_SEQUENCES, len(tips), p=_SEQUENCES_SHARE)
    n_without = max(1, round(_SHARE_WITHOUT * len(tips)))
    counts[rng.choice(len(tips), n_without, replace=False)] = 0
    terminal = rates * _WITHIN_SPECIES / _SUBSTITUTIONS
    records = []
    for tip, count in zip(tips, counts, strict=True):
        for _ in range(count):
            header = f"SIM{len(records) + 1:05d} {tip.taxon.label.replace(' ', '_')}"
            records.append((header, "".join(_BASES[_evolve(states[tip], terminal, rng)])))
    return records


def _rate_matrix() -> np.ndarray:
    """Return the GTR rate matrix with one expected substitution per unit of time."""
    exchange = np.zeros((4, 4))
    exchange[np.triu_indices(4, 1)] = _EXCHANGE
    rates = (exchange + exchange.T) * _FREQUENCIES
    np.fill_diagonal(rates, -rates.sum(axis=1))
    return rates / -(_FREQUENCIES @ np.diag(rates))


def _evolve(states: np.ndarray, lengths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the states (n_bases,) after branches of lengths (n_bases,) in substitutions."""
    # GTR is reversible: scaled by the root of the frequencies, the rate matrix is symmetric.
    root = np.sqrt(_FREQUENCIES)
    values, vectors = np.linalg.eigh(_rate_matrix() * root[:, None] / root)
    left = vectors[states] * np.exp(lengths[:, None] * values)  # (n_bases, 4)
    chances = left @ vectors.T * root / root[states, None]
    cumulated = np.cumsum(chances, axis=1)
    drawn = rng.random(len(states))[:, None] * cumulated[:, -1:]
    return (drawn > cumulated).sum(axis=1)
