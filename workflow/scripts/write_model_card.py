"""Write the card of the naming model."""

from pathlib import Path

from visgen.machine.logs import start_log
from visgen.naming.card import write_card
from visgen.naming.files import read_model
from visgen.tables import read_table

start_log(snakemake.log[0])
made = Path(snakemake.output[0])
model, about = read_model(made.parent)
made.write_text(write_card(model, about, read_table(snakemake.input.scores)), encoding="utf-8")
