"""What it costs to name pictures that have lost their colour, detail, a part or all but a shape."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.confidence.set_coverage import mean_with_interval, share_with_wilson
from visgen.classification.evaluators import ALL_RANKS, JOINT
from visgen.features.tables import read_features
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, metrics_table
from visgen.naming.answering import Asked
from visgen.naming.known_scores import NOVELTY, TRUSTED, row_of
from visgen.naming.labelled import Labelled, labelled_specimens
from visgen.naming.novelty_doubt import of_looks
from visgen.naming.overview import AS_THEY_ARE
from visgen.naming.preparing import Prepare
from visgen.naming.scored import Scored
from visgen.naming.scoring import EXPERIMENT, TEST, ask_about, learn_from, lineage_of
from visgen.tables import read_table

#: As an evaluator: what is told of pictures before they are named.
PICTURE = "picture"


class Version(NamedTuple):
    """Specimens whose pictures were degraded, beside the same as they are.

    Attributes
    ----------
    degraded, clean
        The same specimens by as many images each.
    odd, odd_clean
        (n_specimens,) whether its pictures have an oddity that changes how all on them looks.
    lacking
        (n_images,) of all images that were drawn, whether there is no such version of it.
    """

    degraded: Labelled
    clean: Labelled
    odd: np.ndarray
    odd_clean: np.ndarray
    lacking: np.ndarray


def read_version(
    features: pd.DataFrame,
    degraded: str | Path,
    pictures: str | Path,
    labels: pd.DataFrame,
    ranks: Sequence[str],
) -> Version | None:
    """Read the features of a degraded version; None where no image has one.

    Parameters
    ----------
    features
        (n_images, n_features) of the images themselves, index id.
    degraded, pictures
        Features and `visgen.features.degraded.look_at_degraded`, of the rule extract_degraded.
    labels, ranks
        As `visgen.naming.labelled.labelled_specimens` takes them.
    """
    looked = read_table(pictures).set_index("id")
    made = looked[looked["made"]].sort_index()
    if made.empty:
        return None
    own = labels.loc[made.index]
    versions = [
        labelled_specimens(of, own, ranks)
        for of in (read_features([degraded]).droplevel("repeat"), features)
    ]
    odd = [
        np.bincount(versions[0].images, [bool(of_looks(words)) for words in made[column]]) > 0
        for column in ("oddities", "oddities_clean")
    ]
    return Version(*versions, *odd, lacking=~looked["made"].to_numpy())


def score_degraded(
    labelled: Labelled,
    part: pd.Series,
    prepare: Prepare,
    versions: Mapping[str, Version | None],
    *,
    confidence: float,
    false_flags: float,
    seed: int,
    shared: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Learn names from the training and validation part, and ask about degraded test images.

    Parameters
    ----------
    labelled, part, prepare, confidence, false_flags, seed, shared
        As `visgen.naming.scoring.score_naming` takes them.
    versions
        By word of `visgen.features.options.DEGRADED`.

    Returns
    -------
    DataFrame
        Columns of the contract, with a part ``test_<word>`` for each version of which there are
        test specimens of taxa that were learned; see docs/metrics.md.
    """
    is_test = (part.loc[labelled.taxa.index] == TEST).to_numpy()
    model = learn_from(labelled.of(~is_test), prepare, None, seed)
    asked = Asked(confidence, false_flags, None)
    columns = {"experiment": EXPERIMENT, "seed": seed} | dict(shared or {})
    rows = []
    for word, version in versions.items():
        if version is None:
            continue
        taxa = version.clean.taxa
        chosen = (part.reindex(taxa.index) == TEST).to_numpy() & (lineage_of(taxa, model) >= 0)
        if not chosen.any():
            continue
        degraded, clean = (
            ask_about(of.of(chosen), model, asked) for of in (version.degraded, version.clean)
        )
        found = _score_version(
            degraded, clean, version.odd[chosen], version.odd_clean[chosen], seed
        )
        lacking = row_of(PICTURE, "lacking", share_with_wilson(version.lacking))
        found.append({"rank": ALL_RANKS} | lacking)
        rows += [{"part": f"{TEST}_{word}"} | row for row in found]
    return metrics_table([columns | row for row in rows])


def _score_version(
    degraded: Scored, clean: Scored, odd: np.ndarray, odd_clean: np.ndarray, seed: int
) -> list[dict]:
    of_each = _told(degraded, odd), _told(clean, odd_clean)
    rows = []
    for (rank, evaluator, metric), is_so in of_each[0].items():
        was_so = of_each[1][rank, evaluator, metric]
        own = {"rank": rank, "evaluator": evaluator, "metric": metric}
        found = [
            ({"role": SCORE}, is_so),
            ({"role": EXPECTED, "against": AS_THEY_ARE}, was_so),
        ]
        for role, values in found:
            told = values[values >= 0]
            if len(told):
                rows.append(own | role | row_of(evaluator, metric, share_with_wilson(told)))
        paired = (is_so >= 0) & (was_so >= 0)
        if metric != "named_accuracy" and paired.any():
            less = (is_so - was_so)[paired].astype(float)
            ends = mean_with_interval(less, np.arange(len(less)), seed)
            role = {"role": DIFFERENCE, "against": AS_THEY_ARE}
            rows.append(own | role | row_of(evaluator, metric, (*ends, len(less))))
    return rows


def _told(scored: Scored, odd: np.ndarray) -> dict[tuple[str, str, str], np.ndarray]:
    """Return by rank, evaluator and metric what holds of each specimen, (n,) 1 or 0; −1: unasked.

    Names that are trusted are judged among those that are, which are others in each version.
    """
    truth, named, node = scored.truth, scored.named, scored.answers.node
    told = {}
    for r, rank in enumerate(scored.model.lineages.ranks):
        judged = truth[:, r] >= 0
        if not judged.any():
            continue
        right, deep = named[:, r] == truth[:, r], (node >= r) & (named[:, r] >= 0)
        told[rank, JOINT, "accuracy"] = np.where(judged, right, -1)
        told[rank, TRUSTED, "named"] = np.where(judged, deep, -1)
        told[rank, TRUSTED, "named_accuracy"] = np.where(judged & deep, right, -1)
    told[ALL_RANKS, TRUSTED, "coverage"] = scored.holds(node).astype(int)
    told[ALL_RANKS, NOVELTY, "false_flags"] = scored.flagged.astype(int)
    told[ALL_RANKS, NOVELTY, "unwarned_flags"] = (scored.flagged & ~odd).astype(int)
    told[ALL_RANKS, PICTURE, "noticed"] = odd.astype(int)
    return told
