"""By what ridge chooses its options; imports nothing."""

CRITERIA = {
    "double_centred": "r between held-out and known taxa, rows and columns centred",
    "nearest": "how near the known taxon is that looks most alike",
    "both": "the mean of the two, nothing being 0 and the best 1 of either",
}
