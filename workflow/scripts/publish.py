"""Pack a finished study into one archive that a referee can take."""

import json
from pathlib import Path

from visgen.configuration.plan import Plan
from visgen.machine.logs import start_log
from visgen.publishing.archive import write_archive
from visgen.publishing.packing.assembling import Published, assemble
from visgen.publishing.records import jobs_behind, read_jobs

start_log(snakemake.log[0])
given = snakemake.input
targets = [given.report, given.provenance, given.metrics, *given.scores, *given.named]
study = Published(
    snakemake.params.asked,
    Plan(snakemake.params.config),
    jobs_behind(targets, read_jobs(".snakemake/metadata")),
    json.loads(Path(given.provenance).read_text(encoding="utf-8")),
    Path(snakemake.scriptdir).resolve().parents[1],
)
write_archive(snakemake.output[0], assemble(study))
