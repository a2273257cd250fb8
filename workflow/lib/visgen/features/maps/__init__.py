"""Images in the plane by what a network sees: which are shown, where they lie, and beside whom."""
