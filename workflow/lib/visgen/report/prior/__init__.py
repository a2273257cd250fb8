"""The page on relatives and rare taxa."""
