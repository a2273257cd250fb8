"""Score the test predictions of every classifier of a backbone."""

import pandas as pd
from visgen.logs import start_log
from visgen.metrics import metrics_table, score_test_part
from visgen.predictions import read_predictions
from visgen.tables import write_table
from visgen.threads import use_threads

start_log(snakemake.log[0])
use_threads()
specimens = pd.read_parquet(snakemake.input.specimens).set_index("id")["specimen"]
labels = {"experiment": "classification", "backbone": snakemake.wildcards.backbone}
rows = [
    labels | {"variant": classifier} | score
    for classifier, path in zip(
        snakemake.params.classifiers, snakemake.input.predictions, strict=True
    )
    for score in score_test_part(
        read_predictions(path), specimens, bootstraps=snakemake.params.bootstraps
    )
]
write_table(snakemake.output[0], metrics_table(rows))
