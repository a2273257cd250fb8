"""What networks that classify may be, and how they learn; imports nothing."""

#: What ranks share before their heads.
TOWERS = {
    "shared": "one, of which every rank has a head",
    "fused": "one a rank, and the head of a rank sees the sum of its own and those of coarser "
    "ranks (Elhamod et al. 2022, with genus and species)",
    "apart": "one a rank, each alone",
}

#: What the taxonomy is to probabilities.
HIERARCHIES = {
    "free": "each rank answers for itself",
    "masked": "a taxon stands only against those of the same parent, whose probability it shares",
    "summed": "whole lineages are told apart, and taxa have the sums of theirs",
}

#: What an image's loss is, where p is the probability of its taxon.
LOSSES = {
    "cross_entropy": "−log p",
    "class_balanced": "the same times (1 − beta) / (1 − beta^n) of a taxon of n training images "
    "(Cui et al. 2019)",
    "focal": "the same times (1 − p)^gamma (Lin et al. 2017)",
    "logit_adjusted": "−log p where the logits of a taxon are raised by tau log n while it learns "
    "(Menon et al. 2021)",
}

#: Losses of embeddings, from which the nearest mean of a taxon answers.
METRIC_LOSSES = {
    "prototypical": "episodes, in which images seek the means of others (Snell et al. 2017)",
    "arcface": "angles to a proxy of each taxon, with a margin (Deng et al. 2019)",
    "proxy_anchor": "proxies that draw all images of a batch (Kim et al. 2020)",
    "supervised_contrastive": "pairs of a batch (Khosla et al. 2020)",
    "hierarchical_triplet": "triplets whose margin grows with the ranks that two taxa do not share "
    "(after Ge 2018)",
}

ALL_LOSSES = (*LOSSES, *METRIC_LOSSES)

OPTIMISERS = {
    "adamw": "Loshchilov & Hutter 2019",
    "sgd": "stochastic gradient descent with momentum",
}

#: What a training image is in an epoch.
AUGMENTED = {
    "none": "itself",
    "repeats": "itself or one of the augmented repeats of features.repeats, drawn anew",
}
