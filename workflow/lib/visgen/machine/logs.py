"""One log file for a script: messages, warnings, progress and errors."""

import linecache
import logging
import sys
import traceback
import warnings
from pathlib import Path
from types import TracebackType

_LIBRARY = Path(__file__).parents[1]


def start_log(path: str) -> None:
    """Send all that a script says to its log file, from here on.

    An uncaught error ends up there too; Snakemake shows the log of a failed job. What the library
    refuses by itself is a message for the user and stands there as it is; other errors are bugs,
    and stand there with their traceback.
    """
    file = Path(path).open("w", buffering=1, encoding="utf-8")  # noqa: SIM115 (open to the end)
    sys.stdout = sys.stderr = file
    sys.excepthook = _log_error
    logging.basicConfig(
        stream=file, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", force=True
    )
    logging.captureWarnings(True)
    warnings.simplefilter("default")


def _log_error(
    kind: type[BaseException], error: BaseException, place: TracebackType | None
) -> None:
    if is_refusal(error):
        print(f"\nStopped: {error}", file=sys.stderr)
    else:
        traceback.print_exception(kind, error, place, file=sys.stderr)


def is_refusal(error: BaseException) -> bool:
    """Return whether an error was raised by a line of this library, to tell the user something."""
    if not isinstance(error, ValueError | OSError) or error.__traceback__ is None:
        return False
    frame, line = list(traceback.walk_tb(error.__traceback__))[-1]
    file = frame.f_code.co_filename
    return _LIBRARY in Path(file).parents and linecache.getline(file, line).strip().startswith(
        "raise "
    )
