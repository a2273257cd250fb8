"""Take the image tower out of a CLIP model in open_clip's files."""

from pathlib import Path

from visgen.features.open_clip import convert_open_clip
from visgen.machine.logs import start_log

start_log(snakemake.log[0])
given = snakemake.input
convert_open_clip(Path(given.weights), Path(given.config), Path(snakemake.output[0]))
