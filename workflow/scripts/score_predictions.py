"""Score the predictions of every classifier of a backbone, side by side."""

import pandas as pd
from visgen.classification.scores.choosing import choose_classifiers
from visgen.classification.scores.guessed import Study
from visgen.classification.scores.of_backbone import score_backbone
from visgen.classification.scores.taxa import tabulate_confusion
from visgen.distances.matrices import load_distances
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
given, output, params = snakemake.input, snakemake.output, snakemake.params
distances = load_distances(given.distances[0]) if given.distances else None
study = Study(read_labels(given.labels), params.ranks, distances, params.tree_rank)
scored = score_backbone(
    snakemake.wildcards.backbone,
    dict(zip(params.classifiers, given.predictions, strict=True)),
    dict(zip(params.classifiers, given.training, strict=True)),
    study,
    candidates=params.candidates,
    reference=params.reference,
    bootstraps=params.bootstraps,
)
write_table(output.taxa, scored.taxa)
write_table(output.scores, scored.scores)
found = scored.guesses
confusion = pd.concat({n: tabulate_confusion(found[n], study) for n in found}, names=["variant"])
confusion.reset_index("variant").to_parquet(output.confusion, index=False)
write_table(output.chosen, choose_classifiers(scored.scores, params.ranks, params.candidates))
