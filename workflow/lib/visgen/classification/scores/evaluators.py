"""How classifiers are scored: the names that their scores have in the column evaluator."""

#: Where independent classifiers, and where sums of a finer rank's probabilities predict.
INDEPENDENT, ROLLED_UP = "independent", "rolled_up"

#: Where the independent classifiers that validation chose stand for their backbones.
CHOSEN = "chosen"
