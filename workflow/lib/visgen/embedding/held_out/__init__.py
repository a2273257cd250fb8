"""Guidance scored on taxa that it was not fitted to, beside its nulls."""
