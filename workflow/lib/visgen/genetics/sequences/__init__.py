"""Sequences checked one by one, and the taxon of each."""
