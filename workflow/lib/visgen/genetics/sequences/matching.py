"""Names that sequences, their table and the images do not share."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

import pandas as pd

COLUMNS = ["name", "found_in", "missing_from", "similar_name"]
_N_EXAMPLES = 5
_COMMON = 500  # names that share a word; more of them are like "sp.", which tells nothing


def find_unmatched(
    table: pd.DataFrame,
    study_taxa: Iterable[str],
    taxa: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """List the taxa without sequences or without images, and the rows of the table left over.

    Parameters
    ----------
    table : DataFrame
        As `visgen.genetics.sequences.ingest.ingest` returns it.
    study_taxa : iterable of str
        Taxa of the accepted images at the rank of the sequences, in normal form.
    taxa : mapping of str to str, optional
        Taxon of each name of a sequence, where a table gave it.

    Returns
    -------
    DataFrame
        One row a name, sorted: ``name`` (of a taxon or, for ``sequence_table``, of a sequence),
        ``found_in`` and ``missing_from`` (``sequences``, ``images``, ``sequence_table``),
        ``similar_name`` (the nearest unmatched taxon on the other side among those that share a
        word or the first three letters, or an empty string; a hint at a misspelling, never used
        to match). A taxon counts as found in the sequences
        when one of its sequences is accepted.

    Raises
    ------
    ValueError
        If no taxon has both, with names of both sides.
    """
    sequenced = set(table.loc[table["status"] == "accepted", "taxon"])
    imaged = set(study_taxa)
    if not sequenced & imaged:
        raise ValueError(
            "no taxon has both accepted sequences and accepted images. Of the sequences "
            f"({len(sequenced)}): {sorted(sequenced)[:_N_EXAMPLES]}; of the images "
            f"({len(imaged)}): {sorted(imaged)[:_N_EXAMPLES]}. Check the config keys "
            "inputs.sequence_pattern or inputs.sequence_table, inputs.sequence_rank and "
            "inputs.synonyms"
        )
    rows = [
        *_one_sided(sequenced - imaged, "sequences", imaged - sequenced, "images"),
        *_one_sided(imaged - sequenced, "images", sequenced - imaged, "sequences"),
    ]
    left_over = set(taxa or {}) - set(table["name"])
    rows += [(name, "sequence_table", "sequences", "") for name in left_over]
    unmatched = pd.DataFrame(rows, columns=COLUMNS, dtype="str")
    return unmatched.sort_values(["found_in", "name"], ignore_index=True)


def count_accepted(table: pd.DataFrame) -> dict[str, int]:
    """Count the accepted sequences of each taxon.

    Parameters
    ----------
    table : DataFrame
        As `visgen.genetics.sequences.ingest.ingest` returns it.

    Returns
    -------
    dict of str to int
        Sorted by taxon.
    """
    taxa = table.loc[table["status"] == "accepted", "taxon"]
    return taxa.value_counts().sort_index().to_dict()


def _one_sided(
    here: Collection[str], found_in: str, there: Collection[str], missing_from: str
) -> list[tuple[str, str, str, str]]:
    # comparing every name with every other would take hours for tens of thousands of taxa
    by_key = defaultdict(set)
    for name in there:
        for key in _keys(name):
            by_key[key].add(name)
    by_key = {key: names for key, names in by_key.items() if len(names) <= _COMMON}
    rows = []
    for name in here:
        candidates = sorted(set().union(*(by_key.get(key, ()) for key in _keys(name))))
        near = get_close_matches(name, candidates, n=1, cutoff=0.8)
        rows.append((name, found_in, missing_from, near[0] if near else ""))
    return rows


def _keys(name: str) -> set[str]:
    return {name[:3].casefold(), *name.casefold().split()}
