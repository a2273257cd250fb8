"""A contact sheet a taxon."""

from collections.abc import Sequence

import pandas as pd

from visgen.report.galleries.looks import evenly, first_photographs, typical_first

#: Photographs of a sheet, and of all sheets together; of very many taxa each has at least one.
SHOWN, IN_ALL = 8, 4000


def choose_taxa(
    labels: pd.DataFrame,
    odd: pd.Series,
    parts: pd.Series,
    named: pd.DataFrame,
    rank: str,
    order: Sequence[str],
) -> list[dict]:
    """Return up to `SHOWN` photographs of each taxon, from the most typical to the least.

    Parameters
    ----------
    labels
        Index id, sorted; specimen and the rank.
    odd
        How far each image is from the mean of its taxon (`oddness`).
    parts
        Part of each image in one split, index id.
    named
        Columns of `visgen.report.galleries.named.NAMED_COLUMNS`, at this rank; all splits.
    rank
        Of the taxa.
    order
        Of the taxa: all of them.

    Returns
    -------
    list of dict
        One photograph a specimen. Of the group: n_images, n_specimens; of test photographs over
        all splits n_asked, n (named right), share, and n_test_specimens.
    """
    photographs = typical_first(first_photographs(labels, rank), odd).groupby(rank)
    images = labels.groupby(rank)
    n_images, n_specimens = images.size(), images["specimen"].nunique()
    asked = named.assign(right=named["truth"] == named["predicted"]).groupby("truth")
    n_asked, n_right, n_tested = asked.size(), asked["right"].sum(), asked["specimen"].nunique()
    shown = max(1, min(SHOWN, IN_ALL // max(1, len(order))))
    rows = []
    for taxon in order:
        sheet = photographs.get_group(taxon) if taxon in photographs.groups else labels[:0]
        of_taxon = {
            "group": taxon,
            "taxon": taxon,
            "n_images": int(n_images[taxon]),
            "n_specimens": int(n_specimens[taxon]),
            "n_asked": int(n_asked.get(taxon, 0)),
            "n_test_specimens": int(n_tested.get(taxon, 0)),
        }
        if of_taxon["n_asked"]:
            of_taxon["n"] = int(n_right[taxon])
            of_taxon["share"] = of_taxon["n"] / of_taxon["n_asked"]
        rows += [
            of_taxon | {"image": image, "specimen": specimen, "part": parts.get(image)}
            for image, specimen in evenly(list(sheet["specimen"].items()), shown)
        ]
    return rows
