"""What ridge chooses, and by what; imports nothing."""

LAYERS = {"all": "every layer that the backbone joins, alike", "last": "the last of them alone"}

CRITERIA = {
    "double_centred": "r between held-out and known taxa, rows and columns centred",
    "nearest": "how near the known taxon is that looks most alike",
    "both": "the mean of the two, nothing being 0 and the best 1 of either",
}
