"""Embeddings of images drawn to genetic anchors (stage 2)."""
