"""Genetic anchors: one vector a taxon, towards which its images can be drawn."""
