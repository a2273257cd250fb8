"""How sequences become vectors; imports nothing."""

ENGINES = {
    "fast": "this project's, linear in the length",
    "sgt": "the package; the same numbers, hundreds of times slower",
}

SYMBOLS = {"overlapping": "at every base", "binned": "only after the last one's end"}

SCALINGS = ("none", "l2")
