"""Answers as a table: a row a specimen, for people."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.classification.lineages.joint import marginals
from visgen.classification.lineages.known import Lineages
from visgen.naming.answering import Answers, Asked
from visgen.naming.candidate_looks import score_candidates
from visgen.naming.candidates import told_candidates
from visgen.naming.model import NamingModel, nearest_in
from visgen.naming.novelty import NEW, NO_SUCH
from visgen.naming.relatives import nearest_tip, relative_limits

#: Known specimens that are shown beside a new one.
NEAREST = 5
#: Lineages of a set that are written out; the number of all stands beside.
_WRITTEN = 20


def tabulate(
    model: NamingModel, answers: Answers, specimens: Sequence[str], asked: Asked
) -> pd.DataFrame:
    """Write out the answers, one row a specimen.

    Returns
    -------
    DataFrame
        specimen; trusted_rank and trusted_taxon, the deepest that is trusted (null: none);
        novelty, in words, and novelty_p and novelty_score; for each rank its taxon in the most
        probable lineage and ``p:<rank>``, its probability; set_size and set, the finest names of
        the lineages in the flat set, the most probable first; ``nearest_1`` ... the labelled
        specimens that look most like it, with ``taxon_1`` ... and ``distance_1`` ... (1 − cosine);
        with a tree relative, the taxon in it that it looks most like, and relative_low and
        relative_high, between which its patristic distance to that one lies; where there are
        candidates, those of a specimen that is called new, the best first, and candidate_gain, the
        log odds of the first beyond the known taxon that fits best; ruled_out, the
        probability of taxa that cannot occur, where names are restricted.
    """
    lineages, rows = model.lineages, np.arange(len(answers.best))
    names = lineages.names.to_numpy(object)[answers.best]
    trusted = answers.node >= 0
    table = pd.DataFrame({
        "specimen": list(specimens),
        "trusted_rank": np.where(trusted, np.array(lineages.ranks, object)[answers.node], None),
        "trusted_taxon": np.where(trusted, names[rows, answers.node], None),
        "novelty": answers.verdict,
        "novelty_p": answers.p,
        "novelty_score": answers.novelty,
    })  # fmt: skip
    for r, (rank, odds) in enumerate(marginals(answers.odds, lineages).items()):
        place = lineages.places[answers.best, r]
        table[rank] = names[:, r]
        table[f"p:{rank}"] = np.where(place >= 0, np.minimum(odds[rows, place], 1), np.nan)
    table["set_size"] = answers.in_set.sum(axis=1)
    table["set"] = _sets(answers, lineages)
    positions, far = nearest_in(model.gallery, answers.said.looks, NEAREST)
    finest = finest_names(model.gallery.taxa)
    for k in range(positions.shape[1]):
        table[f"nearest_{k + 1}"] = model.gallery.taxa.index.to_numpy(object)[positions[:, k]]
        table[f"taxon_{k + 1}"] = finest[positions[:, k]]
        table[f"distance_{k + 1}"] = far[:, k]
    if model.placement is not None:
        table = table.assign(**_relatives(model, answers, asked.confidence))
    if model.candidates is not None:
        table = table.assign(**_candidates(model, answers))
    if asked.allowed is not None:
        table["ruled_out"] = answers.taken
    return table


def finest_names(taxa: pd.DataFrame) -> np.ndarray:
    """Return the name at the finest rank that has one, (n,), of columns coarse to fine."""
    named = taxa.notna().to_numpy()
    finest = named.shape[1] - 1 - named[:, ::-1].argmax(axis=1)
    return taxa.to_numpy(object)[np.arange(len(taxa)), finest]


def _sets(answers: Answers, lineages: Lineages) -> list[str | None]:
    finest = finest_names(lineages.names)
    found = []
    for odds, inside in zip(answers.odds, answers.in_set, strict=True):
        members = np.flatnonzero(inside)
        members = members[np.argsort(-odds[members], kind="stable")]
        more = len(members) - _WRITTEN
        text = "; ".join(finest[members[:_WRITTEN]]) or None
        found.append(f"{text}; and {more} more" if more > 0 else text)
    return found


def _relatives(model: NamingModel, answers: Answers, confidence: float) -> dict[str, np.ndarray]:
    placement = model.placement
    nearest = nearest_tip(answers.said.to_taxa, placement.tips)
    low, high = relative_limits(placement, answers.verdict, confidence)
    return {
        "relative": np.where(answers.verdict == NO_SUCH, None, placement.tips[nearest]),
        "relative_low": low,
        "relative_high": high,
    }


def _candidates(model: NamingModel, answers: Answers) -> dict[str, np.ndarray | list]:
    new = {NEW.format(rank) for rank in model.lineages.ranks}
    scores = score_candidates(model, model.candidates, answers.said, answers.best, answers.node)
    is_new = np.array([word in new for word in answers.verdict], bool)
    names, gains = told_candidates(model.candidates, scores, is_new)
    return {"candidates": names, "candidate_gain": gains}
