"""Names that sequences, their table and the images do not share."""

from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from visgen.spellings import propose, similar_names

COLUMNS = ["name", "found_in", "missing_from", "similar_name"]
_N_EXAMPLES = 5


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
        ``similar_name`` (the nearest unmatched name on the other side, as
        `visgen.spellings.similar_names` finds it; a hint at a misspelling, never used to match).
        A taxon counts as found in the sequences when one of its sequences is accepted.

    Raises
    ------
    ValueError
        If no taxon has both, with names of both sides.
    """
    sequenced = set(table.loc[table["status"] == "accepted", "taxon"])
    imaged = set(study_taxa)
    if not sequenced & imaged:
        raise ValueError(
            "no taxon has both accepted sequences and accepted images, expected one at "
            f"least. Sequences ({len(sequenced)}): {sorted(sequenced)[:_N_EXAMPLES]}; "
            f"images ({len(imaged)}): {sorted(imaged)[:_N_EXAMPLES]}. {propose(sequenced, imaged)}"
            "Check the config keys inputs.sequence_pattern or inputs.sequence_table, "
            "inputs.sequence_rank and inputs.synonyms"
        )
    rows = [
        *_one_sided(sequenced - imaged, "sequences", imaged - sequenced, "images"),
        *_one_sided(imaged - sequenced, "images", sequenced - imaged, "sequences"),
    ]
    left_over = set(taxa or {}) - set(table["name"])
    similar = similar_names(left_over, set(table["name"].dropna()) - set(taxa or {}))
    rows += [(name, "sequence_table", "sequences", near) for name, near in similar.items()]
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
    similar = similar_names(here, there)
    return [(name, found_in, missing_from, similar[name]) for name in here]
