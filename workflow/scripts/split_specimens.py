"""Deal specimens to training, validation and test parts, once a seed."""

import pandas as pd
from visgen.machine.logs import start_log
from visgen.specimens.splits import split_notes, split_specimens
from visgen.tables import write_table

start_log(snakemake.log[0])
made, params = snakemake.output, snakemake.params
specimens = pd.read_parquet(snakemake.input.specimens)
for seed, split, notes in zip(params.seeds, made.splits, made.notes, strict=True):
    parts = split_specimens(
        specimens,
        params.ranks,
        params.stratify_by,
        test=params.test,
        val=params.val,
        seed=seed,
    )
    write_table(split, parts.reset_index())
    write_table(notes, split_notes(specimens, parts, params.ranks))
