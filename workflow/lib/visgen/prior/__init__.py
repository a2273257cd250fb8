"""Whether relatives, and genes, help to recognise taxa of which there are few images.

A taxon's mean image is known badly from one image. Near relatives look alike, so they tell what to
expect of it: the phylogenetic mixed model, used as a prior (kriging; Lynch 1991). Nothing is
trained but a handful of variances.

- `looks`: features as vectors in which images of a taxon vary by 1 in all directions;
- `relatives`: how taxa covary by descent, from a tree, sequences or the taxonomy;
- `fitting`: how strong each of these is, by restricted maximum likelihood;
- `posterior`: how each taxon looks then, and the scores of specimens;
- `leaving_out`: the same without one image, and how much rare taxa may cost the others;
- `permuting`: whether true relatives do better than permuted ones, within groups too;
- `unseen`: taxa of which there is no image at all;
- `files`: a fitted prior on disk.
"""
