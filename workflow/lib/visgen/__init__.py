"""The library of the workflow: a room for each question of a study, called as in its config."""
