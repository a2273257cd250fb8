"""Guide one embedding by the distances of all taxa: what the maps of the report show."""

import pandas as pd
from visgen.devices import pick_device
from visgen.distances import load_distances
from visgen.feature_tables import read_features
from visgen.guidance.files import write_fit
from visgen.guidance.variants import make_embedder
from visgen.held_out.folds import placed_taxa
from visgen.held_out.refits import fit_all
from visgen.logs import start_log
from visgen.taxon_vectors import enough_images
from visgen.threads import use_threads

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
genetic = load_distances(given.genetic)
taxa = pd.read_parquet(given.specimens).set_index("id")[params.rank]
enough, _ = enough_images(taxa, params.min_images)
placed = placed_taxa(genetic, enough, [snakemake.wildcards.variant])
embedder = make_embedder(
    read_features(given.features),
    taxa.where(taxa.isin(placed)),
    params.variant,
    seed=params.seed,
    device=pick_device(),
)
fit = fit_all(embedder, genetic)
write_fit(dict(snakemake.output.items()), embedder, fit, genetic)
