"""Invented Latin-looking names for simulated taxa."""

from collections.abc import Sequence
from itertools import product

import numpy as np

_ONSETS = "Vel Tar Cor Mir Sab Lun Dor Nav Gal Pel Ros Cam Fal Bel Ser Mon Lav Tor Cal Vir Num Per"
_MIDDLES = "and er in ul ic on ar ost ell av il um an ord et"
_GENUS_ENDINGS = ("a", "ella", "ina", "aria", "ula")
_SUBCLASS_ENDINGS = ("omorphia", "odonta", "obranchia")
_EPITHETS = (
    "alba rosea costata laevis gibba elongata tenuis crassa radiata undulata maculata elegans "
    "pallida fusca striata rotunda triangularis obliqua borealis australis parva grandis nitida "
    "rugosa fragilis inflata plana rostrata cordata aurita ovata violacea lutea zonata communis "
    "rara pulchra cancellata decussata imbricata"
)


def draw_roots(n_roots: int, rng: np.random.Generator) -> list[str]:
    """Draw word stems, all different.

    Parameters
    ----------
    n_roots : int
        How many are wanted.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of str
        Stems such as ``Veland``, from which names of all ranks are formed.

    Raises
    ------
    ValueError
        If more stems are asked for than the syllables can form.
    """
    stems = ["".join(parts) for parts in product(_ONSETS.split(), _MIDDLES.split())]
    if n_roots > len(stems):
        raise ValueError(f"{n_roots} genera asked for; names exist for at most {len(stems)}")
    return [stems[i] for i in rng.permutation(len(stems))[:n_roots]]


def taxon_name(root: str, rank: str, number: int) -> str:
    """Form the name of a taxon above the species from a stem.

    Parameters
    ----------
    root : str
        The stem, usually that of the type genus.
    rank : {"subclass", "order", "family", "genus"}
        Rank of the taxon; its ending follows from it.
    number : int
        Running number of the taxon in its rank; ranks with several endings take turns.

    Returns
    -------
    str
        The name.

    >>> taxon_name("Veland", "family", 0), taxon_name("Veland", "genus", 1)
    ('Velandidae', 'Velandella')
    """
    endings = {
        "subclass": _SUBCLASS_ENDINGS,
        "order": ("ida",),
        "family": ("idae",),
        "genus": _GENUS_ENDINGS,
    }[rank]
    return root + endings[number % len(endings)]


def name_species(genera: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Give each species an epithet that no other species of its genus has.

    Parameters
    ----------
    genera : sequence of str
        The genus of each species.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of str
        Binomials, in the order of ``genera``.

    Raises
    ------
    ValueError
        If a genus has more species than there are epithets.
    """
    epithets = _EPITHETS.split()
    largest = max(genera.count(genus) for genus in genera)
    if largest > len(epithets):
        raise ValueError(f"a genus has {largest} species; there are {len(epithets)} epithets")
    shuffled = rng.permutation(epithets).tolist()
    # Taken in turns over the species sorted by genus: the members of a genus follow one another,
    # so that no epithet comes back within a genus.
    names = [""] * len(genera)
    by_genus = sorted(range(len(genera)), key=lambda i: (genera[i], i))
    for turn, i in enumerate(by_genus):
        names[i] = f"{genera[i]} {shuffled[turn % len(shuffled)]}"
    return names
