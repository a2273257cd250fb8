"""What the report's page says of specimens that had no name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.metrics import over_seeds
from visgen.naming.overview import Overview
from visgen.report.naming.degraded import degraded_content
from visgen.report.naming.scores import known_rows, new_rows, score_findings
from visgen.report.naming.specimens import naming_findings, specimen_rows
from visgen.tables import read_table

#: Suspect labels that the page lists; all are in the table.
SUSPECTS = 20


def naming_content(
    metrics: pd.DataFrame, settings: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return findings, rows, figures and suspect labels, under the one name naming.

    Parameters
    ----------
    metrics
        Columns of the contract.
    settings
        ranks, backbone, confidence, false_flags, degraded, described.
    given
        Paths: naming_specimens and naming_rejected, both empty where no photographs were given,
        and naming_suspects and naming_figures.
    """
    scores = over_seeds(metrics[metrics["experiment"] == "naming"])
    overview = Overview(scores)
    ranks: Sequence[str] = settings["ranks"]
    suspects = read_table(given["naming_suspects"])
    page = {
        **settings,
        "lead": "",
        "findings": score_findings(overview, settings),
        "known": known_rows(overview, ranks),
        "new": new_rows(overview),
        "suspects": suspects.head(SUSPECTS).to_dict("records"),
        "n_suspects": len(suspects),
        "specimens": [],
        "n_specimens": 0,
        "n_rejected": 0,
        "figures": {Path(path).stem: path for path in given["naming_figures"]},
    }
    page |= degraded_content(scores, settings["degraded"], ranks, settings["false_flags"])
    if given["naming_specimens"]:
        table = read_table(given["naming_specimens"][0])
        n_rejected = len(read_table(given["naming_rejected"][0]))
        told = naming_findings(table, ranks, settings["confidence"], n_rejected)
        page |= {
            "lead": " ".join(told),
            "findings": [*told, *page["findings"]],
            "specimens": specimen_rows(table, ranks),
            "n_specimens": len(table),
            "n_rejected": n_rejected,
        }
    return {"naming": page}
