"""Deal specimens to training, validation and test parts, once a seed."""

import pandas as pd
from visgen.machine.logs import start_log
from visgen.specimens.splits import split_specimens
from visgen.tables import write_table

start_log(snakemake.log[0])
made, params = snakemake.output, snakemake.params
groups = pd.read_parquet(snakemake.input.groups)
for seed, split in zip(params.seeds, made.splits, strict=True):
    parts = split_specimens(
        groups,
        params.ranks,
        params.stratify_by,
        test=params.test,
        val=params.val,
        seed=seed,
    )
    write_table(split, parts.reset_index())
