"""Write a simulated study: images, table, tree, rDNA and the truth behind them."""

from pathlib import Path

from visgen.logs import start_log
from visgen.simulate.study import simulate_study
from visgen.threads import use_threads

start_log(snakemake.log[0])
use_threads()
folder = Path(snakemake.output.images).parent
simulate_study(folder, **snakemake.params.simulation)
