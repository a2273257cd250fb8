"""Measures of phylogenetic signal: how far traits of taxa follow descent.

Traits here are what taxa look like: their vectors, or leading axes of them. Each measure asks
something else:

- *Pagel's λ*: how large is the share of what differs between taxa that follows the tree? It knows
  how noisy each taxon's vector is.
- *K_mult*: do near relatives differ as much as Brownian motion along the tree lets them (1), more
  (below 1) or less (above 1)? Directions count by how much they vary.
- *K_A*: the same, but all directions count alike, however little they vary.

Mantel tests (`visgen.distances.permutation_tests`) set distances against distances instead. How far
their r would vary over fresh looks of the same taxa, `association` says: looks that evolve anew on
the tree (`fresh_traits`, `expectation`), seen in the specimens that there are (`new_specimens`).
"""
