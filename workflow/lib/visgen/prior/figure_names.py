"""Names of the figures of relatives and rare taxa; imports nothing."""

FIGURES = ("curve", "gain", "examples")
