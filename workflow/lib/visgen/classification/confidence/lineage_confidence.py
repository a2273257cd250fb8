"""How far joint answers can be trusted: calibration, sets of lineages, and how deep to name."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.confidence.answered import ANSWERED_COLUMNS, answered_curve
from visgen.classification.confidence.lineage_sets import (
    FLAT,
    NODES,
    LineageSets,
    tail_lineages,
)
from visgen.classification.confidence.mean_coverage import Deal, by_group
from visgen.classification.confidence.measuring import (
    BIN_COLUMNS,
    score_means,
    score_reliability,
)
from visgen.classification.confidence.node_sets import node_ranks
from visgen.classification.confidence.redeals import REDEALT, Redealt
from visgen.classification.confidence.set_coverage import ALL, HEAD, TAIL, of_group
from visgen.classification.confidence.slices import slice_images
from visgen.classification.evaluators import ALL_RANKS, MARGINAL
from visgen.classification.lineages.answering import (
    JointAnswers,
    answer_jointly,
    rank_tables,
)
from visgen.classification.lineages.joint import marginals


class LineageConfidence(NamedTuple):
    """How far the joint answers of one classifier can be trusted.

    Attributes
    ----------
    scores
        rank, seed, part, evaluator, metric, role, against, value, ci_low, ci_high, n,
        n_permutations.
    bins
        Columns seed, rank, evaluator, confidence, accuracy, n_images.
    omitted
        seed, rank, evaluator, group, reason.
    answered
        Columns `visgen.classification.confidence.answered.ANSWERED_COLUMNS`.
    answers
        One row a test image and seed: seed, id; for
        each rank its taxon and ``p:<rank>``, its probability; trusted_rank and trusted_taxon, the
        smallest node that holds the truth with the confidence asked for (null: no taxon can be
        named), and set_size, the number of lineages in the flat set.
    """

    scores: list[dict]
    bins: pd.DataFrame
    omitted: list[dict]
    answered: pd.DataFrame
    answers: pd.DataFrame


def measure_lineages(
    predictions: Mapping[tuple[int, str], pd.DataFrame],
    above: Mapping[str, pd.DataFrame],
    specimens: pd.Series,
    n_train: Mapping[tuple[int, str], pd.Series],
    *,
    tail: int,
    confidence: float,
    simulations: int = 200,
) -> LineageConfidence:
    """Measure the joint answers of one classifier on the test part, by seed.

    Parameters
    ----------
    predictions
        By (seed, rank), ranks of a seed in any order: columns part, id, truth, predicted, and one
        probability a taxon.
    above
        By rank, coarse to fine: the taxa above each taxon, as
        `visgen.specimens.taxonomy.lineage` returns them.
    specimens
        Specimen of each image, index id.
    n_train
        By (seed, rank): training images of each taxon, index taxon.
    tail, confidence, simulations
        As in `visgen.classification.confidence.measuring.measure_confidence`.

    Notes
    -----
    A seed with fewer than two ranks has no joint answer, and no row.
    """
    scores, bins, omitted, curves, tables = [], [], [], [], []
    deals, redeals = [], []
    for seed in sorted({seed for seed, _ in predictions}):
        own = {rank: predictions[seed, rank] for rank in above if (seed, rank) in predictions}
        if len(own) < 2:
            continue
        answers = answer_jointly(own, above, specimens)
        for rank, table in rank_tables(answers, own, None).items():
            test = slice_images(table, specimens)[2]
            if len(test.truth):
                rows, curve = score_reliability(test, 1.0, simulations, seed)
                labels = {"rank": rank, "seed": seed, "part": "test", "evaluator": MARGINAL}
                scores += [labels | row for row in rows]
                bins.append(curve.assign(seed=seed, rank=rank, evaluator=MARGINAL))
        curves += _curves(answers, seed)
        labelled = np.stack([table["truth"].notna() for table in own.values()], axis=1)
        in_tail = tail_lineages(answers.lineages, {rank: n_train[seed, rank] for rank in own}, tail)
        sets = LineageSets(answers, labelled, specimens, in_tail, confidence)
        shared = {"rank": ALL_RANKS, "seed": seed, "part": "test"}
        for names in (FLAT, NODES):
            rows, without = sets.score(names, seed)
            scores += [shared | row for row in rows]
            omitted += [{"seed": seed, "rank": ALL_RANKS} | row for row in without]
        scores += [shared | row for row in sets.score_depth(seed)]
        deals.append(_split(sets))
        redealt = _redealt(sets, seed, confidence)
        redeals += _deals_of(redealt)
        scores += [shared | row for row in _score_redealt(redealt)]
        tables.append(_answers(sets).assign(seed=seed))
    for part, found in (("test", deals), (REDEALT, redeals)):
        means = score_means(found, confidence, part)
        scores += [{"rank": ALL_RANKS} | row for row in [*means, *_of_nodes(means)]]
    return LineageConfidence(
        scores,
        _joined(bins, BIN_COLUMNS),
        omitted,
        _joined(curves, ANSWERED_COLUMNS),
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(),
    )


def _curves(answers: JointAnswers, seed: int) -> list[pd.DataFrame]:
    """Return accuracy by the share answered at each rank, of test images that can be scored."""
    test, curves = (answers.labels["part"] == "test").to_numpy(), []
    for r, (rank, sure) in enumerate(_named_odds(answers).items()):
        truth, named = answers.truth[:, r], answers.lineages.places[answers.best, r]
        scored = test & (truth >= 0)
        curve = answered_curve(sure[scored], (truth == named)[scored])
        curves.append(curve.assign(seed=seed, rank=rank))
    return curves


def _named_odds(answers: JointAnswers) -> dict[str, np.ndarray]:
    """Return the summed probability of the taxa of the most probable lineage, by rank."""
    found = {}
    for r, (rank, odds) in enumerate(marginals(answers.probabilities, answers.lineages).items()):
        place = answers.lineages.places[answers.best, r]
        own = odds[np.arange(len(odds)), place]
        found[rank] = np.where(place >= 0, own, np.nan)
    return found


def _split(sets: LineageSets) -> dict[tuple[str, str], Deal]:
    """Return the split itself as deals, by evaluator and group of taxa."""
    groups = np.zeros(len(sets.in_tail), int), sets.in_tail.astype(int)
    pooled, apart = (sets.deal(group) for group in groups)
    return by_group((pooled, apart), FLAT, apart.test_group > 0, _is_apart(sets))


def _is_apart(sets: LineageSets) -> bool:
    return bool(sets.in_tail.any() and not sets.in_tail.all())


def _redealt(
    sets: LineageSets, seed: int, confidence: float
) -> dict[tuple[str, str], list[Redealt]]:
    """Return what sets hold in deals that can be scored, by evaluator and group of taxa."""
    found: dict[tuple[str, str], list[Redealt]] = defaultdict(list)
    rare = sets.in_tail.astype(int)
    for names in (FLAT, NODES):
        for name, group in zip(names, (np.zeros_like(rare), rare), strict=True):
            if name == names[1] and not _is_apart(sets):
                continue
            for each in sets.redealt(names, group, seed):
                for subset, members in _members(sets, each.deal).items():
                    part = each.select(members)
                    if part.deal.is_usable(confidence):
                        found[name, subset].append(part)
    return found


def _members(sets: LineageSets, deal: Deal) -> dict[str, np.ndarray]:
    """Return which test specimens of a deal are of which group of taxa."""
    rare = pd.Series(sets.in_tail[sets.test.lineage], sets.test.code)
    calibration = pd.Series(sets.in_tail[sets.calibration.lineage], sets.calibration.code)
    rare = pd.concat([calibration, rare])
    rare = rare[~rare.index.duplicated()].loc[deal.test].to_numpy()
    everyone = {ALL: np.ones(len(rare), bool)}
    return everyone | ({HEAD: ~rare, TAIL: rare} if _is_apart(sets) else {})


def _deals_of(redealt: Mapping[tuple[str, str], list[Redealt]]) -> list[dict]:
    """Return the deals of flat sets, one entry each; those of nodes are the same."""
    return [{key: each.deal} for key, found in redealt.items() if key[0] in FLAT for each in found]


def _of_nodes(rows: list[dict]) -> list[dict]:
    """Return rows of flat sets as those of nodes, whose specimens and so ranges are the same."""
    twin = dict(zip(FLAT, NODES, strict=True))
    return [row | {"evaluator": twin[row["evaluator"]]} for row in rows]


def _score_redealt(redealt: Mapping[tuple[str, str], list[Redealt]]) -> list[dict]:
    """Return mean coverage and size over the deals of one seed that can be scored."""
    rows = []
    for (name, subset), found in redealt.items():
        shared = {"evaluator": name, "part": REDEALT, "ci_low": np.nan, "ci_high": np.nan}
        shared["n"] = min(len(each.covered) for each in found)
        for metric, values in (
            ("coverage", [each.covered.mean() for each in found]),
            ("set_size", [each.size.mean() for each in found]),
        ):
            if len(known := [value for value in values if not np.isnan(value)]):
                row = {"metric": of_group(metric, subset), "value": float(np.mean(known))}
                rows.append(shared | row | {"n_permutations": len(known)})
    return rows


def _answers(sets: LineageSets) -> pd.DataFrame:
    """Return what each test image is, how sure that is, and how deep it can be named."""
    answers = sets.answers
    rows = np.flatnonzero((answers.labels["part"] == "test").to_numpy())
    table, sure = answers.labels.iloc[rows][["id"]].reset_index(drop=True), _named_odds(answers)
    names = answers.lineages.names.to_numpy(object)[answers.best[rows]]
    for r, rank in enumerate(answers.lineages.ranks):
        table[rank], table[f"p:{rank}"] = names[:, r], sure[rank][rows]
    finest = node_ranks(sets.paths(rows), sets.limit(sets.can_be_apart()), answers.lineages)
    ranks = np.array([*answers.lineages.ranks, None], object)
    table["trusted_rank"] = ranks[finest]
    table["trusted_taxon"] = np.where(finest >= 0, names[np.arange(len(rows)), finest], None)
    table["set_size"] = sets.flat_sizes(rows)
    return table


def _joined(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    return table.reindex(columns=columns)
