"""Images that count most, and least, where a variant weighs them."""

import pandas as pd

from visgen.report.galleries.examples import LEAST, MOST

#: Taxa, and images of each end of one.
TAXA, SHOWN = 6, 3
_EVEN = 1e-4  # of the mean weight: differences below it are none


def choose_weighted(weights: pd.DataFrame, specimens: pd.Series) -> list[dict]:
    """Return the images that count most and least in the vectors of a few taxa.

    Parameters
    ----------
    weights
        id, repeat, taxon, weight, which sums to one over a taxon.
    specimens
        Specimen of each image, index id.

    Returns
    -------
    list of dict
        Of `TAXA` taxa at most, those whose largest weight is farthest above an even share, in
        their order; `SHOWN` images of each end at most, never one twice. weight is in even shares:
        1 where all images count alike. None where all do.
    """
    clean = weights[weights["repeat"] == 0]
    clean = clean.assign(
        weight=clean["weight"] / clean.groupby("taxon")["weight"].transform("mean")
    )
    of_taxon = clean.groupby("taxon")["weight"].agg(["min", "max", "size"])
    uneven = of_taxon[of_taxon["max"] - of_taxon["min"] > _EVEN].reset_index()
    uneven = uneven.sort_values(["max", "taxon"], ascending=[False, True])
    rows = []
    for taxon in sorted(uneven["taxon"].head(TAXA)):
        own = clean[clean["taxon"] == taxon].sort_values(["weight", "id"], ascending=[False, True])
        n = min(SHOWN, len(own) // 2)
        rows += [
            {
                "group": taxon,
                "image": row["id"],
                "specimen": specimens[row["id"]],
                "role": role,
                "taxon": taxon,
                "weight": round(row["weight"], 4),
                "n_images": len(own),
            }
            for role, ends in ((MOST, own.head(n)), (LEAST, own.tail(n)))
            for row in ends.to_dict("records")
        ]
    return rows
