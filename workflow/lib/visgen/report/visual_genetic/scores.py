"""Scores of recognition as the page asks for them."""

from typing import Any

import pandas as pd

from visgen.metrics import SCORE, of_role


def scores_of(
    mean: pd.DataFrame,
    variant: str,
    evaluator: str,
    role: str = SCORE,
    against: str | None = None,
) -> dict[str, dict[str, Any]]:
    """Return by metric what the rows of a role say of a variant and evaluator on the test part."""
    rows = of_role(mean, role, against)
    labels = ["variant", "evaluator", "part"]
    chosen = rows[rows[labels].eq([variant, evaluator, "test"]).all(axis=1)]
    return chosen.set_index("metric").to_dict("index")
