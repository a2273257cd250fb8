"""How classifiers are scored: names of their scores in the columns evaluator and rank."""

#: In the column rank, for scores of all ranks together.
ALL_RANKS = "all"

#: Where independent classifiers, and where sums of a finer rank's probabilities predict.
INDEPENDENT, ROLLED_UP = "independent", "rolled_up"

#: Where all ranks are asked together: the most probable lineage, the lineage of the least expected
#: cost, and at each rank the taxon of the largest summed probability.
JOINT, LEAST_COST, MARGINAL = "joint", "least_cost", "marginal"

#: What is made of the answers of independent classifiers, and compared with them.
DERIVED = (JOINT, LEAST_COST, MARGINAL, ROLLED_UP)

#: Where the independent classifiers that validation chose stand for their backbones.
CHOSEN = "chosen"
