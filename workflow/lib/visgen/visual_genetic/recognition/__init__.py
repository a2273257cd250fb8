"""Taxa recognised from images alone, scored, and placed when withheld."""
