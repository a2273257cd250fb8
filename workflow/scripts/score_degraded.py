"""Score names of degraded pictures of test specimens, beside those of the pictures as they are."""

import pandas as pd
from visgen.features.tables import read_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.naming.degraded_scores import read_version, score_degraded
from visgen.naming.studies import read_splits_of_study
from visgen.specimens.records import read_labels
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
labels = read_labels(given.labels)
features = read_features(given.features).droplevel("repeat")
versions = {
    word: read_version(features, degraded, pictures, labels, params.ranks)
    for word, degraded, pictures in zip(
        params.degraded, given.degraded, given.pictures, strict=True
    )
}
del features  # which the study has too
tables = [
    score_degraded(
        split.study.labelled,
        split.part,
        split.study.prepare,
        versions,
        confidence=params.confidence,
        false_flags=params.false_flags,
        seed=split.seed,
        shared={"backbone": params.backbone},
    )
    for split in read_splits_of_study(
        dict(given.items()), params.ranks, params.learned, share=None, threads=snakemake.threads
    )
]
write_table(snakemake.output[0], pd.concat(tables, ignore_index=True))
