"""Write the one page to read."""

import json
from datetime import date
from pathlib import Path

import pandas as pd
import yaml
from visgen.figures.interactive.content import picture_content
from visgen.machine.logs import start_log
from visgen.report.galleries.content import galleries_content
from visgen.report.page import render_report
from visgen.report.sections.content import page_content
from visgen.tables import read_table

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
metrics = read_table(given.metrics)
specimens = pd.read_parquet(given.specimens)
provenance = json.loads(Path(given.provenance).read_text(encoding="utf-8"))
page = page_content(metrics, specimens, given, params) | {
    "date": date.today().isoformat(),
    "provenance": provenance,
    "configuration": yaml.safe_dump(provenance["config"], sort_keys=False, allow_unicode=True),
}
page |= picture_content(
    metrics,
    specimens,
    params.ranks,
    page["tree_rank"],
    params.held_out["guided"],
    page,
    given,
)
page |= galleries_content(
    read_table(given.examples),
    Path(given.photographs).read_text(encoding="utf-8"),
    page["labels"],
    is_tested=any(row["is_chosen"] for row in page["classification"]),
)
text = render_report(given.template, page)
Path(snakemake.output[0]).write_text(text, encoding="utf-8")
