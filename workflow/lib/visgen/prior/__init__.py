"""Whether relatives, and genes, help to recognise taxa of which there are few images.

A taxon's mean image is known badly from one image. Near relatives look alike, so they tell what to
expect of it: the phylogenetic mixed model, used as a prior (kriging; Lynch 1991). Nothing is
trained but a handful of variances.

- `looks`: features as vectors in which images of a taxon vary by 1 in all directions;
- `relatives`: how taxa covary by descent, from a tree, sequences or the taxonomy;
- `fitting`: how strong each of these is, by restricted maximum likelihood;
- `posterior`: how each taxon looks then, and the scores of specimens;
- `calibrating`: how sure these scores are, by images that are left out;
- `recognition`: how often rare taxa, and the others, are named right;
- `permuting`: whether true relatives do better than permuted ones, within groups too;
- `asking`, `seed`: all that a split tells; `unseen`: of taxa without any image; `curve`: of taxa
  with some;
- `scoring`: the same over splits, with intervals;
- `keeping`, `files`: what all specimens tell, on disk, to name others with.
"""
