"""Check every image against the table; write what is accepted and what is not."""

import os
from pathlib import Path

from visgen.machine.logs import start_log
from visgen.specimens.ingest import ingest
from visgen.specimens.rejections import check_share
from visgen.specimens.table import read_meta
from visgen.tables import write_table

start_log(snakemake.log[0])
params = snakemake.params
meta = None
if snakemake.input.meta:
    meta = read_meta(snakemake.input.meta[0], params.columns, params.ranks, params.missing_values)
specimens, rejected = ingest(
    snakemake.input.images,
    meta=meta,
    ranks=params.ranks,
    path_pattern=params.path_pattern,
    missing_values=params.missing_values,
    specimen_pattern=params.specimen_pattern,
    contradictions=params.contradictions,
    max_pixels=params.max_pixels,
    workers=int(os.environ["VISGEN_WORKERS"]),
)
# Snakemake deletes the tables of a failed job; what lies beside the log stays.
listed = Path(snakemake.log[0]).with_name("rejected.tsv")
write_table(listed, rejected)
n_rows = None if meta is None else len(meta)
check_share(specimens, rejected, params.max_rejected, n_rows, listed)
specimens.to_parquet(snakemake.output.specimens, index=False)
write_table(snakemake.output.rejected, rejected)
