"""Before the first run: a configuration from what lies there, and what is odd about a study."""
