"""Whether sequences, anchors and inferred trees tell taxa apart and agree."""
