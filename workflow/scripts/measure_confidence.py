"""Measure how far the probabilities of every classifier of a backbone can be trusted."""

import pandas as pd
from visgen.classification.confidence.answered import ANSWERED_COLUMNS
from visgen.classification.confidence.lineage_confidence import measure_lineages
from visgen.classification.confidence.measuring import (
    BIN_COLUMNS,
    OMITTED_COLUMNS,
    measure_confidence,
)
from visgen.classification.predictions import read_predictions
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.metrics import metrics_table
from visgen.specimens.records import read_labels
from visgen.specimens.taxonomy import lineage
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, output, params = snakemake.input, snakemake.output, snakemake.params
labels = read_labels(given.labels)
above = {rank: lineage(labels, params.ranks, rank) for rank in params.ranks}
shared = {"experiment": "classification", "backbone": snakemake.wildcards.backbone}
options = {"tail": params.tail, "confidence": params.confidence}

scores, bins, omitted, answered, answers = [], [], [], [], []
for name, path, training in zip(params.classifiers, given.predictions, given.training, strict=True):
    n_images = read_table(training).set_index("taxon").groupby(["seed", "rank"])["n_images"]
    known = read_predictions(path), labels["specimen"], dict(iter(n_images))
    rows, curves, without = measure_confidence(*known, **options)
    joint = measure_lineages(known[0], above, *known[1:], **options)
    scores += [shared | {"variant": name} | row for row in [*rows, *joint.scores]]
    omitted += [{"variant": name} | row for row in [*without, *joint.omitted]]
    bins += [table.assign(variant=name) for table in (curves, joint.bins)]
    answered.append(joint.answered.assign(variant=name))
    answers.append(joint.answers.assign(variant=name))

write_table(output.scores, metrics_table(scores))
write_table(output.bins, pd.concat(bins)[["variant", *BIN_COLUMNS]])
write_table(output.answered, pd.concat(answered)[["variant", *ANSWERED_COLUMNS]])
write_table(output.omitted, pd.DataFrame(omitted, columns=["variant", *OMITTED_COLUMNS]))
pd.concat(answers, ignore_index=True).to_parquet(output.answers, index=False)
