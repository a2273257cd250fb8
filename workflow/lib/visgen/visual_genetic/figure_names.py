"""Which figures of recognition are drawn."""

#: Names of their files, without ending.
FIGURES = ("ablation", "tail", "change", "graph", "training")
