"""Score the predictions of every classifier of a backbone, side by side."""

import pandas as pd
from visgen.classification.predictions import iterate_predictions
from visgen.classification.scores.choosing import choose_classifiers
from visgen.classification.scores.guessed import Study, collect_guesses
from visgen.classification.scores.scoring import score_classifiers
from visgen.classification.scores.taxa import (
    TAXA_COLUMNS,
    score_taxa,
    tabulate_confusion,
    tabulate_taxa,
)
from visgen.distances.matrices import load_distances
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.metrics import metrics_table
from visgen.specimens.records import read_labels
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, output, params = snakemake.input, snakemake.output, snakemake.params
distances = load_distances(given.distances[0]) if given.distances else None
study = Study(read_labels(given.labels), params.ranks, distances, params.tree_rank)
training = {n: read_table(p) for n, p in zip(params.classifiers, given.training, strict=True)}
found, weights, taxa = {}, [], []
for name, path in zip(params.classifiers, given.predictions, strict=True):
    found[name], fitted = collect_guesses(
        iterate_predictions(path), training[name], study, derived=name in params.candidates
    )
    weights += [{"variant": name} | row for row in fitted]
    tabulated = tabulate_taxa(found[name], study, training[name])
    taxa += [{"variant": name} | row for row in tabulated]
taxa = pd.DataFrame(taxa, columns=TAXA_COLUMNS)
write_table(output.taxa, taxa)
rows = score_classifiers(found, study, reference=params.reference, bootstraps=params.bootstraps)
labels = {"experiment": "classification", "backbone": snakemake.wildcards.backbone}
scores = metrics_table([labels | row for row in [*rows, *weights, *score_taxa(taxa)]])
write_table(output.scores, scores)
confusion = pd.concat({n: tabulate_confusion(found[n], study) for n in found}, names=["variant"])
confusion.reset_index("variant").to_parquet(output.confusion, index=False)
write_table(output.chosen, choose_classifiers(scores, params.ranks, params.candidates))
