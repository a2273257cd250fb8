"""Whether a value of a configuration is one of those that it may be."""

from collections.abc import Iterable


def check_choice(key: str, found: object, legal: Iterable[object]) -> None:
    """Check that a value is one of several.

    Parameters
    ----------
    key
        The config key, with dots.
    found
        Its value.
    legal
        What it may be.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    legal = list(legal)
    if found not in legal:
        raise ValueError(
            f"config key {key}: found {found!r}, expected one of {', '.join(map(str, legal))}"
        )
