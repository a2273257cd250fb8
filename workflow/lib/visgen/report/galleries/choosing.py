"""All galleries of a study."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from visgen.report.galleries.confused import choose_confused
from visgen.report.galleries.examples import (
    CONFUSED,
    HELPED,
    MISTAKES,
    STRIP,
    TAXA,
    WEIGHTED,
    examples_table,
)
from visgen.report.galleries.helped import choose_helped
from visgen.report.galleries.looks import first_photographs, most_typical, oddness
from visgen.report.galleries.mistakes import choose_mistakes
from visgen.report.galleries.named import Choice
from visgen.report.galleries.strip import choose_strip, strip_rank
from visgen.report.galleries.taxa import choose_taxa
from visgen.report.galleries.weighted import choose_weighted


@dataclass(frozen=True)
class Shown:
    """What galleries are chosen from.

    Attributes
    ----------
    labels
        Index id, sorted; specimen and the ranks.
    features
        (n_images, n_features), index id.
    parts
        Part of each image in the first split, index id.
    ranks
        Coarse to fine.
    rank
        Of the contact sheets.
    order
        Taxa of that rank, as sheets follow each other.
    backbone
        Whose features they are.
    choice
        Whose names are shown; None where there are none.
    named
        As `visgen.report.galleries.named.named_images` returns it, of that choice.
    distances
        Between taxa of the rank of that choice; None without a tree.
    """

    labels: pd.DataFrame
    features: pd.DataFrame
    parts: pd.Series
    ranks: Sequence[str]
    rank: str
    order: Sequence[str]
    backbone: str
    choice: Choice | None
    named: pd.DataFrame
    distances: pd.DataFrame | None


def choose_galleries(
    shown: Shown,
    weights: Mapping[tuple[str, str], pd.DataFrame],
    prior: pd.DataFrame | None = None,
    source: str | None = None,
    tail: int = 0,
) -> pd.DataFrame:
    """Return the photographs of all galleries (`visgen.report.galleries.examples`).

    Parameters
    ----------
    shown
        The study.
    weights
        By backbone and variant, as in `choose_weighted`; none where no variant weighs images.
        Of the backbone whose features are shown if it has any, the first counts.
    prior, source, tail
        Predictions, as in `choose_helped`; None where the study asks no relatives.
    """
    labels, choice = shown.labels, shown.choice
    specimens, photographs = labels["specimen"], first_photographs(labels)
    wide = strip_rank(photographs, shown.ranks)
    odd = {
        rank: oddness(shown.features, labels[rank])
        for rank in {wide, shown.rank, choice.rank if choice else wide}
    }
    of_features = {"backbone": shown.backbone}
    named = shown.named if choice and choice.rank == shown.rank else shown.named[:0]
    strip = choose_strip(first_photographs(labels, wide), odd[wide], shown.ranks, wide)
    sheets = choose_taxa(labels, odd[shown.rank], shown.parts, named, shown.rank, shown.order)
    rows = {
        STRIP: _told(strip, of_features | {"rank": wide}),
        TAXA: _told(sheets, of_features | {"rank": shown.rank}),
    }
    if choice:
        of_choice = {"backbone": choice.backbone, "rank": choice.rank, "variant": choice.classifier}
        training = shown.parts.reindex(labels.index) == "train"
        named_of = [first_photographs(own, choice.rank) for own in (labels, labels[training])]
        typical = most_typical(named_of[0], odd[choice.rank], choice.rank)
        typical.update(most_typical(named_of[1], odd[choice.rank], choice.rank))
        rows[CONFUSED] = _told(choose_confused(shown.named, shown.distances), of_choice)
        rows[MISTAKES] = _told(choose_mistakes(shown.named, typical, specimens), of_choice)
    if weights:
        own = [key for key in weights if key[0] == shown.backbone]
        backbone, variant = (own or list(weights))[0]
        weighted = choose_weighted(weights[backbone, variant], specimens)
        rows[WEIGHTED] = _told(weighted, {"backbone": backbone, "variant": variant})
    if prior is not None:
        images = pd.Series(photographs.index, photographs["specimen"].to_numpy())
        rows[HELPED] = _told(choose_helped(prior, source, tail, images), {"variant": source})
    return examples_table(rows)


def _told(rows: Iterable[dict], made_with: Mapping[str, str]) -> list[dict]:
    return [row | made_with for row in rows]
