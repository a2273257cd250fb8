"""Where the weights of networks come from; imports nothing."""

#: Weights of a backbone that are no file.
WEIGHTS = {
    "imagenet": "downloaded once",
    "none": "untrained",
    "simclr": "learned from the study's images without labels, as the section simclr says",
}

#: Those that SimCLR can start from.
INITIAL_WEIGHTS = {word: meaning for word, meaning in reversed(WEIGHTS.items()) if word != "simclr"}
