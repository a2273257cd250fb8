"""Figures of what is there."""
