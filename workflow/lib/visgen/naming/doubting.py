"""Labels that the study itself doubts, by what was said of each specimen when it was left out."""

import pandas as pd

from visgen.classification.lineages.joint import marginals
from visgen.classification.lineages.known import Lineages
from visgen.naming.odds import Pooling, lineage_odds
from visgen.naming.out_of_fold import OutOfFold
from visgen.naming.suspects import find_suspects


def doubt_labels(
    taxa: pd.DataFrame, found: OutOfFold, pooling: Pooling, lineages: Lineages
) -> pd.DataFrame:
    """Return labelled specimens whose label is in doubt, as `find_suspects`.

    Parameters
    ----------
    taxa
        (n_specimens, n_ranks), index specimen.
    found
        All or some of them, asked out of fold.
    pooling, lineages
        How odds are pooled, and over what.
    """
    taxa = taxa.loc[found.specimens]
    odds = lineage_odds(found.said.logits, pooling, lineages)
    tables = {
        rank: pd.DataFrame(values, taxa.index, lineages.taxa[rank])
        for rank, values in marginals(odds, lineages).items()
    }
    return find_suspects(taxa, tables)
