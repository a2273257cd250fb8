"""Colours of the figures: Okabe & Ito's, told apart by colour-blind readers."""

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]
