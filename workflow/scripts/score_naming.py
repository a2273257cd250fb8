"""Score names of test specimens, and what is said of taxa that were withheld."""

import pandas as pd
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.naming.scoring import score_naming
from visgen.naming.studies import read_splits_of_study
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
params = snakemake.params
tables = [
    score_naming(
        split.study.labelled,
        split.part,
        split.study.prepare,
        split.study.distances,
        relatives=split.study.relatives,
        withheld=split.withheld,
        confidence=params.confidence,
        false_flags=params.false_flags,
        seed=split.seed,
        shared={"backbone": params.backbone},
    )
    for split in read_splits_of_study(
        dict(snakemake.input.items()),
        params.ranks,
        params.learned,
        share=params.withheld,
        threads=snakemake.threads,
    )
]
write_table(snakemake.output[0], pd.concat(tables, ignore_index=True))
