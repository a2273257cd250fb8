"""Which anchors there are and how they are made; imports nothing."""

#: Sources that are made of the taxa's own sequences: an encoding each.
ENCODINGS = ("sgt", "kmers")

#: Sources that take the shape and the taxa of such vectors.
CONTROLS = {
    "tree": "coordinates whose distances are the roots of patristic ones; tips only",
    "taxonomy": "from shared ranks",
    "random": "orthogonal",
}

SOURCES = (*ENCODINGS, *CONTROLS)

AVERAGES = ("median", "mean")

SPACES = {
    "raw": "",
    "centred": "the mean over taxa subtracted",
    "whitened": "also decorrelated by the shrunk covariance of the sequences",
}
