"""The table of photographs that the page shows: which, where, and what their captions say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

#: Galleries, in the order of the table.
STRIP, CONFUSED, MISTAKES, TAXA = "strip", "confused", "mistakes", "taxa"
WEIGHTED, HELPED = "weighted", "helped"
GALLERIES = (STRIP, CONFUSED, MISTAKES, TAXA, WEIGHTED, HELPED)

#: What a photograph is in its gallery.
TYPICAL, MISTAKEN, ASKED = "typical", "mistaken", "asked"
MOST, LEAST = "most", "least"
GAINED, LOST = "gained", "lost"

#: A row a photograph. What a gallery was made with (rank, backbone, and as variant the classifier,
#: the taxon vectors or the source of relatives) stands in every row of it, what is said of a group
#: (from ``n`` on) in every row of the group.
EXAMPLE_COLUMNS = [
    *("gallery", "group", "position", "image", "specimen", "role"),
    *("rank", "backbone", "variant"),
    *("taxon", "other", "predicted", "probability", "weight", "part", "seed", "n_train"),
    *("n", "n_asked", "n_images", "n_specimens", "n_test_specimens", "share", "distance"),
]


def examples_table(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> pd.DataFrame:
    """Return one table of the photographs of all galleries.

    Parameters
    ----------
    rows
        By gallery: a row a photograph, some of `EXAMPLE_COLUMNS`; those of a group stand together.

    Returns
    -------
    DataFrame
        `EXAMPLE_COLUMNS`; position counts the photographs of a group from 1.
    """
    table = pd.DataFrame(
        [{"gallery": name} | dict(row) for name in GALLERIES for row in rows.get(name, ())],
        columns=EXAMPLE_COLUMNS,
    )
    return table.assign(position=table.groupby(["gallery", "group"]).cumcount() + 1)


def wanted_images(examples: pd.DataFrame, others: Sequence[pd.DataFrame] = ()) -> list[str]:
    """Return the images whose small photographs the page needs, sorted, each once.

    Parameters
    ----------
    examples
        As `examples_table` returns it.
    others
        Tables with a column image: points of maps, which show a photograph too.
    """
    return sorted(set(examples["image"]).union(*(table["image"].dropna() for table in others)))
