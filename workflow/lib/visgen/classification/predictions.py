"""Predictions tables: one row an image, rank and seed, one probability column a taxon."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

#: Columns before the probabilities.
LABELS = ["part", "id", "truth", "predicted"]


def write_predictions(path: Path, tables: Mapping[tuple[int, str], pd.DataFrame]) -> None:
    """Write predictions, a row group for each seed and rank.

    Parameters
    ----------
    path
        Parquet file.
    tables
        By (seed, rank): columns part, id, truth, predicted, then a probability a taxon. In the
        file a probability is named ``p:<rank>:<taxon>``, since names recur between ranks; it is
        null in the rows of other ranks.
    """
    probabilities = sorted(
        {
            f"p:{rank}:{taxon}"
            for (_, rank), t in tables.items()
            for taxon in t.columns[len(LABELS) :]
        }
    )
    schema = pa.schema(
        [("seed", pa.int64()), ("rank", pa.string())]
        + [(name, pa.string()) for name in LABELS]
        + [(name, pa.float32()) for name in probabilities]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for (seed, rank), table in sorted(tables.items()):
            named = table.rename(columns={t: f"p:{rank}:{t}" for t in table.columns[len(LABELS) :]})
            named = named.assign(seed=seed, rank=rank)
            gap = pa.nulls(len(named), pa.float32())  # one for all columns of other ranks
            columns = [
                pa.array(named[field.name], field.type) if field.name in named else gap
                for field in schema
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def read_predictions(path: Path) -> dict[tuple[int, str], pd.DataFrame]:
    """Read predictions by (seed, rank), each with its own taxa's probabilities only."""
    return dict(iterate_predictions(path))


def iterate_predictions(path: Path) -> Iterator[tuple[tuple[int, str], pd.DataFrame]]:
    """Yield predictions by (seed, rank) as `read_predictions`, one table in memory at a time."""
    file = pq.ParquetFile(path)
    for group in range(file.num_row_groups):
        key = file.read_row_group(group, columns=["seed", "rank"]).slice(0, 1).to_pylist()
        if not key:
            continue
        seed, rank = key[0]["seed"], key[0]["rank"]
        prefix = f"p:{rank}:"
        names = [name for name in file.schema_arrow.names if name.startswith(prefix)]
        table = file.read_row_group(group, columns=LABELS + names)
        present = [name for name in names if table[name].null_count < len(table)]
        frame = table.select(LABELS + present).to_pandas()
        taxa = [name.removeprefix(prefix) for name in present]
        yield (seed, rank), frame.rename(columns=dict(zip(present, taxa, strict=True)))
