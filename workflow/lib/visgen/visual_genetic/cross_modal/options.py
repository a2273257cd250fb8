"""How images can be aligned to anchors; imports nothing."""

LOSSES = {
    "cosine": "cosine triplets",
    "reciprocal": "Euclidean reciprocal triplets, a dead end of the paper",
}

#: Margins of the cosine loss that are no number.
MARGINS = {"anchors": "the cosine between the two taxa's anchors"}

LAYERS = {"none": "", "extra": "a trainable one between the spaces, a dead end of the paper"}
