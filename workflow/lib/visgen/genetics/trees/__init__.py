"""Trees and distances inferred from sequences: alignment, engines, rooting, support."""
