"""The joint answers of one classifier: tables of predictions, one a rank, that fit each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from visgen.classification.lineages.deciding import least_costly, most_probable
from visgen.classification.lineages.joint import joint_logs, log_terms, marginals, odds_of
from visgen.classification.lineages.known import Lineages, known_lineages
from visgen.classification.lineages.weights import RankWeights, fit_weights
from visgen.classification.predictions import LABELS
from visgen.specimens.splits import calibrates

#: Images taken at a time, so that all lineages of a large taxonomy fit in memory.
_BLOCK = 2048

#: No probability is less, so that a sum over some lineages is never 0, whose logarithm is none.
_LEAST = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class JointAnswers:
    """What a classifier says of images when all ranks are asked together.

    Attributes
    ----------
    labels
        (n_images, 2) part and id.
    truth
        (n_images, n_ranks) number of the true taxon among those of its rank; −1 where it is not
        known or cannot be named.
    lineages
        That can be named.
    weights
        How the ranks were weighed.
    probabilities
        (n_images, n_lineages) float32.
    best
        (n_images,) number of the most probable lineage.
    cheapest
        (n_images,) number of the lineage of the least expected cost.
    """

    labels: pd.DataFrame
    truth: np.ndarray
    lineages: Lineages
    weights: RankWeights
    probabilities: np.ndarray
    best: np.ndarray
    cheapest: np.ndarray


def answer_jointly(
    tables: Mapping[str, pd.DataFrame],
    above: Mapping[str, pd.DataFrame],
    specimens: pd.Series,
) -> JointAnswers:
    """Weigh the ranks on validation, and answer with lineages.

    Parameters
    ----------
    tables
        By rank, coarse to fine: predictions of one classifier and seed, of the same images.
    above
        By rank: the taxa above each taxon, as `visgen.specimens.taxonomy.lineage` returns them.
    specimens
        Specimen of each image, index id.

    Raises
    ------
    ValueError
        If the tables hold different images.
    """
    ranks = list(tables)
    first = tables[ranks[0]]
    for rank in ranks[1:]:
        if tables[rank]["id"].tolist() != first["id"].tolist():
            raise ValueError(f"{rank}: predictions hold other images than those at {ranks[0]}")
    lineages = known_lineages({r: tables[r].columns[len(LABELS) :] for r in ranks}, above)
    odds = {rank: odds_of(table) for rank, table in tables.items()}
    truth = np.stack([lineages.taxa[r].get_indexer(tables[r]["truth"]) for r in ranks], axis=1)
    specimen = specimens.loc[first["id"]]
    chooses = (first["part"] == "val").to_numpy() & ~calibrates(specimen).to_numpy()
    weights = fit_weights(
        log_terms({rank: of[chooses] for rank, of in odds.items()}, lineages),
        truth[chooses],
        lineages,
        specimen.to_numpy()[chooses],
    )
    probabilities = np.empty((len(first), len(lineages)), np.float32)
    best, cheapest = np.empty((2, len(first)), int)
    for start in range(0, len(first), _BLOCK):
        rows = slice(start, start + _BLOCK)
        terms = log_terms({rank: of[rows] for rank, of in odds.items()}, lineages)
        logs = joint_logs(terms, weights.exponents)
        best[rows] = most_probable(logs)
        p = np.maximum(np.exp(logs), _LEAST)
        cheapest[rows] = least_costly(marginals(p, lineages), lineages)
        probabilities[rows] = p
    labels = first[["part", "id"]].reset_index(drop=True)
    return JointAnswers(labels, truth, lineages, weights, probabilities, best, cheapest)


def rank_tables(
    answers: JointAnswers, tables: Mapping[str, pd.DataFrame], named: np.ndarray | None
) -> dict[str, pd.DataFrame]:
    """Return joint answers as predictions, by rank.

    Parameters
    ----------
    answers
        As `answer_jointly` returns them.
    tables
        What they were made of; part, id and truth are taken over.
    named
        (n_images,) the lineage that is named: `best` or `cheapest`; None names at each rank the
        taxon with the largest summed probability, which need not fit that of another rank.

    Returns
    -------
    dict
        By rank: columns part, id, truth, predicted, and the summed probability of each taxon.
        `predicted` is null where the lineage has no name at the rank.
    """
    found = {}
    for rank, odds in marginals(answers.probabilities, answers.lineages).items():
        taxa = answers.lineages.taxa[rank]
        if named is None:
            predicted = taxa[odds.argmax(axis=1)].to_numpy()
        else:
            predicted = answers.lineages.names[rank].to_numpy()[named]
        labels = tables[rank][LABELS].assign(predicted=predicted)
        found[rank] = pd.concat([labels, pd.DataFrame(odds, labels.index, taxa)], axis=1)
    return found
