"""Guide one embedding by the distances of all taxa: what the maps of the report show."""

import pandas as pd
from visgen.distances.matrices import load_distances
from visgen.embedding.folds import groups_of_taxa, number_groups, placed_taxa
from visgen.embedding.guidance.files import write_fit, write_no_fit
from visgen.embedding.guidance.variants import fit_all, make_embedder
from visgen.embedding.pooling import enough_images
from visgen.embedding.views import choose_views, read_views
from visgen.features.tables import read_features
from visgen.machine.devices import pick_device
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
genetic = load_distances(given.genetic)
labels = read_labels(given.labels)
viewed = choose_views(labels[params.rank], read_views(given.views), params.views)
taxa = viewed.taxa
enough, _ = enough_images(taxa, params.min_images)
placed = placed_taxa(genetic, enough)
if placed:
    embedder = make_embedder(
        read_features(given.features),
        taxa.where(taxa.isin(placed)),
        params.variant,
        finer=labels.drop(columns=["specimen", params.rank]),
        views=viewed.views,
        seed=params.seed,
        device=pick_device(),
    )
    named = pd.read_parquet(given.groups).set_index("id")
    groups = groups_of_taxa(named, labels, params.ranks, params.rank).reindex(placed)
    fit = fit_all(embedder, genetic, pd.Series(number_groups(groups), placed))
    write_fit(dict(snakemake.output.items()), embedder, fit, genetic)
else:
    write_no_fit(dict(snakemake.output.items()))
