"""Score every variant of every backbone on taxa that its guidance has not seen."""

from visgen.distances.matrices import load_distances
from visgen.embedding.held_out.of_study import score_held_out
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
variants, guided = (list(map(tuple, pairs)) for pairs in (params.variants, params.guided))
scores, nearest = score_held_out(
    load_distances(given.genetic),
    read_table(given.folds).set_index("taxon"),
    dict(zip(variants, given.visual, strict=True)),
    dict(zip(variants, given.permuted, strict=True)),
    dict(zip(guided, given.fits, strict=True)),
    references=params.references,
    random=params.random,
    rank=params.rank,
    seed=params.seed,
)
write_table(snakemake.output.scores, scores)
write_table(snakemake.output.nearest, nearest)
