"""Guidance in closed form: kernel ridge from what taxa look like to where they are on the tree."""
