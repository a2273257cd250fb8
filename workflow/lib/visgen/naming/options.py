"""What names of unnamed specimens can be taken from; imports nothing."""

CLASSIFICATION, PRIOR = "classification", "prior"

HEADS = {
    CLASSIFICATION: "the classifier that validation chose for all ranks together",
    PRIOR: "what taxa are expected to look like by their relatives, in closed form",
}
