"""How often a withheld taxon is found among others that are known by their place alone."""

import numpy as np
import pandas as pd

from visgen.classification.lineages.known import Lineages
from visgen.metrics import EXPECTED
from visgen.naming.candidate_looks import score_candidates
from visgen.naming.candidate_names import Offered
from visgen.naming.candidates import FIRST
from visgen.naming.known_scores import row_of
from visgen.naming.over_taxa import mean_over_taxa
from visgen.naming.scored import Scored
from visgen.prior.posterior import credit
from visgen.specimens.taxonomy import lineage
from visgen.visual_genetic.recognition.chance import UNIFORM

#: As an evaluator: withheld taxa, in the order in which they are told.
CANDIDATES = "candidates"


def offer_withheld(
    withheld: pd.DataFrame,
    lineages: Lineages,
    distances: pd.DataFrame | None,
    relatives: pd.DataFrame | None,
) -> Offered:
    """Return withheld taxa as candidates, that keep their place.

    Parameters
    ----------
    withheld
        (n_specimens, n_ranks) taxa of their specimens, columns coarse to fine, gaps null.
    lineages
        That were learned.
    distances, relatives
        Phylogenetic distances between taxa of one rank, named, and those of the source of the
        prior between taxa of the finest rank, the withheld ones among them; None without.
    """
    ranks = list(withheld.columns)
    above = lineage(withheld, ranks, ranks[-1])
    above = above[~above.index.isin(lineages.taxa[ranks[-1]])]
    same = distances is not None and distances.index.name == ranks[-1]
    return Offered(above, distances if same else None, relatives)


def score_offered(scored: Scored, seed: int) -> list[dict]:
    """Score how often the true taxon of specimens is told among the first.

    Parameters
    ----------
    scored
        Specimens of withheld taxa; candidates of the model are all that were withheld.
    seed
        Of the bootstrap.

    Returns
    -------
    list of dict
        rank, evaluator, metric (``first``, ``first_five``), role, against, value, ci_low, ci_high,
        n (taxa at the finest rank): whether a specimen is called new or not. Ties count by the
        chance to be first. Beside it, each candidate as likely. Nothing of specimens whose taxon is
        no candidate.
    """
    candidates, rank = scored.model.candidates, scored.model.lineages.ranks[-1]
    if candidates is None:
        return []
    answers = scored.answers
    truth = pd.Index(candidates.names).get_indexer(scored.taxa[rank])
    judged = np.flatnonzero(truth >= 0)
    if not len(judged):
        return []
    found = score_candidates(scored.model, candidates, answers.said, answers.best, answers.node)
    found, own = found[judged], found[judged, truth[judged]]
    rows = []
    for metric, first in (("first", 1), ("first_five", FIRST)):
        right = mean_over_taxa(credit(found, own, first), truth[judged], seed)
        blind = (min(first / len(candidates.names), 1.0), np.nan, np.nan, right[3])
        rows.append(row_of(CANDIDATES, metric, right))
        rows.append(row_of(CANDIDATES, metric, blind) | {"role": EXPECTED, "against": UNIFORM})
    return [{"rank": rank} | row for row in rows]
