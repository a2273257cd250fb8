"""What names are scored on, a split at a time: what is learned from, and what is withheld."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import pandas as pd

from visgen.naming.novelty import KNOWN, NEW
from visgen.naming.study import NamingStudy, read_study
from visgen.naming.withheld import Withheld, withhold
from visgen.specimens.records import read_labels
from visgen.specimens.splits import parts_of_specimens, read_splits
from visgen.visual_genetic.recognition.labelled_images import read_withheld
from visgen.visual_genetic.scopes import SCOPES


class SplitStudy(NamedTuple):
    """What is scored on one split.

    Attributes
    ----------
    seed
        Of the split.
    part
        Of each specimen.
    study
        What names are learned from.
    withheld
        The same without some taxa, once or more.
    """

    seed: int
    part: pd.Series
    study: NamingStudy
    withheld: list[Withheld]


def read_splits_of_study(
    given: Mapping[str, Sequence[str]],
    ranks: Sequence[str],
    learned: Mapping[str, Any],
    *,
    share: float | None,
    threads: int,
) -> Iterator[SplitStudy]:
    """Yield what names are scored on.

    Parameters
    ----------
    given
        As `visgen.naming.study.read_study` takes it, and splits; withheld, the table of taxa that
        networks were trained without, where there are such networks.
    ranks, learned, threads
        As there; of networks, ``runs`` says which scope and seed each is of.
    share
        Of taxa to withhold, see `visgen.naming.withheld`; None withholds nothing. Which taxa a
        network has not seen was drawn when it was trained.
    """
    specimens = read_labels(given["labels"])["specimen"]
    read = lru_cache(maxsize=1)(partial(_read, given, tuple(ranks), learned, threads))
    for seed, parts in read_splits(given["splits"]).items():
        runs = [(SCOPES[0], seed)] if learned["variant"] else [None]
        study = read(*runs)
        withheld = []
        if share is not None and learned["variant"] is None:
            labelled = study.labelled
            kind = withhold(labelled.taxa, share, seed)
            withheld = [Withheld(labelled, study.prepare, kind)]
        elif share is not None:
            scopes = [scope for scope, of in learned["runs"] if of == seed and scope != SCOPES[0]]
            withheld = [
                _without(scope, read((scope, seed)), given["withheld"], ranks) for scope in scopes
            ]
        yield SplitStudy(seed, parts_of_specimens(parts, specimens), study, withheld)


def _read(
    given: Mapping,
    ranks: Sequence[str],
    learned: Mapping[str, Any],
    threads: int,
    run: tuple[str, int] | None,
) -> NamingStudy:
    number = 0 if run is None else [tuple(of) for of in learned["runs"]].index(run)
    return read_study(given, ranks, learned, threads=threads, run=number)


def _without(
    scope: str, study: NamingStudy, tables: Sequence[str], ranks: Sequence[str]
) -> Withheld:
    """Return what a network says that was trained without some taxa of the finest rank."""
    rank = dict(zip(SCOPES[1:], (ranks[-1], *ranks[-2:-1]), strict=True))[scope]
    taxa = study.labelled.taxa
    withheld = taxa[ranks[-1]].isin(read_withheld(tables, scope))
    kind = withheld.map({True: NEW.format(rank), False: KNOWN}).rename("kind")
    return Withheld(study.labelled, study.prepare, kind)
