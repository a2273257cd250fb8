"""Draw which taxa the chosen classifier takes for which, a figure a rank."""

import pandas as pd
from visgen.classification.evaluators import INDEPENDENT
from visgen.figures.confusion import plot_confusion
from visgen.figures.matrices import plot_notice
from visgen.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order
from visgen.tables import read_table

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
specimens = pd.read_parquet(given.specimens)
confusion = pd.read_parquet(given.confusion)
confusion = confusion[confusion["evaluator"] == INDEPENDENT]
chosen = read_table(given.chosen).set_index("rank")["variant"]
for rank, path in zip(params.shown, snakemake.output, strict=True):
    if rank not in chosen:
        plot_notice(f"no classifier could be chosen for the rank {rank}").savefig(path, dpi=150)
        continue
    table = confusion[(confusion["rank"] == rank) & (confusion["variant"] == chosen[rank])]
    plot_confusion(
        table,
        taxonomic_order(specimens, params.ranks, rank),
        group_above(specimens, params.ranks, rank),
        title=f"{rank}: {chosen[rank].replace('_', ' ')}",
    ).savefig(path, dpi=150)
