"""Check every photograph that is to be named; write what is accepted and what is not."""

import os
from pathlib import Path

from visgen.machine.logs import start_log
from visgen.specimens.rejections import check_any
from visgen.specimens.table import read_unnamed_meta
from visgen.specimens.unnamed import ingest_unnamed
from visgen.tables import write_table

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
photographs, rejected = ingest_unnamed(
    os.environ["VISGEN_UNNAMED"],
    meta=read_unnamed_meta(given.meta[0], {}, params.missing_values) if given.meta else None,
    specimen_pattern=params.specimen_pattern,
    max_pixels=params.max_pixels,
    min_side=params.min_side,
    max_aspect_ratio=params.max_aspect_ratio,
    background=tuple(params.background),
    workers=int(os.environ["VISGEN_WORKERS"]),
)
# Snakemake deletes the tables of a failed job; what lies beside the log stays.
listed = Path(snakemake.log[0]).with_name("rejected_unnamed.tsv")
write_table(listed, rejected)
check_any(photographs, rejected, os.environ["VISGEN_UNNAMED"], listed)
photographs.to_parquet(snakemake.output.photographs, index=False)
write_table(snakemake.output.rejected, rejected)
