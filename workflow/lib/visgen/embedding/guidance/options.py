"""What guidance can learn, and from what; imports nothing."""

METHODS = {
    "descent": "a loss is made small step by step",
    "ridge": "kernel ridge from mean looks to the taxa's places on the tree, in closed form",
}

PROJECTIONS = {
    "none": "",
    "linear": "a linear map of the main components of the vectors",
    "two_layer": "a map with two layers",
}

LOSSES = {
    "pearson": "one minus Pearson's r",
    "mse": "squared error against distances mapped to similarities from 1 to -1, Roy 2025",
    "stress": "stress after a learned affine map",
    "cross_entropy": "cross-entropy between choices of a relative, after Hofmann et al. 2024",
}

OPTIMISERS = {"lbfgs": "L-BFGS on all pairs at once", "adam": ""}

#: Options of one method alone; the others go with both.
OPTIONS = {
    "descent": (
        *("projection", "components", "hidden", "loss", "largest", "penalty", "optimiser"),
        *("learning_rate", "epochs", "watched", "patience", "fine_tune"),
    ),
    "ridge": ("layers", "powers", "axes", "penalties", "residuals", "criterion", "signed_root"),
}
