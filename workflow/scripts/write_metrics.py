"""Put every score of the run into one table."""

import pandas as pd
from visgen.logs import start_log
from visgen.metrics import COLUMNS
from visgen.tables import write_table

start_log(snakemake.log[0])
tables = [
    pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False) for path in snakemake.input.scores
]
write_table(snakemake.output[0], pd.concat(tables)[COLUMNS])
