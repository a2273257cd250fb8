"""Networks trained on photographs, by regime, before any alignment (stage 1)."""
