"""Write a simulated study: images, table, tree, rDNA and the truth behind them."""

from pathlib import Path

from visgen.logs import start_log
from visgen.simulate.study import simulate_study

start_log(snakemake.log[0])
folder = Path(snakemake.output.images).parent
simulate_study(folder, **snakemake.params.simulation)
