"""Networks as classifiers: one that learns all ranks at once, along the taxonomy."""
