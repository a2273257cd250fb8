"""Sequences, one after another, to vectors of one length."""

from collections.abc import Callable, Iterable

import numpy as np

from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.vectors.files import SequenceVectors
from visgen.genetics.vectors.options import ENGINES, SCALINGS, SYMBOLS
from visgen.genetics.vectors.sgt import transform_fast, transform_with_package
from visgen.genetics.vectors.words import MISSING, list_words, read_words

_FILTERS = "genetics.filters.min_length or .max_ambiguous"
TRANSFORMS = {"fast": transform_fast, "sgt": transform_with_package}


def embed_sgt(
    sequences: Iterable[Sequence],
    *,
    engine: str,
    letters: int,
    symbols: str,
    kappa: float,
    length_sensitive: bool,
    scaling: str,
) -> SequenceVectors:
    """Embed sequences by sequence graph transform (see `visgen.genetics.vectors.sgt`).

    Parameters
    ----------
    sequences : iterable of Sequence
        Read one at a time; gaps are taken out.
    engine : {"fast", "sgt"}
        Own code, or the authors' package; the same numbers.
    letters : int
        Letters of a symbol: 1, 2 or 3, so 4, 16 or 64 symbols.
    symbols : {"overlapping", "binned"}
        A symbol at every base, or side by side from the first base on. One with an ambiguous
        letter is missing; its place counts.
    kappa, length_sensitive
        As in `visgen.genetics.vectors.sgt.transform_fast`.
    scaling : {"none", "l2"}
        As it is, or each vector divided by its Euclidean length.

    Returns
    -------
    SequenceVectors
        (n_sequences, 16, 256 or 4096) in the order read; features such as ``AC>GT``, by the
        earlier symbol first.

    Raises
    ------
    ValueError
        If an option has another value, there is no sequence, a base is no letter of DNA, or
        (l2) a vector is zero.

    Examples
    --------
    >>> vectors = embed_sgt(
    ...     [Sequence("s1", "Arca noae", "AAC")], engine="fast", letters=1, symbols="overlapping",
    ...     kappa=1, length_sensitive=False, scaling="none",
    ... )
    >>> values = dict(zip(vectors.features.tolist(), vectors.values[0].round(3).tolist()))
    >>> len(values), values["A>A"], values["A>C"]  # 1/e, and the mean of 1/e and 1/e²
    (16, 0.368, 0.252)
    """
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}, expected one of {', '.join(ENGINES)}")
    if letters not in (1, 2, 3):
        raise ValueError(f"letters is {letters!r}, expected 1, 2 or 3")
    if symbols not in SYMBOLS:
        raise ValueError(f"symbols is {symbols!r}, expected {' or '.join(SYMBOLS)}")
    if not kappa > 0:
        raise ValueError(f"kappa is {kappa}, expected a number above 0")
    transform = TRANSFORMS[engine]
    match symbols:
        case "overlapping":
            step = 1
        case "binned":
            step = letters
    words = list_words(letters)

    def encode(bases: str) -> np.ndarray:
        codes = read_words(bases, letters, step)
        return transform(codes, len(words), kappa=kappa, length_sensitive=length_sensitive).ravel()

    features = [f"{earlier}>{later}" for earlier in words for later in words]
    return _embed(sequences, encode, features, scaling)


def embed_kmers(sequences: Iterable[Sequence], *, letters: int, scaling: str) -> SequenceVectors:
    """Embed sequences by the frequencies of their k-mers (Blaisdell 1986).

    Parameters
    ----------
    sequences : iterable of Sequence
        Read one at a time; gaps are taken out.
    letters : int
        Letters of a k-mer, at least 1.
    scaling : {"none", "l2"}
        Frequencies that sum to 1, or each vector divided by its Euclidean length.

    Returns
    -------
    SequenceVectors
        (n_sequences, 4 ** letters) in the order read: the share of each k-mer among the
        sequence's overlapping k-mers without an ambiguous letter; features are the k-mers.

    Raises
    ------
    ValueError
        If an option has another value, there is no sequence, a base is no letter of DNA, or a
        sequence has no k-mer without an ambiguous letter.

    Examples
    --------
    >>> sequence = Sequence("s1", "Arca noae", "ACACG")
    >>> vectors = embed_kmers([sequence], letters=2, scaling="none")
    >>> shares = dict(zip(vectors.features.tolist(), vectors.values[0].tolist()))
    >>> len(shares), {word: share for word, share in shares.items() if share}
    (16, {'AC': 0.5, 'CA': 0.25, 'CG': 0.25})
    """
    if letters < 1:
        raise ValueError(f"letters is {letters}, expected at least 1")
    words = list_words(letters)

    def encode(bases: str) -> np.ndarray:
        codes = read_words(bases, letters, 1)
        codes = codes[codes != MISSING]
        if not len(codes):
            raise ValueError(
                f"no word of {letters} letters without an ambiguous letter; lower the config key "
                f"genetics.kmers.letters, or refuse such sequences by {_FILTERS}"
            )
        return np.bincount(codes, minlength=len(words)) / len(codes)

    return _embed(sequences, encode, words, scaling)


def _embed(
    sequences: Iterable[Sequence],
    encode: Callable[[str], np.ndarray],
    features: list[str],
    scaling: str,
) -> SequenceVectors:
    if scaling not in SCALINGS:
        raise ValueError(f"scaling is {scaling!r}, expected one of {', '.join(SCALINGS)}")
    names, taxa = [], []

    def vectors() -> Iterable[np.ndarray]:
        for sequence in sequences:
            names.append(sequence.name)
            taxa.append(sequence.taxon)
            try:
                vector = encode(sequence.ungapped)
                match scaling:
                    case "none":
                        yield vector
                    case "l2":
                        yield _unit(vector)
            except ValueError as error:
                raise ValueError(f"sequence {sequence.name!r}: {error}") from error

    # fromiter fills one growing array, where a list of rows would hold all values twice.
    values = np.fromiter(vectors(), dtype=np.dtype((np.float64, len(features))))
    if not names:
        raise ValueError("there is no sequence to embed")
    return SequenceVectors(np.array(names), np.array(taxa), np.array(features), values)


def _unit(vector: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vector)
    if length == 0:
        raise ValueError(
            "its vector is zero, which scaling l2 cannot bring to length 1; change the config key "
            f"genetics.sgt.letters or .scaling, or refuse such sequences by {_FILTERS}"
        )
    return vector / length
