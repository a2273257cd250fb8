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
- `trade_off`: what rare taxa gain while the others lose nothing;
- `unseen`: taxa of which there is no image at all;
- `files`: a fitted prior on disk.
"""
