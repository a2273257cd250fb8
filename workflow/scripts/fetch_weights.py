"""Download a model's ImageNet weights, once."""

from pathlib import Path

from visgen.features.pretrained import fetch_pretrained
from visgen.machine.logs import start_log

start_log(snakemake.log[0])
fetch_pretrained(snakemake.wildcards.model, Path(snakemake.output[0]))
