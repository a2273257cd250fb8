"""Where the weights of networks come from; imports nothing of the library."""

from urllib.parse import quote, unquote

#: Weights of a backbone that are no file.
WEIGHTS = {
    "imagenet": "those that timm has for the model, downloaded once",
    "hub": "downloaded once, of a model on the Hugging Face Hub, named hf-hub:<owner>/<name>",
    "bundled": "trained on ImageNet, installed with the workflow, of tf_efficientnet_lite0 alone",
    "none": "untrained",
    "simclr": "learned from the study's images without labels, as the section simclr says",
}

#: Those that SimCLR can start from.
INITIAL_WEIGHTS = {word: WEIGHTS[word] for word in ("none", "bundled", "imagenet")}

#: The model that the bundled weights belong to, as timm calls it.
BUNDLED_MODEL = "tf_efficientnet_lite0"

#: In place of a model's name: the image tower of a CLIP model, whose weights, in a file that
#: open_clip wrote, have its config beside them.
OPEN_CLIP = "open_clip"

#: That config, as open_clip calls it.
OPEN_CLIP_CONFIG = "open_clip_config.json"

#: Mean and standard deviation of each channel that they were trained with (Google's 127 and 128
#: of 255), which are not those of timm's own weights of this model.
BUNDLED_SCALE = {"mean": [0.498] * 3, "std": [0.502] * 3}

#: The layer of a network that comes before its own pooling.
FINAL = "final"

#: What stands in its place where no layer is named: what the network itself pools.
OWN = "own"

#: What is taken of a map.
STATISTICS = {"mean": "over space", "deviation": "the standard deviation over space"}

#: What can be left out of pictures, as of fossils and broken shells; made by `features.degrading`.
DEGRADED = {
    "grey": "without colour",
    "blurred": "without fine detail",
    "cropped": "a third of the specimen broken off along a random straight line",
    "outline": "the black silhouette of a specimen on a plain ground",
}


def is_of_hub(model: str) -> bool:
    """Return whether a model is one on a hub, in either of timm's spellings."""
    return model.startswith(("hf-hub:", "hf_hub:"))


def is_told_by_file(model: str) -> bool:
    """Return whether the file of its weights says how a model is built, not its name."""
    return is_of_hub(model) or model == OPEN_CLIP


def file_name(model: str) -> str:
    """Return the name that a model's files go by: one of a hub has an owner, and no folder.

    >>> file_name("resnet50.a1_in1k")
    'resnet50.a1_in1k'
    >>> file_name("hf-hub:timm/resnet50.a1_in1k")
    'hf-hub%3Atimm%2Fresnet50.a1_in1k'
    """
    return quote(model, safe="")


def model_called(file_name: str) -> str:
    """Return the model whose files go by a name.

    >>> model_called("hf-hub%3Atimm%2Fresnet50.a1_in1k")
    'hf-hub:timm/resnet50.a1_in1k'
    """
    return unquote(file_name)
