"""The page on look against descent."""
