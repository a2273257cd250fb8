"""The ranks of a simulated study; imports nothing."""

RANKS = ("subclass", "order", "family", "genus", "species")
