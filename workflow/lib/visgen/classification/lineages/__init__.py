"""One answer for all ranks: lineages of the taxonomy, their joint probabilities, decisions."""
