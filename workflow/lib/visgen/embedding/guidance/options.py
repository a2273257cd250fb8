"""What guidance can learn, and from what; imports nothing."""

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
