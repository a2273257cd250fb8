"""The page on sequences, anchors and trees."""
