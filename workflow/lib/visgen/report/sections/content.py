"""All that the page says of a study, section by section."""

from typing import Any

import pandas as pd

from visgen.distances.steps import ranks_by_step
from visgen.report.answers.content import answers_content
from visgen.report.backbones import backbone_labels
from visgen.report.classification.content import classification_content
from visgen.report.embedding.agreement import descent_content
from visgen.report.embedding.as_published import as_published_content
from visgen.report.embedding.held_out import held_out_content
from visgen.report.embedding.placed import placed_content
from visgen.report.features import pretraining_content, seen_content
from visgen.report.genetics.content import genetics_content
from visgen.report.maps import map_content
from visgen.report.naming.content import naming_content
from visgen.report.prior.content import prior_content
from visgen.report.specimens import left_out, specimen_content, split_content
from visgen.report.visual_genetic.content import visual_genetic_content
from visgen.tables import read_table


def page_content(
    metrics: pd.DataFrame, specimens: pd.DataFrame, tables: Any, params: Any
) -> dict[str, Any]:
    """Return what the sections show, and the answers of the first screen.

    Parameters
    ----------
    metrics
        Columns of the contract.
    specimens
        A row an accepted image.
    tables
        Paths of tables and figures by name, as attributes: the input of rule write_report.
    params
        Settings of the study by name, as attributes: the params of rule write_report. Of a wing
        that the study has not, None.
    """
    settings, ranks = params.settings, read_table(tables.ranks)
    labels = backbone_labels(settings["backbones"])
    page = settings | {
        "labels": labels,
        "dataset": params.dataset,
        "counts": tables.counts,
        "left_out": left_out(settings["tree_rank"], params.sequence_rank),
        "baselines": params.baselines,
        "genetics": None,
        "naming": None,
        "prior": None,
        "visual_genetic": None,
    }
    page |= specimen_content(specimens, ranks, read_table(tables.rejected))
    page |= split_content([read_table(path) for path in tables.notes], ranks)
    page |= seen_content(tables.cuts, tables.seen_figures, settings["backbones"])
    page |= map_content(metrics, specimens, params.ranks, tables.map_tables, tables.map_figures)
    page |= pretraining_content(tables.simclr_histories, tables.simclr_figures)
    page |= classification_content(metrics, params.ranks, params.baselines, tables, labels)
    if params.genetics is not None:
        rank = params.sequence_rank
        steps = ranks_by_step(params.ranks, rank)
        page |= genetics_content(metrics, specimens, rank, steps, params.genetics, tables)
    steps = {}
    if settings["tree_rank"]:
        steps = ranks_by_step(params.ranks, settings["tree_rank"])
        page |= _embedding_content(metrics, tables, params, steps, labels)
    if params.prior is not None:
        page |= prior_content(metrics, params.prior, tables)
    if params.visual_genetic is not None:
        page |= visual_genetic_content(metrics, params.visual_genetic, tables)
    if params.naming is not None:
        page |= naming_content(metrics, params.naming, tables)
    named = [] if params.naming is None else tables.naming_specimens
    return page | answers_content(metrics, page, steps, named)


def _embedding_content(metrics, tables, params, steps, labels):
    """Return what the section on descent shows of a study that has a tree."""
    tree_rank = params.settings["tree_rank"]
    page = {"distance_figure": tables.distance_figure}
    page |= descent_content(
        metrics,
        tables.embedding_figures,
        tables.embedding_omitted,
        tables.few_images,
        tables.missing,
        steps,
        labels,
    )
    page |= held_out_content(
        metrics, tables, tree_rank=tree_rank, step_ranks=steps, labels=labels, **params.held_out
    )
    page |= as_published_content(tables, params.seed)
    return page | placed_content(
        tables.placed_tables, tables.placed_trust, tables.placed_figures, tree_rank, labels
    )
