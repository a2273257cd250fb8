"""The names of the columns of a specimen table; imported when the configuration is checked."""

from collections.abc import Sequence

OPTIONAL_FIELDS = ("specimen", "view", "source", "split")

#: What a table of images may have beside the ranks.
FIELDS = ("filename", *OPTIONAL_FIELDS)

#: What a table of images without names may have beside ``filename``.
UNNAMED_FIELDS = ("specimen", "view", "source", "place")

_TAKEN = {"id", "path", "sha256", "width", "height", "line", "file", "reason", "detail", *FIELDS}
_TAKEN |= {"rank", "taxon", "parent"}
# Beside the names of new photographs, and of the photographs themselves.
_TAKEN |= {"n_images", "oddities", "novelty", "novelty_p", "novelty_score", "set", "relative"}
_TAKEN |= {"novelty_doubt"}
_TAKEN |= {"relative_low", "relative_high", "ruled_out", "place", "locality", "reading"}
_TAKEN |= {"in_study", "candidates", "candidate_gain"}
_TAKEN |= {"side", "colour", "contrast", "sharpness", "border"}
_TAKEN |= {f"{what}_{k}" for what in ("nearest", "taxon", "distance") for k in range(1, 6)}
_TAKEN |= {"variant", "seed", "trusted_rank", "trusted_taxon", "set_size"}  # beside joint answers


def check_ranks(ranks: Sequence[str]) -> None:
    """Raise ValueError unless the ranks are different names that no other column has."""
    if not ranks:
        raise ValueError("ranks is empty; name at least one, coarse to fine")
    for rank in ranks:
        if list(ranks).count(rank) > 1:
            raise ValueError(f"the rank {rank!r} is named twice in {list(ranks)}")
        if rank in _TAKEN:
            raise ValueError(f"a rank cannot be called {rank!r}, another column has that name")
