"""How far apart taxa are: trees, matrices of distances, and tests of their agreement."""
