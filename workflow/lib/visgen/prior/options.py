"""Where it is known from who is related to whom; imports nothing."""

#: Sources of distances between taxa that are made of DNA.
GENES = {
    "alignment": "genetics.distances",
    "kmers": "cosine of mean k-mer vectors",
    "sgt": "cosine of mean SGT vectors",
}

#: The classification that everybody has, and the bar for all else.
TAXONOMY = "taxonomy"

SOURCES = {
    TAXONOMY: "ranks in which two taxa differ",
    "tree": "distances of inputs.tree or inputs.distances",
    **GENES,
}
