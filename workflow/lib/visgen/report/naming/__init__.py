"""What the page says of specimens that had no name."""
