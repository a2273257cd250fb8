"""What a study did, in sentences with sources: only what its configuration asked for."""
