"""The first screen of the page: four questions, each with an answer of everyday words."""
