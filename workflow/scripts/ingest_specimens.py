"""Check every image against the table; write what is accepted and what is not."""

import os
from pathlib import Path

from visgen.machine.logs import start_log
from visgen.name_tables import read_synonyms
from visgen.specimens.ingest import ingest
from visgen.specimens.records import write_records
from visgen.specimens.rejections import check_share
from visgen.specimens.table import read_meta
from visgen.specimens.taxonomy import tabulate_taxa
from visgen.tables import write_table

start_log(snakemake.log[0])
made, params = snakemake.output, snakemake.params
meta = None
if snakemake.input.meta:
    meta = read_meta(snakemake.input.meta[0], params.columns, params.ranks, params.missing_values)
specimens, rejected = ingest(
    os.environ["VISGEN_IMAGES"],
    meta=meta,
    ranks=params.ranks,
    path_pattern=params.path_pattern,
    missing_values=params.missing_values,
    synonyms=read_synonyms(snakemake.input.synonyms[0]) if snakemake.input.synonyms else {},
    specimen_pattern=params.specimen_pattern,
    contradictions=params.contradictions,
    max_pixels=params.max_pixels,
    min_side=params.min_side,
    max_aspect_ratio=params.max_aspect_ratio,
    background=tuple(params.background),
    workers=int(os.environ["VISGEN_WORKERS"]),
)
# Snakemake deletes the tables of a failed job; what lies beside the log stays.
listed = Path(snakemake.log[0]).with_name("rejected.tsv")
write_table(listed, rejected)
readings = specimens.loc[specimens["reading"].notna(), ["id", "reading"]]
if len(readings):
    print(f"{len(readings)} images left something open, and were read so:")
    print(readings.to_csv(sep="\t", index=False))
n_rows = None if meta is None else len(meta)
check_share(specimens, rejected, params.max_rejected, n_rows, listed)
write_records(made, specimens)
write_table(made.taxonomy, tabulate_taxa(specimens, params.ranks))
write_table(made.rejected, rejected)
