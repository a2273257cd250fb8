"""Whether look follows descent: one vector a taxon, unguided or guided by a tree."""
