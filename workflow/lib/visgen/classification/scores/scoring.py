"""From guesses of several classifiers to their scores, side by side."""

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from visgen.bootstrap import true_taxon
from visgen.classification.evaluators import ALL_RANKS, DERIVED, INDEPENDENT, ROLLED_UP
from visgen.classification.scores.counts import count_guesses
from visgen.classification.scores.guessed import Guesses, Study, scored_images
from visgen.classification.scores.intervals import score_variants, share_with_interval
from visgen.classification.scores.lineages import impossible
from visgen.classification.scores.mistakes import lca_heights
from visgen.distances.taxon_distances import look_up
from visgen.metrics import DIFFERENCE


def score_classifiers(
    found: Mapping[str, Guesses], study: Study, *, reference: str, bootstraps: int
) -> list[dict]:
    """Score all classifiers of a backbone on validation and test.

    Parameters
    ----------
    found
        By classifier: its guesses; all classifiers have the same images.
    reference
        Classifier that the others are compared with.
    bootstraps
        Samples of specimens behind each interval on the test part.

    Returns
    -------
    list of dict
        variant, evaluator, part, rank, seed, metric, role, against, value, ci_low, ci_high, n.
        The evaluator is ``independent`` or one of
        `visgen.classification.evaluators.DERIVED`. Differences (test part) are against
        the reference, of independent classifiers, and against ``independent``, of all that is
        made of their answers. Validation values are without interval and on its choice half only
        (`visgen.specimens.splits.calibrates`). The share of images whose predictions contradict
        each other across ranks, ``impossible_lineages``, has the rank ``all``.
    """
    rows = []
    keys = {(seed, rank) for guessed in found.values() for seed, rank, _ in guessed}
    for seed, rank in sorted(keys, key=lambda key: (key[0], study.ranks.index(key[1]))):
        variants = {
            (name, evaluator): guessed[seed, rank, evaluator]
            for name, guessed in found.items()
            for evaluator in (INDEPENDENT, *DERIVED)
            if (seed, rank, evaluator) in guessed
        }
        for part in ("val", "test"):
            shared = {"part": part, "rank": rank, "seed": seed}
            scored = _score_part(variants, study, reference, bootstraps, **shared)
            rows += [shared | row for row in scored]
    for name, guessed in found.items():
        rows += [
            {"variant": name} | row for row in score_lineages(guessed, study, bootstraps=bootstraps)
        ]
    return rows


def _score_part(
    variants: Mapping[tuple[str, str], pd.DataFrame],
    study: Study,
    reference: str,
    bootstraps: int,
    *,
    part: str,
    rank: str,
    seed: int,
) -> list[dict]:
    """Return scores and differences of one part, rank and seed."""
    names = [name for name, evaluator in variants if evaluator == INDEPENDENT]
    # The reference may have left out this rank.
    others = [name for name in names if name != reference and reference in names]
    against = {(name, INDEPENDENT): (reference, INDEPENDENT) for name in others}
    against |= {
        (name, evaluator): (name, INDEPENDENT)
        for name, evaluator in variants
        if evaluator in DERIVED
    }
    scores, differences = compare_guesses(
        variants,
        study,
        part,
        rank,
        seed,
        pairs=list(against.items()) if part == "test" else [],
        bootstraps=bootstraps if part == "test" else 0,
    )
    rows = []
    for (name, evaluator), found in scores.items():
        rows += [{"variant": name, "evaluator": evaluator} | row for row in found]
    for ((name, evaluator), _), found in differences.items():
        other = reference if evaluator == INDEPENDENT else INDEPENDENT
        labels = {"variant": name, "evaluator": evaluator, "role": DIFFERENCE, "against": other}
        rows += [labels | row for row in found]
    return rows


def compare_guesses(
    variants: Mapping[Hashable, pd.DataFrame],
    study: Study,
    part: str,
    rank: str,
    seed: int,
    *,
    pairs: Sequence[tuple[Hashable, Hashable]],
    bootstraps: int,
) -> tuple[dict[Hashable, list[dict]], dict[tuple[Hashable, Hashable], list[dict]]]:
    """Score variants on the images of a part whose taxon was trained on.

    Parameters
    ----------
    variants
        By name: guesses of the same images.
    part
        ``val`` (its choosing half) or ``test``.
    rank, seed
        Of the guesses; the seed is that of the bootstrap too.
    pairs
        Names (one, other) whose differences are scored.
    bootstraps
        Samples of specimens; 0 for values alone.

    Returns
    -------
    scores, differences
        As `visgen.classification.scores.intervals.score_variants`; both empty where there is no
        image.

    Raises
    ------
    ValueError
        If variants hold different images.
    """
    scored = {name: scored_images(table, study, part) for name, table in variants.items()}
    first = next(iter(scored.values()))
    if first.empty:
        return {}, {}
    specimens = study.specimens["specimen"].loc[first["id"]]
    distances = study.distances_at(rank)
    counts = {}
    for name, table in scored.items():
        if table["id"].tolist() != first["id"].tolist():
            raise ValueError(f"{rank}, seed {seed}: {name!r} holds other images than the first")
        truth, predicted = table["truth"], table["predicted"]
        counts[name] = count_guesses(
            table,
            specimens,
            heights=lca_heights(truth, predicted, study.lineages[rank]),
            distances=None if distances is None else look_up(distances, truth, predicted),
        )
    taxon = true_taxon(first["truth"], specimens)
    return score_variants(counts, taxon, pairs=pairs, bootstraps=bootstraps, seed=seed)


def score_lineages(guessed: Guesses, study: Study, *, bootstraps: int) -> list[dict]:
    """Return the share of test images whose predicted taxa contradict each other across ranks.

    Parameters
    ----------
    guessed
        Of one classifier.
    bootstraps
        Samples of specimens behind each interval.

    Returns
    -------
    list of dict
        evaluator, part, rank (``all``), seed, metric ``impossible_lineages``, value, ci_low,
        ci_high, n; of the rolled-up predictions together with the rank that was rolled up.
    """
    rows = []
    for seed in sorted({key[0] for key in guessed}):
        ranks = [rank for rank in study.ranks if (seed, rank, INDEPENDENT) in guessed]
        rolled = [rank for rank in ranks if (seed, rank, ROLLED_UP) in guessed]
        for evaluator in (INDEPENDENT, *DERIVED):
            among = ranks[: len(rolled) + 1] if evaluator == ROLLED_UP else ranks
            own = [rank for rank in among if (seed, rank, evaluator) in guessed]
            if len(among) < 2 or not own:
                continue
            tables = {
                rank: guessed[seed, rank, evaluator if rank in own else INDEPENDENT]
                for rank in among
            }
            test = next(iter(tables.values()))
            test = test[test["part"] == "test"]
            predicted = pd.DataFrame({
                rank: table.loc[test.index, "predicted"] for rank, table in tables.items()
            })  # fmt: skip
            if predicted.empty:
                continue
            share = share_with_interval(
                impossible(predicted, study.lineages).to_numpy(),
                study.specimens["specimen"].loc[test["id"]],
                bootstraps=bootstraps,
                seed=seed,
            )
            rows.append(
                {"evaluator": evaluator, "part": "test", "rank": ALL_RANKS, "seed": seed}
                | {"metric": "impossible_lineages"}
                | share
            )
    return rows
