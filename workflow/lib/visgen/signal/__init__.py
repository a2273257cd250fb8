"""Phylogenetic signal of look: how far what differs between taxa follows the tree."""
