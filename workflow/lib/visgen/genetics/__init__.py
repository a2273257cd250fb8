"""What sequences say: from a FASTA to vectors, anchors and trees of taxa."""
