"""Figures, by the same words as the rooms that they show. Texts are written as they are."""

import matplotlib as mpl

# Names of taxa, specimens and variants may hold dollar signs, between which matplotlib would read
# a formula and fail at what is none. So no figure can have formulas, tick labels of the default
# log formatter among them.
mpl.rcParams["text.parse_math"] = False
