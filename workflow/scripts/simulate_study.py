"""Write a simulated study: images, table, tree, rDNA and the truth behind them."""

from pathlib import Path

from visgen.logs import start_log
from visgen.simulate.study import simulate_study

start_log(snakemake.log[0])
simulate_study(Path(snakemake.output.images), **snakemake.params.simulation)
