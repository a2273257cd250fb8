"""Score names of test specimens, and what is said of taxa that were withheld."""

import pandas as pd
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.naming.scoring import score_naming
from visgen.naming.study import read_study
from visgen.specimens.records import read_labels
from visgen.specimens.splits import parts_of_specimens, read_splits
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
study = read_study(
    given.features,
    given.labels,
    params.ranks,
    chosen=given.chosen,
    relatives=given.relatives,
    taxonomy=given.taxonomy,
    tree=given.tree,
    threads=snakemake.threads,
    **params.learned,
)
specimens = read_labels(given.labels)["specimen"]
tables = [
    score_naming(
        study.labelled,
        parts_of_specimens(parts, specimens),
        study.prepare,
        study.distances,
        relatives=study.relatives,
        confidence=params.confidence,
        false_flags=params.false_flags,
        share=params.withheld,
        seed=seed,
        shared={"backbone": params.backbone},
    )
    for seed, parts in read_splits(given.splits).items()
]
write_table(snakemake.output[0], pd.concat(tables, ignore_index=True))
