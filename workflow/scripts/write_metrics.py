"""Put every score of the run into one table."""

import pandas as pd
from visgen.machine.logs import start_log
from visgen.metrics import COLUMNS
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
scores = pd.concat(read_table(path) for path in snakemake.input.scores)
write_table(snakemake.output[0], scores[COLUMNS])
