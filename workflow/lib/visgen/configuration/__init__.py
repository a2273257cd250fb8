"""What was asked: a configuration read, checked and turned into a plan."""
