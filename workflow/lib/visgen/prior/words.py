"""What sources of relatives are called in sentences, tables and figures."""

from visgen.prior.scoring import BEYOND_TAXONOMY, NOTHING

_WORDS = {
    NOTHING: "no relatives",
    "taxonomy": "taxonomy",
    "tree": "tree",
    "alignment": "aligned DNA",
    "kmers": "DNA by k-mers",
    "sgt": "DNA by SGT",
}


def in_words(relatives: str) -> str:
    """Return what a source, alone or with the taxonomy, is called.

    >>> in_words("alignment"), in_words("tree_beyond_taxonomy")
    ('aligned DNA', 'taxonomy and tree')
    """
    source = relatives.removesuffix(BEYOND_TAXONOMY)
    words = _WORDS[source]
    return words if source == relatives else f"taxonomy and {words}"
