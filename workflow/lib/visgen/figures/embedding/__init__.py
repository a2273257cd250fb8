"""Figures of look against descent."""
