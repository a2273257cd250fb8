"""Figures of names for specimens that had none."""
