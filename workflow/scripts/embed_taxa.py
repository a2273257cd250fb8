"""Pool the features of a taxon's images into one vector; measure visual distances."""

import pandas as pd
from visgen.distances import write_distances
from visgen.embedding import embed_taxa
from visgen.feature_tables import read_features
from visgen.logs import start_log
from visgen.taxon_vectors import enough_images
from visgen.threads import use_threads

start_log(snakemake.log[0])
use_threads()
params = snakemake.params
taxa = pd.read_parquet(snakemake.input.specimens).set_index("id")[params.rank]
taxa, _ = enough_images(taxa, params.min_images)
features = read_features(snakemake.input.features).droplevel("repeat")
vectors, distances = embed_taxa(features, taxa, params.variant, params.seed)
vectors.rename(columns=str).to_parquet(snakemake.output.vectors)
write_distances(snakemake.output.distances, distances)
