"""Whether taxa can be told apart by look: predictions, confidence and scores."""
