"""Download a model's ImageNet weights, once."""

from pathlib import Path

from visgen.backbones import fetch_pretrained
from visgen.logs import start_log

start_log(snakemake.log[0])
fetch_pretrained(snakemake.wildcards.model, Path(snakemake.output[0]))
