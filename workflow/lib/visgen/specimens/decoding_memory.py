"""Memory for decoding: large images take turns, however many threads decode."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock

#: Bytes that all images being decoded may need together; rules ask for more than this.
TOTAL = 4 * 10**9

#: Most bytes a pixel needs on its way to RGB: the canvases of WebP are the largest.
BYTES_PER_PIXEL = 24

#: Bytes a pixel needs in a JPEG of which fewer pixels are decoded than it has.
BYTES_PER_COEFFICIENT = 6


class Turns:
    """A store of bytes that threads borrow from, in the order in which they come.

    Parameters
    ----------
    total : int
        Bytes in the store.
    """

    def __init__(self, total: int):
        self._total, self._lent = total, 0
        self._first_in_line, self._returned = Lock(), Condition()

    @contextmanager
    def take(self, n_bytes: int) -> Iterator[None]:
        """Borrow bytes while the block runs; wait until there are so many.

        Who asks for more than there are in all gets them when nobody else has any.
        """
        n_bytes = min(n_bytes, self._total)
        with self._first_in_line, self._returned:  # small ones do not pass a large one by
            self._returned.wait_for(lambda: self._lent + n_bytes <= self._total)
            self._lent += n_bytes
        try:
            yield
        finally:
            with self._returned:
                self._lent -= n_bytes
                self._returned.notify_all()


def bytes_to_decode(size: tuple[int, int], decoded: tuple[int, int] | None = None) -> int:
    """Return the most bytes that decoding an image takes.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels, as the file's header has them.
    decoded : (int, int), optional
        Width and height of what is decoded of a JPEG, where that is smaller.
    """
    n_pixels = size[0] * size[1]
    if decoded is None or decoded == size:
        return BYTES_PER_PIXEL * n_pixels
    return BYTES_PER_COEFFICIENT * n_pixels + BYTES_PER_PIXEL * decoded[0] * decoded[1]
