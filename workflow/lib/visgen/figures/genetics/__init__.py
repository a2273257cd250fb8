"""Figures of sequences, anchors and trees."""
