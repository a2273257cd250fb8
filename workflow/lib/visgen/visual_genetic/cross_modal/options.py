"""How images can be aligned to anchors, and what stands beside it; imports nothing."""

LOSSES = {
    "cosine": "cosine triplets",
    "reciprocal": "Euclidean reciprocal triplets, a dead end of the paper",
}

#: Margins of the cosine loss that are no number.
MARGINS = {"anchors": "the cosine between the two taxa's anchors"}

#: What lies between the spaces: dead ends of the paper, but for the first.
LAYERS = {
    "none": "",
    "extra": "trainable, behind the projection; not linear, since that is",
    "genetic": "trainable, behind the anchors, which may then have another size",
}

SAMPLINGS = {
    "natural": "each image once a pass, as in the paper",
    "balanced": "each taxon as often as the others",
}

SCHEDULES = {"constant": "", "cosine": "falling to 0"}

#: What takes the place of alignment in a variant without anchors.
UNALIGNED = {
    "supervised": "as many steps on the same batches as aligned variants, by cross-entropy",
    "projection": "nothing, and the projection is as stage 1 left it, in the regime control random",
    "features": "nothing, and features stand for embeddings",
}
