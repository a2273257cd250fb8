"""Whether genes help with rare taxa: networks, alignment to anchors, recognition."""
