"""Pool the features of each taxon's images into one vector; measure visual distances."""

from visgen.distances.matrices import write_distances
from visgen.embedding.pooling import enough_images
from visgen.embedding.unguided import embed_taxa
from visgen.embedding.views import choose_views, read_views
from visgen.features.tables import read_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
taxa = read_labels(given.labels)[params.rank]
viewed = choose_views(taxa, read_views(given.views), params.views)
taxa, _ = enough_images(viewed.taxa, params.min_images)
features = read_features(given.features).droplevel("repeat")
variants = params.variants.values()
for variant, *paths in zip(variants, made.vectors, made.distances, strict=True):
    vectors, distances = embed_taxa(features, taxa, variant, params.seed, viewed.views)
    vectors.rename(columns=str).to_parquet(paths[0])
    write_distances(paths[1], distances)
