"""Give the study's taxa their anchors: averages over their sequences, or a control's vectors."""

import pandas as pd
from visgen.distances.matrices import load_distances
from visgen.genetics.anchors.files import write_anchors
from visgen.genetics.anchors.measuring import measure_anchors
from visgen.genetics.vectors.files import read_study_vectors
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.taxonomy import lineage
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
specimens = pd.read_parquet(given.specimens, columns=list(params.ranks))
above = lineage(specimens, params.ranks, params.rank)
anchors, table = measure_anchors(
    snakemake.wildcards.anchors,
    params.options,
    read_study_vectors(str(given.vectors), above.index),
    above,
    load_distances(str(given.distances)) if given.distances else None,
)
write_anchors(made.anchors, anchors)
write_table(made.table, table)
