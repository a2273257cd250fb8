"""Infer a tree from the alignment and root it."""

import os

from visgen.genetics.trees.alignment import read_alignment
from visgen.genetics.trees.engines import infer_tree
from visgen.genetics.trees.taxon_tree import write_tree
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.name_tables import read_synonyms
from visgen.names import normalise_taxon
from visgen.spellings import accept
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
options = dict(snakemake.params.options)
if snakemake.input.synonyms:
    outgroup = map(normalise_taxon, options["outgroup"])
    synonyms = read_synonyms(snakemake.input.synonyms[0])
    accepted = accept(outgroup, synonyms, "config key genetics.tree.outgroup")
    options["outgroup"] = list(accepted.values())
found = infer_tree(
    read_alignment(snakemake.input.alignment),
    **options,
    threads=int(os.environ["VISGEN_THREADS"]),
)
write_tree(snakemake.output.inferred, found.sequences)
write_tree(snakemake.output.tree, found.taxa)
write_table(snakemake.output.model, found.model)
