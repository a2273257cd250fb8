"""What the ingest of a study would accept and refuse, told from the headers of its files."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pandas as pd

from visgen.name_tables import read_synonyms
from visgen.specimens.files import scan_folder
from visgen.specimens.headers import header_inspector
from visgen.specimens.ingest import ingest
from visgen.specimens.table import read_meta, read_unnamed_meta
from visgen.specimens.unnamed import ingest_unnamed

_LIMITS = ("max_pixels", "min_side", "max_aspect_ratio")


class Intake(NamedTuple):
    """Photographs and rows of a study, and those that are to be named."""

    files: pd.DataFrame  # as `visgen.specimens.files.scan_folder` returns them
    specimens: pd.DataFrame  # as `visgen.specimens.ingest.ingest` returns them
    rejected: pd.DataFrame
    n_rows: int | None  # of the table; None without one
    unnamed: pd.DataFrame | None  # as `visgen.specimens.unnamed.ingest_unnamed` returns them
    unnamed_rejected: pd.DataFrame | None


def take_in(config: Mapping[str, Any]) -> Intake:
    """Check every file and row of a study as its ingest does, but for pixels.

    Parameters
    ----------
    config
        As `visgen.configuration.reading.checked_config` returns it, of a study that is not
        simulated.

    Raises
    ------
    ValueError
        As the ingest of specimens, or that of unnamed ones, raises it.
    """
    inputs, naming = config["inputs"], config["naming"] or {}
    files = scan_folder(inputs["images"])
    folder = naming.get("images")
    others = [] if folder is None else scan_folder(folder)["path"].dropna().tolist()
    limits = {key: config["ingest"][key] for key in _LIMITS}
    limits["inspect"] = header_inspector([*files["path"].dropna(), *others])
    limits["workers"] = config["compute"]["workers"]
    meta = None
    if inputs["meta"]:
        names = inputs["columns"], inputs["ranks"], inputs["missing_values"]
        meta = read_meta(inputs["meta"], *names)
    specimens, rejected = ingest(
        inputs["images"],
        meta=meta,
        ranks=inputs["ranks"],
        path_pattern=inputs["path_pattern"],
        missing_values=inputs["missing_values"],
        synonyms=read_synonyms(inputs["synonyms"]) if inputs["synonyms"] else {},
        specimen_pattern=inputs["specimen_pattern"],
        contradictions=config["ingest"]["contradictions"],
        **limits,
    )
    n_rows = None if meta is None else len(meta)
    unnamed = None, None
    if folder is not None:
        about = naming["meta"]
        unnamed = ingest_unnamed(
            folder,
            meta=read_unnamed_meta(about, {}, inputs["missing_values"]) if about else None,
            specimen_pattern=naming["specimen_pattern"],
            **limits,
        )
    return Intake(files, specimens, rejected, n_rows, *unnamed)


@contextmanager
def said() -> Iterator[list[str]]:
    """Collect what the library says in its logs meanwhile, each thing once."""
    messages: list[str] = []

    class _Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if (message := record.getMessage()) not in messages:
                messages.append(message)

    logger, collector = logging.getLogger("visgen"), _Collector()
    level, propagates = logger.level, logger.propagate
    logger.addHandler(collector)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield messages
    finally:
        logger.removeHandler(collector)
        logger.setLevel(level)
        logger.propagate = propagates
