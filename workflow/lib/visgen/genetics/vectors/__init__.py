"""Sequences as vectors of one length: sequence graph transform and k-mer frequencies."""
