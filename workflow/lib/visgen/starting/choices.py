"""What follows from the size of a study, for a first run of it."""

from typing import NamedTuple

import numpy as np

from visgen.specimens.splits import MIN_SPECIMENS
from visgen.starting.found import Found

#: Images from which on one split is made, and no forests are grown.
MANY_IMAGES = 5_000
#: Images below which five splits are made: so few tell little each.
FEW_IMAGES = 1_000
#: Taxa with fewer images have no vector, as `embedding.min_images` has it by default.
MIN_IMAGES = 3
_MANY_FOLDS, _FEW_FOLDS = 5, 3
_TAXA_FOR_FOLDS = 15  # with vectors, so that each of five folds holds out three
_TAXA_FOR_EMBEDDING = 5
_TAXA_FOR_PRIOR = 10
_RARE = 5  # training specimens; taxa with fewer are rare
_TAIL = 100  # the default of `classification.tail`


class Choices(NamedTuple):
    """Values of the configuration.

    Attributes
    ----------
    ranks
        Classified: with two taxa or more that can be tested.
    seeds
        Of the splits.
    forests
        Whether random forests are trained.
    tail
        Taxa with fewer training images are rare.
    folds
        Of held-out taxa; None where nothing is guided.
    prior
        Rank at which relatives are asked for; None where that would tell nothing.
    no_prior
        Why not, for a person.
    """

    ranks: list[str]
    seeds: list[int]
    forests: bool
    tail: int
    folds: int | None
    prior: str | None
    no_prior: str


def choose(found: Found) -> Choices:
    """Choose values of the configuration by what was found."""
    n_images = len(found.labels)
    ranks = [rank for rank in found.ranks if found.testable(rank) > 1]
    n_seeds = 5 if n_images < FEW_IMAGES else 3 if n_images <= MANY_IMAGES else 1
    finest = found.taxa[found.taxa["rank"] == (ranks or found.ranks)[-1]]
    prior, no_prior = _prior(found)
    return Choices(
        ranks=ranks,
        seeds=list(range(1, n_seeds + 1)),
        forests=n_images <= MANY_IMAGES,
        tail=int(np.clip(finest["n_images"].median(), 2, _TAIL)),
        folds=_folds(found),
        prior=prior,
        no_prior=no_prior,
    )


def guiding_rank(found: Found) -> str | None:
    """Return the rank of the taxa whose relatives are known by a tree or by sequences."""
    if found.tree is not None:
        return found.tree.rank
    if found.sequences is not None and found.sequences.aligned:
        return found.sequences.matched.rank
    return None


def _folds(found: Found) -> int | None:
    rank = guiding_rank(found)
    if rank is None:
        return None
    sizes = found.taxa.loc[found.taxa["rank"] == rank, "n_images"]
    n_matched = found.tree.n_matched if found.tree else found.sequences.matched.n_matched
    n_taxa = min(int((sizes >= MIN_IMAGES).sum()), n_matched)
    if n_taxa < _TAXA_FOR_EMBEDDING:
        return None
    return _MANY_FOLDS if n_taxa >= _TAXA_FOR_FOLDS else _FEW_FOLDS


def _prior(found: Found) -> tuple[str | None, str]:
    """Return the finest rank if relatives may help there, else why not."""
    rank, above = found.ranks[-1], found.ranks[:-1]
    taxa = found.taxa[found.taxa["rank"] == rank]
    if not above:
        return None, f"no rank above {rank} says who is related to whom"
    if len(taxa) < _TAXA_FOR_PRIOR:
        return None, f"{len(taxa)} {rank} names are too few to tell, {_TAXA_FOR_PRIOR} are needed"
    sizes = taxa["n_specimens"]
    # about seven of ten specimens are trained on, the others tell whether that helped
    rare = (sizes >= MIN_SPECIMENS) & (sizes * 0.7 < _RARE)
    if rare.sum() < _TAXA_FOR_EMBEDDING:
        return None, "hardly any taxon has few specimens and yet one to test"
    return rank, ""
