"""Name the specimens of new photographs."""

import os
from pathlib import Path

import pandas as pd
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.name_tables import read_synonyms
from visgen.naming.answering import Asked
from visgen.naming.files import NETWORK, read_model
from visgen.naming.network import read_network
from visgen.naming.photographs import Looking, name_photographs
from visgen.naming.restriction import allow, read_restriction
from visgen.specimens.oddities import Usual

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
folder = Path(given.model_json).parent
model, about = read_model(folder)
allowed = None
if given.restrict:
    synonyms = read_synonyms(given.synonyms[0]) if given.synonyms else {}
    listed = read_restriction(given.restrict[0], params.place, model.lineages.ranks)
    allowed, unknown = allow(listed, model.lineages, synonyms)
    if unknown:
        print(f"{given.restrict[0]}: not of this study: {', '.join(unknown)}")
read = about["images"]
looking = Looking(
    read_network(folder / NETWORK, about["network"]),
    read["batch_size"],
    read["precision"],
    tuple(read["background"]),
    read["max_pixels"],
    int(os.environ["VISGEN_WORKERS"]),
)
name_photographs(
    pd.read_parquet(given.photographs),
    Path(os.environ["VISGEN_UNNAMED"]),
    model,
    looking,
    Asked(params.confidence, params.false_flags, allowed),
    Usual(**about["usual"]),
    {"specimens": made.specimens, "images": made.images},
    Path(os.environ["VISGEN_FEATURE_STORE"]),
)
