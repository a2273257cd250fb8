"""Where the weights of networks come from; imports nothing."""

#: Weights of a backbone that are no file.
WEIGHTS = {
    "imagenet": "downloaded once",
    "bundled": "trained on ImageNet, installed with the workflow, of tf_efficientnet_lite0 alone",
    "none": "untrained",
    "simclr": "learned from the study's images without labels, as the section simclr says",
}

#: Those that SimCLR can start from.
INITIAL_WEIGHTS = {word: meaning for word, meaning in reversed(WEIGHTS.items()) if word != "simclr"}

#: The model that the bundled weights belong to, as timm calls it.
BUNDLED_MODEL = "tf_efficientnet_lite0"

#: Mean and standard deviation of each channel that they were trained with (Google's 127 and 128
#: of 255), which are not those of timm's own weights of this model.
BUNDLED_SCALE = {"mean": [0.498] * 3, "std": [0.502] * 3}

#: The layer of a network that comes before its own pooling.
FINAL = "final"

#: What stands in its place where no layer is named: what the network itself pools.
OWN = "own"

#: What is taken of a map.
STATISTICS = {"mean": "over space", "deviation": "the standard deviation over space"}
