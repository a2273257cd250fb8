"""Figures of relatives and rare taxa."""
