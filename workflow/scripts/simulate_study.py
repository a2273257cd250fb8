"""Write a simulated study: images, table, tree, rDNA and the truth behind them."""

from pathlib import Path

from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.simulate.study import simulate_study

start_log(snakemake.log[0])
use_threads()
folder = Path(snakemake.output.images).parent
simulate_study(folder, **snakemake.params.simulation)
