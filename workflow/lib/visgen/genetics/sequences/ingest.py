"""From a FASTA file to a table of its records and to the sequences that are accepted."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from Bio.Seq import reverse_complement

from visgen.genetics.fasta import read_fasta
from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.sequences.checks import find_repeated_names, find_same_bases, find_unfit
from visgen.genetics.sequences.filters import Filters
from visgen.genetics.sequences.headers import compile_header_pattern, taxon_in_header
from visgen.genetics.sequences.nucleotides import (
    MISSING,
    composition,
    foreign_letters,
    normalise_bases,
)
from visgen.genetics.sequences.orientation import find_reversed
from visgen.genetics.sequences.sufficiency import (
    check_nucleotides,
    check_sufficient,
    check_written_out,
)
from visgen.names import MAX_LENGTH, say_hidden, too_long
from visgen.spellings import accept, unify_case

COLUMNS = [
    *("row", "name", "given_taxon", "taxon", "length", "gc", "ambiguous", "gaps"),
    *("duplicate_of", "orientation", "status", "reason", "detail"),
]


def ingest(
    path: str | Path,
    *,
    filters: Filters,
    pattern: str | None = None,
    taxa: Mapping[str, str] | None = None,
    synonyms: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, list[Sequence]]:
    """Check every record of a FASTA file.

    Reasons are given in the order of this list, and a later check sees only what the earlier ones
    have left: ``no_taxon name_too_long name_taken empty not_nucleotides too_short too_long
    ambiguous reverse_complement duplicate``. A later record of the same name, bases and taxon is
    a ``duplicate`` where the names are checked, whatever the filters say: names are unique.

    Parameters
    ----------
    path : path
        As `visgen.genetics.fasta.read_fasta` takes it.
    filters : Filters
        The limits.
    pattern : str, optional
        As `visgen.genetics.sequences.headers.compile_header_pattern` takes it.
    taxa : mapping of str to str, optional
        Instead of ``pattern``: taxon of each name, as
        `visgen.name_tables.read_sequence_table` returns it.
    synonyms : mapping of str to str, optional
        As `visgen.name_tables.read_synonyms` returns it.

    Returns
    -------
    table : DataFrame
        One row a record, in the order of the file: ``row`` (from 1), ``name``, ``given_taxon``
        (as header or table says), ``taxon`` (after synonyms, in one case), ``length`` (letters
        without gaps), ``gc`` (share of G and C among A, C, G, T) and ``ambiguous`` (share of other
        letters), both null where there are none and where the letters are no nucleotides, ``gaps``,
        ``duplicate_of`` (the first earlier sequence with the same bases among those that pass
        the other checks), ``orientation`` (``forward`` or ``reverse`` as given, against the
        majority that `visgen.genetics.sequences.orientation.find_reversed` describes; empty for
        what an earlier check refused), ``status`` (``accepted``, ``refused``), ``reason`` (empty
        for the accepted), ``detail``.
    accepted : list of Sequence
        The accepted sequences, in the order of the file.

    Raises
    ------
    ValueError
        When the file is no FASTA, holds no nucleotides, fewer than two sequences are accepted, or
        not exactly one of ``pattern`` and ``taxa`` is given.
    """
    entries = _read(path)
    check_nucleotides(path, entries["bases"])
    say_hidden(entries["header"], str(path))
    entries[["given_taxon", "detail"]] = _given_taxa(entries, pattern, taxa)
    entries.loc[entries["given_taxon"] == "", "reason"] = "no_taxon"
    for column in ("name", "given_taxon"):
        long = (entries[column].str.len() > MAX_LENGTH) & (entries["reason"] == "")
        details = [f"{column} {too_long(name)}" for name in entries.loc[long, column]]
        entries.loc[long, "detail"] = details
        entries.loc[long, "reason"] = "name_too_long"
    named = entries["given_taxon"][entries["given_taxon"] != ""]
    taxa_used = named.map(accept(named, synonyms or {}, str(path)))
    taxa_used = taxa_used.map(unify_case(taxa_used, str(path)))
    entries["taxon"] = taxa_used.reindex(entries.index, fill_value="")

    repeated = find_repeated_names(_left(entries))
    _refuse(entries, repeated)
    again = repeated.index[repeated["reason"] == "duplicate"]
    entries.loc[again, "duplicate_of"] = entries.loc[again, "name"]
    _refuse(entries, find_unfit(_left(entries), filters))
    _orient(entries, filters.reverse_complements)
    _mark_same_bases(entries, filters.duplicates)

    entries["status"] = np.where(entries["reason"] == "", "accepted", "refused")
    left = _left(entries)
    accepted = [
        Sequence(*cells) for cells in zip(left["name"], left["taxon"], left["bases"], strict=True)
    ]
    table = entries[COLUMNS]
    check_sufficient(path, table)
    return table, accepted


def _read(path: str | Path) -> pd.DataFrame:
    records, compositions, ungapped, lengths, dots = [], [], [], [], []
    for record in read_fasta(path):
        bases = normalise_bases(record.text)
        lengths.append(len(bases))
        dots.append(record.text.count("."))
        facts = composition(bases)
        if foreign_letters(bases):
            facts = facts._replace(gc=np.nan, ambiguous=np.nan)
        compositions.append(facts)
        bases = bases.replace(MISSING, "N")  # no word of a vector spans it
        records.append((record.name, record.header, bases))
        ungapped.append(bases.replace("-", ""))
    check_written_out(path, lengths, dots)
    # object, not str: the two columns of bases share the same strings where there are no gaps
    entries = pd.DataFrame(records, columns=["name", "header", "bases"], dtype=object)
    entries["ungapped"] = pd.Series(ungapped, dtype=object)
    entries = entries.join(pd.DataFrame(compositions))
    entries.insert(0, "row", np.arange(1, len(entries) + 1))
    return entries.assign(duplicate_of="", orientation="", reason="", detail="")


def _given_taxa(
    entries: pd.DataFrame, pattern: str | None, taxa: Mapping[str, str] | None
) -> pd.DataFrame:
    """Return the taxon of each record or, where there is none, why."""
    if (pattern is None) == (taxa is None):
        raise ValueError("give either a pattern over headers or a table of sequences and taxa")
    if taxa is None:
        expression = compile_header_pattern(pattern)
        given = [taxon_in_header(header, expression) for header in entries["header"]]
        why = [f"inputs.sequence_pattern finds no taxon in {head!r}" for head in entries["header"]]
    else:
        given = [taxa.get(name, "") for name in entries["name"]]
        rows = ("its row in" if name in taxa else "no row of" for name in entries["name"])
        ends = {"its row in": "names no taxon", "no row of": "has its name"}
        why = [f"{row} inputs.sequence_table {ends[row]}" for row in rows]
    details = ["" if taxon else reason for taxon, reason in zip(given, why, strict=True)]
    return pd.DataFrame({"given_taxon": given, "detail": details}, index=entries.index)


def _orient(entries: pd.DataFrame, reverse_complements: str) -> None:
    left = _left(entries)
    against = find_reversed(left["ungapped"].tolist())
    entries.loc[left.index, "orientation"] = np.where(against, "reverse", "forward")
    turned = left.index[against]
    better = "its reverse complement fits most others better"
    match reverse_complements:
        case "refuse":
            entries.loc[turned, ["reason", "detail"]] = ["reverse_complement", better]
        case "turn":
            for column in ("bases", "ungapped"):
                entries.loc[turned, column] = entries.loc[turned, column].map(reverse_complement)
            entries.loc[turned, "detail"] = f"turned: {better}"
        case "keep":
            pass


def _mark_same_bases(entries: pd.DataFrame, duplicates: str) -> None:
    same = find_same_bases(_left(entries))
    entries.loc[same.index, "duplicate_of"] = same["duplicate_of"]
    shared = same[same["other_taxa"] != ""]
    notes = "other taxa have the same bases: " + shared["other_taxa"]
    before = entries.loc[shared.index, "detail"]
    entries.loc[shared.index, "detail"] = before.where(before == "", before + "; ") + notes
    match duplicates:
        case "refuse":
            twins = same.loc[same["twin"] != "", "twin"]
            details = "the same bases as " + twins + " of the same taxon"
            _refuse(entries, pd.DataFrame({"reason": "duplicate", "detail": details}))
        case "keep":
            pass


def _left(entries: pd.DataFrame) -> pd.DataFrame:
    return entries[entries["reason"] == ""]


def _refuse(entries: pd.DataFrame, refused: pd.DataFrame) -> None:
    entries.loc[refused.index, ["reason", "detail"]] = refused
