"""Download a model's weights from its hub, once."""

from pathlib import Path

from visgen.features.options import model_called
from visgen.features.pretrained import fetch_pretrained
from visgen.machine.logs import start_log

start_log(snakemake.log[0])
fetch_pretrained(model_called(snakemake.params.model), Path(snakemake.output[0]))
