"""The page on classifiers."""
