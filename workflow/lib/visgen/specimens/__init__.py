"""What is there: images and table become specimens, and these the parts of a split."""
