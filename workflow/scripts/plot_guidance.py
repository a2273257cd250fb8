"""Draw how the losses of every guided variant of a backbone fell."""

from visgen.figures.guidance import plot_guidance
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
given, guided = snakemake.input, snakemake.params.guided
histories = {name: read_table(path) for name, path in zip(guided, given.histories, strict=True)}
fits = {
    name: read_table(path).iloc[0].to_dict() for name, path in zip(guided, given.fits, strict=True)
}
plot_guidance(histories, fits).savefig(snakemake.output[0], dpi=150)
