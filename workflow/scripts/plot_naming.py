"""Draw how far names can be believed, and unnamed specimens beside what they look like."""

import os
from pathlib import Path

from visgen.figures.naming.answers import plot_answers
from visgen.figures.naming.specimens import choose_specimens, plot_specimens
from visgen.figures.saving import save_figure
from visgen.machine.logs import start_log
from visgen.specimens.records import read_images, read_labels
from visgen.tables import read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
save_figure(
    plot_answers(read_table(given.scores), params.ranks), made.answers, params.dots_per_inch
)
if given.named:
    # A specimen is shown by the first of its photographs.
    photographs = read_table(given.photographs[0])
    folder = Path(os.environ["VISGEN_UNNAMED"])
    paths = {
        specimen: folder / path
        for specimen, path in photographs.groupby("specimen")["path"].first().items()
    }
    images = read_images(given.image_table, os.environ["VISGEN_IMAGES"]).set_index("id")["path"]
    specimens = read_labels(given.labels)["specimen"]
    labelled = images.groupby(specimens.reindex(images.index)).first()
    save_figure(
        plot_specimens(
            choose_specimens(read_table(given.named[0]), params.ranks),
            paths,
            labelled,
            tuple(params.background),
            params.max_pixels,
        ),
        made.specimens,
        params.dots_per_inch,
    )
