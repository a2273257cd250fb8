"""Whether probabilities hold what they say, and sets that cover the truth."""
