"""Write down what the run was made of."""

from visgen.machine.logs import start_log
from visgen.provenance import collect_provenance, write_provenance

start_log(snakemake.log[0])
provenance = collect_provenance(
    snakemake.params.config,
    [*snakemake.input.study, *snakemake.input.weights],
    snakemake.input.image_table,
    list(snakemake.input.features),
    snakemake.scriptdir,
)
write_provenance(snakemake.output[0], provenance)
