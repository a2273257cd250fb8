"""Names of taxa as figures write them; tables have them whole."""

#: Letters of a name at most; the longest names of taxa without their authors have fewer.
MAX_LETTERS = 48
_END = 16  # of them behind the gap: names of one genus differ there


def shortened(name: str) -> str:
    """Return a name on one line, its middle left out where it is long.

    >>> shortened("Pecten maximus"), len(shortened("Pecten " + "x" * 3000))
    ('Pecten maximus', 48)
    """
    name = " ".join(name.split())
    if len(name) <= MAX_LETTERS:
        return name
    return f"{name[: MAX_LETTERS - _END - 1]}…{name[-_END:]}"
