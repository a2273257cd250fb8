"""Measure how far the probabilities of every classifier of a backbone can be trusted."""

from visgen.classification.confidence.of_backbone import measure_backbone
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
given, output, params = snakemake.input, snakemake.output, snakemake.params
measured = measure_backbone(
    snakemake.wildcards.backbone,
    dict(zip(params.classifiers, given.predictions, strict=True)),
    dict(zip(params.classifiers, given.training, strict=True)),
    read_labels(given.labels),
    params.ranks,
    tail=params.tail,
    confidence=params.confidence,
)
write_table(output.scores, measured.scores)
write_table(output.bins, measured.bins)
write_table(output.answered, measured.answered)
write_table(output.omitted, measured.omitted)
measured.answers.to_parquet(output.answers, index=False)
