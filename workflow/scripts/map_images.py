"""Lay a backbone's images out in the plane, draw them, and score who lies next to whom."""

from visgen.features.maps.choosing import MAX_SHOWN, choose_images, rank_to_colour
from visgen.features.maps.nearest import score_map
from visgen.features.maps.planes import lay_out, standardised
from visgen.features.seen import finest_names
from visgen.features.tables import read_features
from visgen.figures.features.map import plot_map
from visgen.figures.features.map_styles import styles_by_rank
from visgen.figures.saving import save_figure
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
labels = read_labels(given.labels)
taxa = finest_names(labels, params.ranks)
chosen = choose_images(labels, taxa, MAX_SHOWN, params.seed)
features = read_features(given.features).droplevel("repeat")
values = standardised(features.loc[chosen].to_numpy())
planes, shown = lay_out(values, params.seed), labels.loc[chosen]

places = shown[["specimen"]].rename_axis("image").reset_index()
places[["pca_1", "pca_2"]], places[["tsne_1", "tsne_2"]] = planes.pca, planes.tsne
write_table(made.table, places)
scores = score_map(
    values, shown, params.ranks, planes.shares, snakemake.wildcards.backbone, params.seed
)
write_table(made.scores, scores)
drawn = styles_by_rank(shown, params.ranks, rank_to_colour(shown, params.ranks))
save_figure(plot_map(places, planes.shares, drawn, len(labels)), made.figure, params.dots_per_inch)
