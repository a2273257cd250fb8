"""What a network sees: backbones, their weights, and vectors of images."""
