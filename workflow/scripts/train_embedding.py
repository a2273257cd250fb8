"""Guide one embedding by the distances of all taxa: what the maps of the report show."""

import pandas as pd
from visgen.devices import pick_device
from visgen.distances import load_distances
from visgen.feature_tables import read_features
from visgen.guidance.files import write_fit
from visgen.guidance.variants import make_embedder
from visgen.held_out.refits import fit_all
from visgen.logs import start_log
from visgen.tables import read_table
from visgen.threads import use_threads

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
placed = read_table(given.taxa)["taxon"]
taxa = pd.read_parquet(given.specimens).set_index("id")[params.rank]
embedder = make_embedder(
    read_features(given.features),
    taxa.where(taxa.isin(placed)),
    params.variant,
    seed=params.seed,
    device=pick_device(),
)
fit = fit_all(embedder, load_distances(given.genetic))
write_fit(dict(snakemake.output.items()), embedder, fit)
