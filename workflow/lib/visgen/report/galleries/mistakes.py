"""Test specimens that were named wrong with most confidence."""

import pandas as pd

from visgen.report.galleries.examples import MISTAKEN, TYPICAL
from visgen.report.galleries.named import mistaken

#: Specimens.
SHOWN = 40


def choose_mistakes(named: pd.DataFrame, typical: pd.Series, specimens: pd.Series) -> list[dict]:
    """Return the photographs of specimens named wrong, each beside a typical one of that name.

    Parameters
    ----------
    named
        Columns of `visgen.report.galleries.named.NAMED_COLUMNS`.
    typical
        Image of each taxon, index taxon; the second photograph is left out of taxa without one.
    specimens
        Specimen of each image, index id.

    Returns
    -------
    list of dict
        A group a specimen, the most confident first, `SHOWN` at most. Of all groups: n (specimens
        named wrong in some split) and n_test_specimens.
    """
    wrong = mistaken(named)
    wrong = wrong[~wrong["specimen"].duplicated()]
    counts = {"n": len(wrong), "n_test_specimens": named["specimen"].nunique()}
    rows = []
    for number, row in enumerate(wrong.head(SHOWN).to_dict("records"), 1):
        of_group = counts | {"group": str(number)}
        rows.append(
            of_group
            | {
                "image": row["id"],
                "specimen": row["specimen"],
                "role": MISTAKEN,
                "taxon": row["truth"],
                "predicted": row["predicted"],
                "probability": row["probability"],
                "seed": row["seed"],
            }
        )
        if row["predicted"] in typical:
            image = typical[row["predicted"]]
            of_group |= {"image": image, "specimen": specimens[image], "role": TYPICAL}
            rows.append(of_group | {"taxon": row["predicted"]})
    return rows
