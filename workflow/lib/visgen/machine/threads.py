"""The number of threads that arithmetic runs in: part of what decides the last bits."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


def use_threads() -> None:
    """Let PyTorch and linear algebra use the threads that the configuration gives.

    Snakemake sets the usual variables to the cores that it grants a job, which would make last
    bits depend on ``--cores``.
    """
    n_threads = int(os.environ["VISGEN_THREADS"])
    threadpool_limits(limits=n_threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(n_threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """Do arithmetic in one thread for a while: on small arrays the others would only wait."""
    torch = sys.modules.get("torch")
    n_threads = torch.get_num_threads() if torch else None
    with threadpool_limits(limits=1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(n_threads)
