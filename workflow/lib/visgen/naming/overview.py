"""The scores that matter most to who reads names: of known taxa by rank, of new ones by kind."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.classification.evaluators import ALL_RANKS
from visgen.metrics import EXPECTED, SCORE

#: Columns of known taxa: head, evaluator, metric, role and what it is against.
KNOWN_COLUMNS = {
    "right": ("joint", "accuracy", SCORE, None),
    "trusted": ("trusted", "named", SCORE, None),
    "right of these": ("trusted", "named_accuracy", SCORE, None),
    "most frequent": ("joint", "accuracy", EXPECTED, "most_frequent"),
}
#: Columns of new taxa: head, evaluator and metric.
NEW_COLUMNS = {
    "called new": ("novelty", "flagged"),
    "at 20 % false flags": ("novelty", "flagged_at_20"),
    "AUROC": ("relative_mahalanobis", "auroc"),
    "of nearest neighbour": ("nearest_neighbour", "auroc"),
    "of largest probability": ("largest_probability", "auroc"),
    "named too deep": ("trusted", "named_too_deep"),
}
#: In the column against, of degraded pictures: the same specimens by the same pictures before.
AS_THEY_ARE = "as_they_are"
#: Metrics that are areas and no shares.
AREAS = ("auroc",)

_TEST, _BESIDE, _NEW = "test", "beside_withheld", "new_"

Row = Mapping[str, Any]


class Overview:
    """Scores by what they are of.

    Parameters
    ----------
    scores
        Of experiment naming, means over seeds: `visgen.metrics.over_seeds`.
    """

    def __init__(self, scores: pd.DataFrame):
        self._parts = list(dict.fromkeys(scores["part"].dropna()))
        self._rows = {
            (
                row["part"],
                row["rank"],
                row["evaluator"],
                row["metric"],
                row["role"],
                row["against"] if row["role"] != SCORE else None,
            ): row
            for row in scores.to_dict("records")
        }

    def of_test(
        self, rank: str, evaluator: str, metric: str, role: str = SCORE, against: str | None = None
    ) -> Row | None:
        """Return a row of test specimens of known taxa; None where there is none."""
        return self._rows.get((_TEST, rank, evaluator, metric, role, against))

    def of_beside(self, evaluator: str, metric: str) -> Row | None:
        """Return a row of specimens of known taxa that stand beside those of withheld ones."""
        return self._rows.get((_BESIDE, ALL_RANKS, evaluator, metric, SCORE, None))

    def of_new(self, rank: str, evaluator: str, metric: str) -> Row | None:
        """Return a row of specimens whose taxon of a rank was withheld."""
        return self._rows.get((f"{_NEW}{rank}", rank, evaluator, metric, SCORE, None))

    def known(self, ranks: Sequence[str]) -> Iterator[tuple[str, list[Row | None]]]:
        """Yield ranks, coarse to fine, with a row for each of `KNOWN_COLUMNS`."""
        for rank in ranks:
            rows = [self.of_test(rank, *column) for column in KNOWN_COLUMNS.values()]
            if any(row is not None for row in rows):
                yield rank, rows

    def new(self) -> Iterator[tuple[str, list[Row | None]]]:
        """Yield ranks of which taxa were withheld, with a row for each of `NEW_COLUMNS`."""
        for part in self._parts:
            if part.startswith(_NEW):
                rank = part.removeprefix(_NEW)
                yield rank, [self.of_new(rank, *column) for column in NEW_COLUMNS.values()]
