"""Tables on disk: tab-separated, an empty cell is a gap, no word is.

What a column holds is said here and not guessed from its cells: taxa may be called 008, NA, 1e5
or True. Every column is text, also one that the user names, but for those of `KINDS`.
"""

from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

#: Columns that are no text, in whichever table: whole numbers, numbers and truth values.
KINDS = {
    "accuracy": "number",
    "ambiguous": "number",
    "axes": "integer",
    "balanced_accuracy": "number",
    "blind": "number",
    "by_frequency": "number",
    "candidate_gain": "number",
    "chance_loss": "number",
    "chance_top1": "number",
    "chosen": "boolean",
    "ci_high": "number",
    "ci_low": "number",
    "clades": "integer",
    "clipped": "number",
    "coarsest_number": "integer",
    "confidence": "number",
    "confident": "boolean",
    "covered": "number",
    "crop_pct": "number",
    "cross_entropy": "number",
    "deal": "integer",
    "distance": "number",
    **{f"distance_{place}": "number" for place in range(1, 6)},
    "effective_taxa": "number",
    "epoch": "integer",
    "f1": "number",
    "feature": "integer",
    "fold": "integer",
    "found": "number",
    "gaps": "integer",
    "gc": "number",
    "gini": "number",
    "group_number": "integer",
    "half_width": "number",
    "height": "integer",
    "image_size": "integer",
    "imbalance": "number",
    "importance": "number",
    "in_tree": "boolean",
    "inner_double_centred": "number",
    "inner_nearest": "number",
    "kept": "boolean",
    "largest_cut": "number",
    "largest_share": "number",
    "learning_rate": "number",
    "length": "integer",
    "log_likelihood_gain": "number",
    "loss": "number",
    "loss_before": "number",
    "loss_of_constant": "number",
    "loss_of_zero": "number",
    "made": "boolean",
    "max_images": "integer",
    "median_cut": "number",
    "median_images": "number",
    "metric_loss": "number",
    "min_images": "integer",
    "n": "integer",
    "n_altered": "integer",
    "n_asked": "integer",
    "n_cut": "integer",
    "n_filled": "integer",
    "n_groups": "integer",
    "n_images": "integer",
    "n_known": "integer",
    "n_nearest": "integer",
    "n_permutations": "integer",
    "n_predicted": "integer",
    "n_rows": "integer",
    "n_sequences": "integer",
    "n_specimens": "integer",
    "n_taxa": "integer",
    "n_test": "integer",
    "n_test_images": "integer",
    "n_test_specimens": "integer",
    "n_train": "integer",
    "n_unlabelled": "integer",
    "n_watched": "integer",
    "nearest": "number",
    "nearest_other_cosine": "number",
    "nearest_relative": "number",
    "negative": "number",
    "norm": "number",
    "novelty_p": "number",
    "novelty_score": "number",
    "own_cosine": "number",
    "own_group": "number",
    "own_group_blind": "number",
    "own_group_frequent": "number",
    "own_share": "number",
    "p": "number",
    "pca_1": "number",
    "pca_2": "number",
    "pearson": "number",
    "penalty": "number",
    "permutation": "integer",
    "place": "number",
    "place_random": "number",
    "position": "integer",
    "positive": "number",
    "power": "number",
    "precision": "number",
    "probability": "number",
    "probability_of_label": "number",
    "probability_of_suggested": "number",
    "recall": "number",
    "recall_high": "number",
    "recall_low": "number",
    "regret": "number",
    "regret_random": "number",
    "relative_high": "number",
    "relative_low": "number",
    "residual": "number",
    "row": "integer",
    "ruled_out": "number",
    "scale": "number",
    "score": "number",
    "sd": "number",
    "seed": "integer",
    "set_size": "integer",
    "share": "number",
    "spread": "number",
    "step": "integer",
    "tips": "integer",
    "top1": "number",
    "tsne_1": "number",
    "tsne_2": "number",
    "uniform": "number",
    "unseen_genera": "boolean",
    "unseen_species": "boolean",
    "val_accuracy": "number",
    "val_loss": "number",
    "value": "number",
    "variance": "number",
    "watched_loss": "number",
    "watched_loss_before": "number",
    "weight": "number",
    "width": "integer",
}

#: What columns that begin so hold: a probability of the taxon at a rank.
_PROBABILITY = "p:"

_TYPES = {"integer": "Int64", "number": "float64", "boolean": "boolean"}


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table; "NA", "nan", "007" and "True" stay names, numbers come back exactly.

    Returns
    -------
    DataFrame
        Text is str with NaN in the gaps. Whole numbers are int64, but float64 where there are
        gaps, which compare and group alike; truth values are bool, or boolean with gaps.
    """
    header = pd.read_csv(path, sep="\t", nrows=0, keep_default_na=False).columns
    types = {name: _TYPES.get(kind_of(name), "str") for name in header}
    table = pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""], dtype=types)
    for name in table.columns:
        gaps = table[name].hasnans
        match kind_of(name):
            case "integer":
                table[name] = table[name].astype("float64" if gaps else "int64")
            case "boolean" if not gaps:
                table[name] = table[name].astype("bool")
    return table


def of_rank(table: pd.DataFrame, rank: str) -> pd.DataFrame:
    """Return the rows of a table that are of a rank."""
    return table[table["rank"] == rank]


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table without its index; `read_table` brings the same names and numbers back.

    Whole numbers that gaps have made 3.0 are written as 3.

    Raises
    ------
    ValueError
        If a column is not what `KINDS` says of it: `read_table` would bring back something else.
    """
    for name, values in table.items():
        kind, present = kind_of(name), values.dropna().infer_objects()
        if len(present) and not _is_of(kind, present):
            raise ValueError(
                f"{path}: column {name!r}, such as {present.iloc[0]}, is not all {kind}; "
                "what is no text has to be declared in visgen.tables.KINDS"
            )
    _typed(table).to_csv(path, sep="\t", index=False)


def append_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write rows behind those of a table that `write_table` wrote with the same columns."""
    _typed(table).to_csv(path, sep="\t", index=False, header=False, mode="a")


def kind_of(column: str) -> str:
    """Return what a column holds: one of `KINDS`, or text.

    >>> kind_of("n"), kind_of("species"), kind_of("p:species")
    ('integer', 'text', 'number')
    """
    return KINDS.get(column, "number" if column.startswith(_PROBABILITY) else "text")


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    kinds = {name: kind_of(name) for name in table.columns}
    return table.astype({name: _TYPES[kind] for name, kind in kinds.items() if kind in _TYPES})


def _is_of(kind: str, values: pd.Series) -> bool:
    """Tell whether values, without gaps, are all of a kind."""
    match kind:
        case "text":
            return all(isinstance(value, str) for value in values)
        case "boolean":
            return is_bool_dtype(values)
    is_number = is_numeric_dtype(values) and not is_bool_dtype(values)
    return is_number and (kind == "number" or bool((values == values.round()).all()))
