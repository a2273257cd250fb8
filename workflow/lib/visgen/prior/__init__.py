"""Whether relatives, and genes, help to see rare taxa."""
