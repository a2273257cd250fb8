"""Whether the scores of an archive are those that follow from what else it holds."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from visgen.configuration.plan import Plan
from visgen.metrics import COLUMNS
from visgen.publishing.archive import FILLED
from visgen.tables import read_table
from visgen.verify.comparing import differing_rows
from visgen.verify.recomputing import recomputable

#: How a table of scores was verified: scored anew from predictions and the like, or only held
#: against the table that its rows were copied from.
RECOMPUTED, COMPARED = "recomputed", "compared"


@dataclass(frozen=True)
class Verified:
    """What became of the scores of an archive.

    Attributes
    ----------
    tables
        One row a table of scores: table, how (`RECOMPUTED` or `COMPARED`), n_rows (of
        metrics.tsv), n_differing (of these rows).
    differences
        As `visgen.verify.comparing.differing_rows` returns it.
    """

    tables: pd.DataFrame
    differences: pd.DataFrame

    def n_rows(self, how: str) -> int:
        """Return how many rows of metrics.tsv were verified in a way."""
        return int(self.tables.loc[self.tables["how"] == how, "n_rows"].sum())


def verify_scores(folder: Path) -> Verified:
    """Score again what can be scored without images, and compare all rows of metrics.tsv.

    Rows of metrics.tsv are those of the tables of scores, one after the other. Each is held against
    its row in that table, and against the same row scored anew where predictions, or what else the
    score was made of, are in the archive.

    Parameters
    ----------
    folder
        That the archive was unpacked into.

    Raises
    ------
    ValueError
        If it has no configuration, or no table of scores where there should be one.
    """
    if not (folder / FILLED).is_file():
        raise ValueError(f"{FILLED}: not found, expected in every archive of a study")
    plan = Plan(yaml.safe_load((folder / FILLED).read_text(encoding="utf-8")))
    metrics = _read(folder, f"{plan.results}/report/metrics.tsv")
    scorers = dict(recomputable(plan, folder))
    tables, differences, begin = [], [], 0
    for path in plan.score_tables:
        archived = _read(folder, path)
        of_table = metrics.iloc[begin : begin + len(archived)]
        begin += len(archived)
        found = [differing_rows(path, of_table, archived)]
        if path in scorers:
            found.append(differing_rows(path, of_table, scorers[path]()[COLUMNS]))
        found = pd.concat(found).drop_duplicates()
        how = RECOMPUTED if path in scorers else COMPARED
        n_differing = len(
            found.drop(columns=["column", "archived", "recomputed"]).drop_duplicates()
        )
        tables.append((path, how, len(of_table), n_differing))
        differences.append(found)
    beyond = differing_rows(f"{plan.results}/report/metrics.tsv", metrics.iloc[begin:], metrics[:0])
    return Verified(
        pd.DataFrame(tables, columns=["table", "how", "n_rows", "n_differing"]),
        pd.concat([*differences, beyond], ignore_index=True),
    )


def _read(folder: Path, path: str) -> pd.DataFrame:
    if not (folder / path).is_file():
        raise ValueError(f"{path}: not found, expected in the archive by its configuration")
    return read_table(folder / path)
