"""How sequences can be aligned, and trees and distances be made of them; imports nothing."""

ALIGNERS = {"mafft": "", "none": "the sequences are aligned already"}

#: Which sequences are aligned.
CHOICES = {"representative": "one a taxon, that with most unambiguous bases", "all": ""}

ENGINES = {
    "iqtree": "maximum likelihood, an external program",
    "raxml-ng": "maximum likelihood, an external program",
    "nj": "neighbour joining on K2P distances; quick, needs no program",
}

SEARCHES = {
    "full": "",
    "fast": "IQ-TREE's --fast; one parsimony tree to start from in RAxML-NG",
}

#: Models of distances between sequences.
MODELS = {"p": "share of differing sites", "JC69": "", "K2P": ""}
