"""Name the specimens of new photographs."""

import os
from pathlib import Path

import pandas as pd
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.name_tables import read_synonyms
from visgen.naming.answering import Asked
from visgen.naming.opening import open_model
from visgen.naming.photographs import name_photographs

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
opened = open_model(
    Path(given.model_json).parent,
    restrict=given.restrict[0] if given.restrict else None,
    place=params.place,
    synonyms=read_synonyms(given.synonyms[0]) if given.synonyms else {},
    workers=int(os.environ["VISGEN_WORKERS"]),
)
if opened.unknown:
    print(f"{given.restrict[0]}: not of this study: {', '.join(opened.unknown)}")
name_photographs(
    pd.read_parquet(given.photographs),
    Path(os.environ["VISGEN_UNNAMED"]),
    opened.model,
    opened.looking,
    Asked(params.confidence, params.false_flags, opened.allowed),
    opened.usual,
    {"specimens": made.specimens, "images": made.images},
    Path(os.environ["VISGEN_FEATURE_STORE"]),
)
