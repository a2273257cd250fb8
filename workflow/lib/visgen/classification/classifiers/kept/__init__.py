"""Fitted classifiers as plain arrays and words, which answer with NumPy and SciPy alone."""
