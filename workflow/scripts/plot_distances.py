"""Draw phylogenetic distances, ordered by the rank above."""

import pandas as pd
from visgen.distances import load_distances
from visgen.figures.matrices import plot_distance_heatmap
from visgen.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order

start_log(snakemake.log[0])
ranks, rank = snakemake.params.ranks, snakemake.wildcards.rank
specimens = pd.read_parquet(snakemake.input.specimens)
distances = load_distances(snakemake.input.distances)
order = [name for name in taxonomic_order(specimens, ranks, rank) if name in distances.ids]
figure = plot_distance_heatmap(
    distances,
    order,
    group_above(specimens, ranks, rank),
    title=f"Phylogenetic distance between {len(order)} taxa ({rank})",
    label="distance",
)
figure.savefig(snakemake.output[0], dpi=150)
