"""A sequence as a row of words of one, two or three letters (or k for k-mers)."""

from itertools import product

import numpy as np

MISSING = -1  # the code of a word with an ambiguous letter
_LETTERS = "ACGT"
_AMBIGUOUS = "RYSWKMBDHVN"  # IUPAC-IUB (1985)
_FOREIGN = -2
_CODES = np.full(256, _FOREIGN)
_CODES[list(_AMBIGUOUS.encode())] = MISSING
_CODES[list(_LETTERS.encode())] = range(len(_LETTERS))


def list_words(letters: int) -> list[str]:
    """Return all words of so many letters over A, C, G, T; a word's place is its code.

    >>> list_words(2)[:5]
    ['AA', 'AC', 'AG', 'AT', 'CA']
    """
    return ["".join(word) for word in product(_LETTERS, repeat=letters)]


def read_words(bases: str, letters: int, step: int) -> np.ndarray:
    """Read a sequence as words.

    Parameters
    ----------
    bases : str
        Without gaps: A, C, G, T and IUPAC's ambiguous letters, upper case.
    letters : int
        Letters of a word.
    step : int
        Bases from the start of a word to the next: 1 for words at every base, ``letters`` for
        words side by side from the first base on. A last word that is cut short is left out.

    Returns
    -------
    ndarray of int, (n_words,)
        Codes as in `list_words`; `MISSING` for a word with an ambiguous letter.

    Raises
    ------
    ValueError
        If there is another letter.
    """
    codes = _CODES[np.frombuffer(bases.encode("latin-1", "replace"), np.uint8)]
    if len(codes) and codes.min() == _FOREIGN:
        place = int(codes.argmin())
        raise ValueError(
            f"base {place + 1} is {bases[place]!r}, expected A, C, G, T or an ambiguous letter "
            f"({_AMBIGUOUS}), upper case and without gaps"
        )
    n_starts = max(len(codes) - letters + 1, 0)
    values = np.zeros(len(range(0, n_starts, step)), dtype=codes.dtype)
    missing = np.zeros(len(values), dtype=bool)
    for place in range(letters):
        letter = codes[place : place + n_starts : step]
        values = len(_LETTERS) * values + letter
        missing |= letter == MISSING
    values[missing] = MISSING
    return values
