"""Measures of phylogenetic signal: how far traits of taxa follow descent.

Traits here are the leading axes of what taxa look like. Each measure asks something else:

- *Pagel's λ*: how large is the share of what differs between taxa that follows the tree?
- *K_mult*: do near relatives differ as much as Brownian motion along the tree lets them (1), more
  (below 1) or less (above 1)? Axes count by how much they vary.
- *K_A*: the same, but all directions count alike, however little they vary.

Mantel tests (`visgen.distances.permutation_tests`) set distances against distances instead.
"""
