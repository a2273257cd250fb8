"""A study whose truth is known: a tree, shells that follow it, sequences, photographs."""
