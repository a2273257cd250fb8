"""The number of threads that arithmetic runs in: part of what decides the last bits."""

import os
import sys

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
