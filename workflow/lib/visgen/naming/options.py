"""What names of unnamed specimens can be taken from; imports nothing."""

CLASSIFICATION, PRIOR = "classification", "prior"
#: Before the name of a variant.
NETWORK = "visual_genetic."

HEADS = {
    CLASSIFICATION: "the classifier that validation chose for all ranks together",
    PRIOR: "what taxa are expected to look like by their relatives, in closed form",
    f"{NETWORK}<variant>": "the network of one of its variants, as it was trained",
}
