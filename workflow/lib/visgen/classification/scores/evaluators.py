"""How classifiers are scored: the names that their scores have in the column evaluator."""

#: Where independent classifiers, and where sums of a finer rank's probabilities predict.
INDEPENDENT, ROLLED_UP = "independent", "rolled_up"

#: Where all ranks are asked together: the most probable lineage, the lineage of the least expected
#: cost, and at each rank the taxon of the largest summed probability.
JOINT, LEAST_COST, MARGINAL = "joint", "least_cost", "marginal"

#: What is made of the answers of independent classifiers, and compared with them.
DERIVED = (JOINT, LEAST_COST, MARGINAL, ROLLED_UP)

#: Where the independent classifiers that validation chose stand for their backbones.
CHOSEN = "chosen"
