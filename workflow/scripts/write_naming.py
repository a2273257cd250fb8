"""Write the page to look through named specimens, and their photographs beside it."""

import os
from pathlib import Path

from visgen.machine.logs import start_log
from visgen.report.naming_page.content import page_content
from visgen.report.naming_page.pictures import make_pictures, shown_pictures
from visgen.report.page import render_report
from visgen.report.photographs import photographs_script
from visgen.specimens.records import read_images, read_labels
from visgen.tables import read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
tables = {
    "specimens": read_table(given.named[0]),
    "images": read_table(given.photographs[0]),
    "rejected": read_table(given.rejected[0]),
    "suspects": read_table(given.suspects),
    "taxonomy": read_table(given.taxonomy),
}
images = read_images(given.image_table, os.environ["VISGEN_IMAGES"]).set_index("id")["path"]
labelled = read_labels(given.labels)["specimen"]
photographs = make_pictures(
    shown_pictures(
        tables["specimens"],
        tables["images"],
        os.environ["VISGEN_UNNAMED"],
        images.groupby(labelled.reindex(images.index)).first(),
    ),
    tuple(params.background),
    params.max_pixels,
)
content = page_content(tables, params.settings, photographs, given.parts)
Path(made.page).write_text(render_report(given.template, content), encoding="utf-8")
Path(made.photographs).write_text(photographs_script(photographs), encoding="utf-8")
