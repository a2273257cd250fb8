"""The page to read, from the tables and figures of a run."""
