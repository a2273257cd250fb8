"""One log file for a script: messages, warnings, progress and tracebacks."""

import logging
import sys
import warnings
from pathlib import Path


def start_log(path: str) -> None:
    """Send all that a script says to its log file, from here on.

    An uncaught error ends up there too; Snakemake shows the end of the log of a failed job.
    """
    file = Path(path).open("w", buffering=1)  # noqa: SIM115 (open as long as the script runs)
    sys.stdout = sys.stderr = file
    logging.basicConfig(
        stream=file, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", force=True
    )
    logging.captureWarnings(True)
    warnings.simplefilter("default")
