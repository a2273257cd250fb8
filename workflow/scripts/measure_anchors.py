"""Give the study's taxa their anchors: averages over their sequences, or a control's vectors."""

from visgen.distances.matrices import load_distances
from visgen.genetics.anchors.files import write_anchors
from visgen.genetics.anchors.measuring import measure_anchors
from visgen.genetics.vectors.files import read_study_vectors
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.taxonomy import lineage
from visgen.tables import of_rank, read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
taxa = read_table(given.taxa).set_index("taxon").rename_axis(params.rank)
if given.taxonomy:
    taxa = lineage(of_rank(read_table(given.taxonomy[0]), params.rank), params.ranks, params.rank)
anchors, table = measure_anchors(
    snakemake.wildcards.anchors,
    params.options,
    read_study_vectors(str(given.vectors), taxa.index),
    taxa,
    load_distances(str(given.distances)) if given.distances else None,
)
write_anchors(made.anchors, anchors)
write_table(made.table, table)
