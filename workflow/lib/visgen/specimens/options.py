"""What can become of rows of a specimen table; imports nothing."""

#: Of rows that contradict most others.
CONTRADICTIONS = ("reject", "keep")
