"""Recognition of taxa from images alone, after whatever the embedding was drawn towards."""
