"""Score names of test specimens, and what is said of taxa that were withheld."""

from visgen.machine.logs import start_log

start_log(snakemake.log[0])
