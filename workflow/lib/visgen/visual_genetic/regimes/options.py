"""How networks can be trained before any alignment; imports nothing."""

REGIMES = {
    "control": "the backbone untouched",
    "naive": "no weight decay",
    "wd": "weight decay",
    "ltr": "long-tailed recognition; weight decay, MaxNorm and a balanced head",
    "frozen": "on stored features of the backbone, standardised, with weight decay",
}

#: The regime that sees no image, only the features that all sections share.
FROZEN = "frozen"

LOSSES = {
    "reciprocal": "reciprocal triplets",
    "triplet": "margin triplets",
    "contrastive": "contrastive pairs",
    "none": "",
}

#: Euclidean distances of embeddings.
DISTANCES = {"plain": "as in the paper", "squared": "as in its code"}

COLOURS = ("colour", "grey")
