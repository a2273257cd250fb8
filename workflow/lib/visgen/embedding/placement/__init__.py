"""Taxa that have images and no place in the tree: their nearest relatives by look, and how far."""
