"""Download a model's ImageNet weights, once."""

from pathlib import Path

from visgen.logs import start_log
from visgen.pretrained import fetch_pretrained

start_log(snakemake.log[0])
fetch_pretrained(snakemake.wildcards.model, Path(snakemake.output[0]))
