"""Predict taxa from images alone: by their neighbours, and as each variant answers."""

import numpy as np
import pandas as pd
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.visual_genetic.recognition.predicting import predict_images

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
taxa = read_labels(given.labels)[params.rank]
runs = zip(given.embeddings, given.answers, snakemake.output, strict=True)
for embeddings, answers, predictions in runs:
    placed = np.load(embeddings, allow_pickle=False)
    images = pd.DataFrame({"taxon": taxa.loc[placed["id"]], "part": placed["part"]})
    found = predict_images(
        np.concatenate([placed["values"][None], placed["permuted"]]),
        images,
        pd.read_parquet(answers),
        params.neighbours,
    )
    found.to_parquet(predictions, index=False)
