"""Figures of what networks see, and of how weights were learned."""
