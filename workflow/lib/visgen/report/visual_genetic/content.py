"""What the report's page says of recognition with and without genetic anchors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.metrics import over_seeds
from visgen.published import read_published
from visgen.report.page import format_percent
from visgen.report.published import is_of_recognition, published_rows
from visgen.report.visual_genetic.alignment import alignment_rows, marks_of
from visgen.report.visual_genetic.findings import visual_genetic_findings
from visgen.report.visual_genetic.rows import (
    evaluator_rows,
    unseen_rows,
    variant_rows,
)
from visgen.report.visual_genetic.spaces import space_rows
from visgen.tables import read_table
from visgen.visual_genetic.recognition.evaluators import (
    chosen_evaluator,
    evaluator_in_words,
    is_validated,
)
from visgen.visual_genetic.recognition.hits import METRICS
from visgen.visual_genetic.recognition.runs import read_by_name
from visgen.visual_genetic.recognition.scoring import EXPERIMENT
from visgen.visual_genetic.spacing import PERMUTATIONS


def visual_genetic_content(
    metrics: pd.DataFrame, settings: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return rows, findings and figures of recognition, under the one name visual_genetic.

    Parameters
    ----------
    metrics
        Columns of the contract.
    settings
        rank, variants (by name: regime, anchors, permutations, stage2, sampling), steps (of stage
        2), tail, head, bootstraps.
    given
        Paths: visual_genetic_figures (``<name>.png``, one for each name of
        `visgen.visual_genetic.figure_names.FIGURES`),
        visual_genetic_omitted (``<variant>/seed-<s>/omitted.tsv`` of every run),
        visual_genetic_impossible (kinds of withheld taxa that cannot be; none or one) and
        visual_genetic_published (none or one).
    """
    scores = metrics[metrics["experiment"] == EXPERIMENT]
    mean = over_seeds(scores)
    chosen, variants = chosen_evaluator(scores), settings["variants"]
    marks = marks_of(scores, chosen, variants)
    published = [read_published(path) for path in given["visual_genetic_published"]]
    impossible = given["visual_genetic_impossible"]
    return {
        "visual_genetic": {
            "rank": settings["rank"],
            "tail": settings["tail"],
            "head": settings["head"],
            "bootstraps": settings["bootstraps"],
            "chosen": evaluator_in_words(chosen),
            "is_validated": is_validated(mean),
            "n_seeds": int(mean["n_seeds"].max()),
            "findings": visual_genetic_findings(
                scores, variants, settings["rank"], settings["steps"]
            ),
            "rows": variant_rows(mean, chosen, variants, marks),
            "alignments": alignment_rows(scores, variants, settings["steps"]),
            "evaluators": evaluator_rows(mean, variants, marks),
            "spaces": space_rows(metrics, marks),
            "space_permutations": PERMUTATIONS,
            "unseen": unseen_rows(mean, marks),
            "impossible": [row for p in impossible for row in read_table(p).to_dict("records")],
            "omitted": omitted_rows(given["visual_genetic_omitted"]),
            "published": [
                row
                for table in published
                for row in published_scores(table[is_of_recognition(table, metrics)], mean, chosen)
            ],
            "figures": {Path(path).stem: path for path in given["visual_genetic_figures"]},
        }
    }


def published_scores(
    published: pd.DataFrame, mean: pd.DataFrame, evaluator: str
) -> list[dict[str, Any]]:
    """Return each published score of recognition beside that of this study.

    Parameters
    ----------
    published
        As `visgen.published.read_published` returns it, rows of `is_of_recognition` alone.
    mean
        As `visgen.metrics.over_seeds` returns it.
    evaluator
        Which scores of this study are shown.
    """
    own = mean[(mean["evaluator"] == evaluator) & (mean["part"] == "test")]
    return published_rows(published, own, dict.fromkeys(METRICS, format_percent))


def omitted_rows(paths: Sequence[str]) -> list[dict[str, Any]]:
    """Return taxa left out of an alignment, with the variants they are left out of.

    Parameters
    ----------
    paths
        ``<variant>/seed-<s>/omitted.tsv``, with taxon, n_images, reason.

    Returns
    -------
    list of dict
        taxon (a dash for images without a label), reason, n_images (the most over runs), variants
        (names, joined).
    """
    tables = [table.assign(variant=name) for name, table in read_by_name(paths).items()]
    if not tables:
        return []
    table = pd.concat(tables).fillna({"taxon": "–"})
    groups = table.groupby(["taxon", "reason"])
    rows = groups.agg(n_images=("n_images", "max"), variants=("variant", "unique")).reset_index()
    rows["variants"] = [", ".join(sorted(names)) for names in rows["variants"]]
    return rows.to_dict("records")
