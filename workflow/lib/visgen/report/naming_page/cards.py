"""What the page says of each specimen: small, since there may be ten thousand of them."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.naming.novelty import NO_SUCH
from visgen.naming.tabulating import NEAREST
from visgen.report.naming_page.flags import flags_of
from visgen.report.page import is_nothing

#: Photographs of a specimen that its card shows; all are counted and saved with its mark.
PHOTOGRAPHS = 6


def key_of_photograph(path: str) -> str:
    """Return the key of a photograph without a name; no known specimen has it."""
    return f"unnamed/{path}"


def key_of_known(specimen: str) -> str:
    """Return the key of the picture of a labelled specimen."""
    return f"known/{specimen}"


def specimen_cards(
    table: pd.DataFrame,
    images: pd.DataFrame,
    ranks: Sequence[str],
    places: Mapping[tuple[str, str], int],
    suspects: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return a card a specimen, in the order of the table; what is empty is left out.

    Parameters
    ----------
    table, images
        As `visgen.naming.photographs.name_photographs` writes them.
    ranks
        Of names, coarse to fine.
    places
        Of taxa, as `visgen.report.naming_page.taxa.places_of` returns them.
    suspects
        As `visgen.report.naming_page.flags.suspected` returns them.

    Returns
    -------
    list of dict
        name; digest, which tells its photographs apart from others; files; place; trusted, a place
        among the taxa, and p, its probability; lineage, [place of the rank, name, probability]
        from coarse to fine; strange, where it is like nothing in the study and the lineage says
        little; set and set_size; relative; nearest, [specimen, taxon, distance, suggested taxon
        of a doubted label]; flags.
    """
    pictures = defaultdict(list)
    for picture in images.to_dict("records"):
        pictures[picture["specimen"]].append(picture)
    cards = []
    for row in table.to_dict("records"):
        own = pictures[row["specimen"]]
        localities = [picture["locality"] for picture in own if not is_nothing(picture["locality"])]
        card = {
            "name": row["specimen"],
            "digest": _digest(row["specimen"], [picture["sha256"] for picture in own]),
            "files": [picture["path"] for picture in own],
            "place": ", ".join(dict.fromkeys(localities)),
            "lineage": [
                [place, row[rank], _rounded(row[f"p:{rank}"])]
                for place, rank in enumerate(ranks)
                if not is_nothing(row[rank])
            ],
            "strange": row["novelty"] == NO_SUCH,
            "set_size": row["set_size"],
            "set": "" if is_nothing(row["set"]) else row["set"],
            "relative": _relative(row),
            "nearest": _nearest(row, suspects),
            "flags": flags_of(row, suspects),
        }
        for key in [key for key, value in card.items() if value in ("", []) or value is False]:
            del card[key]
        if not is_nothing(row["trusted_rank"]):
            card["trusted"] = places[row["trusted_rank"], row["trusted_taxon"]]
            card["p"] = _rounded(row[f"p:{row['trusted_rank']}"])
        cards.append(card)
    return cards


def _digest(specimen: str, checksums: Sequence[str]) -> str:
    """Return what marks are kept by: of the same name, one with other photographs is another."""
    text = "\n".join([specimen, *sorted(checksums)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _nearest(row: Mapping[str, Any], suspects: Mapping[str, str]) -> list[list]:
    found = []
    for k in range(1, NEAREST + 1):
        known = row.get(f"nearest_{k}")
        if not is_nothing(known):
            line = [known, row[f"taxon_{k}"], _rounded(row[f"distance_{k}"])]
            found.append(line + ([suspects[known]] if known in suspects else []))
    return found


def _relative(row: Mapping[str, Any]) -> str:
    if is_nothing(row.get("relative")):
        return ""
    limits = [row["relative_low"], row["relative_high"]]
    if any(is_nothing(limit) or math.isinf(limit) for limit in limits) or limits[1] == 0:
        return str(row["relative"])
    return f"{row['relative']}, at a distance of {limits[0]:.3g} to {limits[1]:.3g} along the tree"


def _rounded(value: float) -> float | None:
    """Return three decimals: more would be more than is known."""
    return None if is_nothing(value) else round(float(value), 3)
