"""What of a picture may be why a specimen is called new."""

from collections.abc import Sequence

from visgen.naming.novelty import KNOWN
from visgen.specimens.oddities import OF_LOOKS


def doubt_novelty(
    verdict: Sequence[str | float | None], oddities: Sequence[str | float | None]
) -> list[str | None]:
    """Return what of a picture may be why a specimen is called new, in words; None: nothing.

    Parameters
    ----------
    verdict, oddities
        (n,) of each specimen: how new it is, and what is odd about its pictures; gaps where
        neither can be told.

    Notes
    -----
    How often a picture that changes all looks is mistaken for a new taxon is not what is promised
    of others. Measured, not cited, of specimens of known species with false flags of 5 %, features
    of tf_efficientnet_lite0: 4 % of 245 birds are called new by a colour photograph, 27 % by the
    same one without colour, 75 % by a blurred one (`visgen.features.degrading`); of 120 simulated
    shells 8, 58 and 94 %, by their outlines all. Of such pictures every one is odd. Of broken
    shells, of which a third is lacking, 74 % are called new and no picture is odd: here nothing
    warns. Such a verdict is kept, since what is trusted of the specimen depends on it and is safer
    so, with these words beside it.

    Examples
    --------
    >>> doubt_novelty(["new genus", "known", "new genus", None], ["grey", "grey", None, "flat"])
    ['grey', None, None, None]
    >>> doubt_novelty(["no such specimen"], ["cut_at_border"])
    [None]
    """
    return [
        " ".join(of_looks(odd)) or None if isinstance(word, str) and word != KNOWN else None
        for word, odd in zip(verdict, oddities, strict=True)
    ]


def of_looks(oddities: str | float | None) -> list[str]:
    """Return those of some oddities, a text or a gap, that change how all on a picture looks."""
    words = oddities.split() if isinstance(oddities, str) else []
    return [word for word in words if word in OF_LOOKS]
