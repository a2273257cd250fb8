"""How far the probabilities of classifiers can be trusted."""
