"""What a study asks for: its configuration read and checked, and what follows from it."""
