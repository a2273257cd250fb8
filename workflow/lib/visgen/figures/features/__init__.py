"""Figures of how weights were learned."""
