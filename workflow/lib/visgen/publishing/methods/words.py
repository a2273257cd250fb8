"""Small words of sentences."""

from collections.abc import Iterable


def listed(words: Iterable[object]) -> str:
    """Return words as they stand in a sentence.

    >>> listed(["order", "family", "genus"]), listed(["genus"])
    ('order, family and genus', 'genus')
    """
    words = list(map(str, words))
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def numbered(number: int, word: str, plural: str | None = None) -> str:
    """Return a number with its word.

    >>> numbered(1, "seed"), numbered(1200, "taxon", "taxa")
    ('1 seed', '1,200 taxa')
    """
    return f"{number:,} {word if number == 1 else plural or word + 's'}"
