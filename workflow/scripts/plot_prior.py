"""Draw learning curves, who gains by relatives, and photographs of some."""

import os

import pandas as pd
from visgen.figures.prior.curve import plot_curve
from visgen.figures.prior.examples import choose_examples, plot_examples
from visgen.figures.prior.gain import gains_of_taxa, plot_gain
from visgen.figures.saving import save_figure
from visgen.machine.logs import start_log
from visgen.specimens.records import read_images, read_labels
from visgen.tables import read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
save_figure(plot_curve(read_table(given.scores)), made.curve, params.dots_per_inch)
taxa, nearest = (pd.concat(map(read_table, paths)) for paths in (given.taxa, given.nearest))
save_figure(plot_gain(gains_of_taxa(taxa, nearest), params.tail), made.gain, params.dots_per_inch)
# A specimen is shown by the first of its images.
images = read_images(given.image_table, os.environ["VISGEN_IMAGES"]).set_index("id")["path"]
specimens = read_labels(given.labels)["specimen"]
paths = images.groupby(specimens.reindex(images.index)).first()
examples = choose_examples(read_table(given.predictions), params.source)
save_figure(
    plot_examples(examples, paths, params.source, tuple(params.background), params.max_pixels),
    made.examples,
    params.dots_per_inch,
)
