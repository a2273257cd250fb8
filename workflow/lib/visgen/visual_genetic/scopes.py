"""What networks are trained without; imports nothing."""

#: Kinds of taxa that are withheld from all training: single ones, and all of a taxon above.
KINDS = ("unseen_species", "unseen_genera")

#: Folders of networks: trained on all taxa, and without each kind.
SCOPES = ("visual_genetic", *KINDS)
