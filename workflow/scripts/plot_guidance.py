"""Draw how the losses of every guided variant of a backbone fell."""

from visgen.figures.guidance import plot_guidance
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
given = snakemake.input
histories, fits = {}, {}
for name, history, fit in zip(snakemake.params.guided, given.histories, given.fits, strict=True):
    histories[name] = read_table(history)
    fits[name] = read_table(fit).iloc[0].to_dict()
plot_guidance(histories, fits).savefig(snakemake.output[0], dpi=150)
