"""Scores of classifiers over ranks and taxa, with intervals and differences."""
