"""Tests of whether two distance matrices over the same taxa agree beyond chance.

Each asks something else:

- *Mantel r* (Pearson): do distances of all pairs rise together along a straight line?
- *Mantel r* (Spearman): do the pairs come in the same order, near to far?
- *Mantel r within groups*: do they agree beyond the groups of the rank above?
- *partial Mantel r*: does a straight line remain once a third matrix, such as the rank above,
  has explained its share of both?
- *distance correlation*: do the places of the taxa depend on each other in any way, also along
  a curve that rises and falls? It has no sign: likeness and its opposite are one to it.
- *Procrustes*: can a rotation lay the coarse map of one matrix over that of the other? The few
  axes of a map hold the large distances; those between near relatives hardly count.

Pairs of taxa are not independent, so a p-value comes from permuting taxa, never from counting
pairs. Every test is one-sided: the question is whether likeness follows descent, and a negative
correlation is no answer to it. None holds for a matrix that was fitted to the other one: hold out
taxa, or permute and refit.
"""
