"""SimCLR (Chen et al. 2020): a network's weights learned from images alone, without labels."""
