"""A naming model that is ready to be asked: read, its network built, its names restricted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from visgen.naming.candidates import taxa_of_candidates
from visgen.naming.files import NETWORK, read_model
from visgen.naming.model import NamingModel
from visgen.naming.network import read_network
from visgen.naming.photographs import Looking
from visgen.naming.restriction import allow, read_restriction
from visgen.specimens.oddities import Usual


class OpenedModel(NamedTuple):
    """What `visgen.naming.photographs.name_photographs` is to be called with.

    Attributes
    ----------
    model
        What names; its candidates are those that can occur.
    looking
        How its network looks at photographs.
    usual
        What the study's own pictures look like.
    allowed
        (n_lineages,) bool, those that can occur; None for all.
    unknown
        Taxa of the restriction that the model knows nothing of.
    reading
        How images are read: keys of `visgen.specimens.unnamed.ingest_unnamed`, and of `looking`.
    """

    model: NamingModel
    looking: Looking
    usual: Usual
    allowed: np.ndarray | None
    unknown: list[str]
    reading: dict[str, Any]


def open_model(
    folder: Path,
    *,
    restrict: str | Path | None = None,
    place: str | None = None,
    synonyms: Mapping[str, str] | None = None,
    workers: int,
) -> OpenedModel:
    """Read a model and build its network.

    Parameters
    ----------
    folder
        Of the model.
    restrict, place
        As `visgen.naming.restriction.read_restriction` takes them; None restricts nothing.
    synonyms
        For the names in that table.
    workers
        Threads that decode photographs.

    Raises
    ------
    ValueError
        As `visgen.naming.files.read_model`, `visgen.naming.network.read_network` and
        `visgen.naming.restriction.read_restriction`.
    """
    model, about = read_model(folder)
    allowed, unknown = None, []
    if restrict is not None:
        listed = read_restriction(restrict, place, model.lineages.ranks)
        further = taxa_of_candidates(model.candidates, model.lineages)
        both, unknown = allow(listed, model.lineages, synonyms or {}, further)
        allowed, candidates = np.split(both, [len(model.lineages)])
        if model.candidates is not None:
            model = model._replace(candidates=model.candidates.of(candidates))
    reading = about["images"]
    looking = Looking(
        read_network(folder / NETWORK, about["network"]),
        reading["batch_size"],
        reading["precision"],
        tuple(reading["background"]),
        reading["max_pixels"],
        workers,
    )
    return OpenedModel(model, looking, Usual(**about["usual"]), allowed, unknown, reading)
