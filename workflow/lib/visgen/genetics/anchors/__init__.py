"""One vector a taxon, of its sequences or of controls, that images are aligned to."""
