"""Guide one embedding by the distances of all taxa: what the maps of the report show."""

from visgen.distances.matrices import load_distances
from visgen.embedding.guidance.files import write_fit, write_no_fit
from visgen.embedding.guidance.variants import fit_all, make_embedder
from visgen.embedding.held_out.folds import placed_taxa
from visgen.embedding.pooling import enough_images
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
taxa = labels[params.rank]
enough, _ = enough_images(taxa, params.min_images)
placed = placed_taxa(genetic, enough)
if placed:
    embedder = make_embedder(
        read_features(given.features),
        taxa.where(taxa.isin(placed)),
        params.variant,
        finer=labels.drop(columns=["specimen", params.rank]),
        seed=params.seed,
        device=pick_device(),
    )
    fit = fit_all(embedder, genetic)
    write_fit(dict(snakemake.output.items()), embedder, fit, genetic)
else:
    write_no_fit(dict(snakemake.output.items()))
