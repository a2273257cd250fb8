"""Write the one page to read."""

import json
from datetime import date
from pathlib import Path

import pandas as pd
import yaml
from visgen.distances.steps import ranks_by_step
from visgen.figures.interactive.content import picture_content
from visgen.machine.logs import start_log
from visgen.report.answers.content import answers_content
from visgen.report.backbones import backbone_labels
from visgen.report.classification.content import classification_content
from visgen.report.embedding.agreement import descent_content
from visgen.report.embedding.as_published import as_published_content
from visgen.report.embedding.held_out import held_out_content
from visgen.report.embedding.placed import placed_content
from visgen.report.features import pretraining_content, seen_content
from visgen.report.galleries.content import galleries_content
from visgen.report.genetics.content import genetics_content
from visgen.report.maps import map_content
from visgen.report.naming.content import naming_content
from visgen.report.page import render_report
from visgen.report.prior.content import prior_content
from visgen.report.specimens import left_out, specimen_content, split_content
from visgen.report.visual_genetic.content import visual_genetic_content
from visgen.tables import read_table

start_log(snakemake.log[0])
given = snakemake.input
params = snakemake.params
metrics = read_table(given.metrics)
ranks = read_table(given.ranks)
specimens = pd.read_parquet(given.specimens)
labels = backbone_labels(params.settings["backbones"])

provenance = json.loads(Path(given.provenance).read_text(encoding="utf-8"))
page = params.settings | {
    "labels": labels,
    "dataset": params.dataset,
    "date": date.today().isoformat(),
    "counts": given.counts,
    "provenance": provenance,
    "configuration": yaml.safe_dump(provenance["config"], sort_keys=False, allow_unicode=True),
    "left_out": left_out(params.settings["tree_rank"], params.sequence_rank),
    "baselines": params.baselines,
    "genetics": None,
    "naming": None,
    "prior": None,
    "visual_genetic": None,
}
page |= specimen_content(specimens, ranks, read_table(given.rejected))
page |= split_content([read_table(path) for path in given.notes], ranks)
page |= seen_content(given.cuts, given.seen_figures, params.settings["backbones"])
page |= map_content(metrics, specimens, params.ranks, given.map_tables, given.map_figures)
page |= picture_content(
    metrics,
    specimens,
    params.ranks,
    page["tree_rank"],
    params.held_out["guided"],
    page,
    given,
)
page |= pretraining_content(given.simclr_histories, given.simclr_figures)

if params.genetics is not None:
    rank = params.sequence_rank
    step_ranks = ranks_by_step(params.ranks, rank)
    page |= genetics_content(metrics, specimens, rank, step_ranks, params.genetics, given)
page |= classification_content(metrics, params.ranks, params.baselines, given, labels)
if page["tree_rank"]:
    page["distance_figure"] = given.distance_figure
    step_ranks = ranks_by_step(params.ranks, page["tree_rank"])
    page |= descent_content(
        metrics,
        given.embedding_figures,
        given.embedding_omitted,
        given.few_images,
        given.missing,
        step_ranks,
        labels,
    )
    page |= held_out_content(
        metrics,
        given,
        tree_rank=page["tree_rank"],
        step_ranks=step_ranks,
        labels=labels,
        **params.held_out,
    )
    page |= as_published_content(given, params.seed)
    page |= placed_content(
        given.placed_tables, given.placed_trust, given.placed_figures, page["tree_rank"], labels
    )
if params.prior is not None:
    page |= prior_content(metrics, params.prior, given)
if params.visual_genetic is not None:
    page |= visual_genetic_content(metrics, params.visual_genetic, given)
if params.naming is not None:
    page |= naming_content(metrics, params.naming, given)

page |= galleries_content(
    read_table(given.examples),
    Path(given.photographs).read_text(encoding="utf-8"),
    labels,
    is_tested=any(row["is_chosen"] for row in page["classification"]),
)
steps = ranks_by_step(params.ranks, page["tree_rank"]) if page["tree_rank"] else {}
named = [] if params.naming is None else given.naming_specimens
page |= answers_content(metrics, page, steps, named)

text = render_report(given.template, page)
Path(snakemake.output[0]).write_text(text, encoding="utf-8")
