"""What the page shows of the galleries, from the table of photographs."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from visgen.prior.words import in_words
from visgen.report.galleries.examples import (
    CONFUSED,
    GAINED,
    HELPED,
    LEAST,
    LOST,
    MISTAKEN,
    MISTAKES,
    MOST,
    STRIP,
    TAXA,
    TYPICAL,
    WEIGHTED,
)
from visgen.report.photographs import as_source, photographs_of
from visgen.tables import kind_of

#: Bytes of a script of photographs that goes into the page, so that it can be sent alone.
INLINE = 2_000_000

Row = dict[str, Any]


def galleries_content(
    examples: pd.DataFrame, script: str, labels: Mapping[str, str], is_tested: bool
) -> dict[str, Any]:
    """Return the galleries, under the one name galleries.

    Parameters
    ----------
    examples
        As `visgen.report.galleries.examples.examples_table` returns it.
    script
        With their small photographs (`visgen.report.photographs.photographs_script`).
    labels
        What the page calls each backbone.
    is_tested
        Whether a classifier was chosen, so that test specimens have names.
    """
    groups: dict[str, list[list[Row]]] = {}
    for row in _rows(examples):
        of_gallery = groups.setdefault(row["gallery"], [])
        if row["position"] == 1:
            of_gallery.append([])
        of_gallery[-1].append(row)
    small = photographs_of(script)
    strip = [row for group in groups.get(STRIP, []) for row in group]
    mistakes = [_by_role(group) for group in groups.get(MISTAKES, [])]
    helped = {group[0]["role"]: group for group in groups.get(HELPED, [])}
    return {
        "galleries": {
            "findings": _findings(groups, labels, is_tested),
            "is_tested": is_tested,
            "strip": [row | {"source": as_source(small[row["image"]])} for row in strip],
            "confused": [_pair(group) for group in groups.get(CONFUSED, [])],
            "mistakes": [(group[MISTAKEN][0], group.get(TYPICAL, [])) for group in mistakes],
            "taxa": groups.get(TAXA, []),
            "weighted": [
                (group[0], [_by_role(group).get(role, []) for role in (MOST, LEAST)])
                for group in groups.get(WEIGHTED, [])
            ],
            "helped": [(role, helped.get(role, [])) for role in (GAINED, LOST) if helped],
            "relatives": next((in_words(g[0]["variant"]) for g in helped.values()), ""),
            "script": script if len(script) < INLINE else None,
        }
    }


def alt_text(row: Mapping[str, Any]) -> str:
    """Return what a photograph shows, for those who do not see it.

    >>> row = {"taxon": "Anadara granosa", "specimen": "s12", "predicted": "Arca noae"}
    >>> alt_text(row), alt_text(row | {"predicted": None})
    ('Anadara granosa, specimen s12, taken for Arca noae', 'Anadara granosa, specimen s12')
    """
    text = f"{row['taxon']}, specimen {row['specimen']}"
    if row["predicted"] is None:
        return text
    is_right = row["predicted"] == row["taxon"]
    return f"{text}, named right" if is_right else f"{text}, taken for {row['predicted']}"


def _rows(examples: pd.DataFrame) -> Iterator[Row]:
    """Yield rows whose gaps are None and whose whole numbers are integers."""
    whole = {name for name in examples if kind_of(name) == "integer"}
    for row in examples.to_dict("records"):
        cells = {
            name: None if pd.isna(value) else int(value) if name in whole else value
            for name, value in row.items()
        }
        yield cells | {"alt": alt_text(cells)}


def _by_role(group: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in group:
        found.setdefault(row["role"], []).append(row)
    return found


def _pair(group: list[Row]) -> Row:
    """Return a pair: what is said of both, and the specimens of each side, named first to last."""
    sides: dict[tuple[str, str], list[Row]] = {}
    for row in group:
        sides.setdefault((row["taxon"], row["other"]), []).append(row)
    return group[0] | {"sides": list(sides.values())}


def _findings(
    groups: Mapping[str, list[list[Row]]], labels: Mapping[str, str], is_tested: bool
) -> list[str]:
    if not is_tested:
        return ["No classifier could be chosen, so no specimen is shown by what it was taken for."]
    if MISTAKES not in groups:
        return ["No test specimen was named wrong."]
    first, pair = groups[MISTAKES][0][0], groups[CONFUSED][0][0]
    return [
        f"Of {first['n_test_specimens']:,} test specimens {first['n']:,} "
        f"{'has' if first['n'] == 1 else 'have'} a photograph that was given a wrong "
        f"{first['rank']} in some split, by {first['variant'].replace('_', ' ')} on features of "
        f"{labels[first['backbone']]}. Most often confused: {pair['taxon']} and {pair['other']} "
        f"({pair['n']:,} of {pair['n_asked']:,} times that a test photograph of either was named)."
    ]
