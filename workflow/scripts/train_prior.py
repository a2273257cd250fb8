"""Learn from all labelled specimens what taxa look like, and keep it to name others with."""

from visgen.features.tables import read_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.prior.files import write_no_prior, write_prior
from visgen.prior.keeping import learn_priors
from visgen.prior.options import TAXONOMY
from visgen.prior.sources import read_sources
from visgen.prior.training import mean_specimens
from visgen.specimens.records import read_labels
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
labels = read_labels(given.labels)
specimens = mean_specimens(read_features(given.features).droplevel("repeat"), labels, params.rank)
study = read_sources(
    {s: None if s == TAXONOMY else str(given[s]) for s in params.sources},
    labels[params.rank].dropna().unique(),
    read_table(given.taxonomy),
    params.ranks,
    params.rank,
    params.tree_rank,
)
try:
    priors, reason = learn_priors(specimens, study), None
except ValueError as error:
    priors, reason = {}, str(error)
reasons = study.omitted.set_index("part")["reason"]
for source, tensors, about in zip(params.sources, made.tensors, made.about, strict=True):
    paths = {"tensors": tensors, "about": about}
    if source in priors:
        write_prior(paths, priors[source])
    else:
        write_no_prior(paths, reasons.get(source, reason))
write_table(made.lacking, study.lacking)
