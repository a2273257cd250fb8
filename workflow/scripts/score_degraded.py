"""Score names of degraded pictures of test specimens, beside those of the pictures as they are."""

import pandas as pd
from visgen.features.tables import read_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.naming.degraded_scores import read_version, score_degraded
from visgen.naming.study import read_study
from visgen.specimens.records import read_labels
from visgen.specimens.splits import parts_of_specimens, read_splits
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
study = read_study(
    given.features,
    given.labels,
    params.ranks,
    chosen=given.chosen,
    relatives=given.relatives,
    taxonomy=given.taxonomy,
    tree=given.tree,
    threads=snakemake.threads,
    **params.learned,
)
tables = [
    score_degraded(
        study.labelled,
        parts_of_specimens(parts, labels["specimen"]),
        study.prepare,
        versions,
        confidence=params.confidence,
        false_flags=params.false_flags,
        seed=seed,
        shared={"backbone": params.backbone},
    )
    for seed, parts in read_splits(given.splits).items()
]
write_table(snakemake.output[0], pd.concat(tables, ignore_index=True))
