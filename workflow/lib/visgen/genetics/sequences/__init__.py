"""Sequences: reading, checking, and the taxa that they belong to."""
