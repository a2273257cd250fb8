"""Whether trees, distances and sequences name the taxa of the photographs."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.configuration.checks.genetics import INFERRED
from visgen.distances.matrices import match_taxa
from visgen.distances.study_names import read_study_distances, read_study_tree
from visgen.genetics.sequences.filters import Filters
from visgen.genetics.sequences.ingest import ingest
from visgen.genetics.sequences.matching import find_unmatched
from visgen.name_tables import read_sequence_table, read_synonyms
from visgen.spellings import match_case
from visgen.starting.remarks import listed


def about_relatives(config: Mapping[str, Any], specimens: pd.DataFrame) -> list[str]:
    """Return what the files of relatives and the photographs do not share.

    Parameters
    ----------
    config
        As `visgen.configuration.reading.checked_config` returns it.
    specimens
        Accepted photographs, with the ranks.

    Raises
    ------
    ValueError
        As the jobs that read these files raise it.
    """
    inputs = config["inputs"]
    synonyms = read_synonyms(inputs["synonyms"]) if inputs["synonyms"] else {}
    lines = []
    if inputs["tree"] not in (None, INFERRED) or inputs["distances"] not in (None, INFERRED):
        lines += _about_tips(inputs, specimens[inputs["tree_rank"]], synonyms)
    if inputs["sequences"]:
        lines += _about_sequences(config, specimens[inputs["sequence_rank"]], synonyms)
    return lines


def _about_tips(
    inputs: Mapping[str, Any], taxa: pd.Series, synonyms: Mapping[str, str]
) -> list[str]:
    taxa = sorted(taxa.dropna().unique())
    if inputs["tree"]:
        what = "tips of the tree"
        tree = read_study_tree(inputs["tree"], taxa, synonyms)
        names = [tip.name for tip in tree.tips()]
    else:
        what = "names of the distances"
        names = read_study_distances(inputs["distances"], taxa, synonyms).ids
    shared, missing = match_taxa(names, taxa)
    lines = [f"{len(shared):,} of {len(taxa):,} {inputs['tree_rank']} names are {what}"]
    lines += _one_sided(missing.rename(columns={"taxon": "name"}), "study", f"not among the {what}")
    beyond = missing["found_in"] != "study"
    if beyond.any():
        lines.append(f"{beyond.sum():,} {what} have no photograph: "
                     f"{listed(missing.loc[beyond, 'taxon'])}")  # fmt: skip
    return lines


def _about_sequences(
    config: Mapping[str, Any], taxa: pd.Series, synonyms: Mapping[str, str]
) -> list[str]:
    inputs, table = config["inputs"], None
    if inputs["sequence_table"]:
        table = read_sequence_table(inputs["sequence_table"])
    found, _ = ingest(
        inputs["sequences"],
        filters=Filters(**config["genetics"]["filters"]),
        pattern=None if table is not None else inputs["sequence_pattern"],
        taxa=table,
        synonyms=synonyms,
    )
    taxa = taxa.dropna().unique()
    spelled = match_case(found["taxon"].dropna(), taxa, inputs["sequences"])
    found["taxon"] = found["taxon"].map(spelled)
    unmatched = find_unmatched(found, taxa, table)
    without = unmatched["found_in"] == "images"
    n_taxa, rank = len(taxa), inputs["sequence_rank"]
    lines = [f"{n_taxa - without.sum():,} of {n_taxa:,} {rank} names have a sequence"]
    lines += _one_sided(unmatched, "images", "without a sequence")
    refused = found[found["status"] == "refused"]
    for reason, rows in refused.groupby("reason"):
        lines.append(f"{len(rows):,} sequences are refused as {reason}: {listed(rows['name'])}")
    beyond = unmatched["found_in"] == "sequences"
    if beyond.any():
        lines.append(f"{beyond.sum():,} taxa with a sequence have no photograph: "
                     f"{listed(unmatched.loc[beyond, 'name'])}")  # fmt: skip
    return lines


def _one_sided(missing: pd.DataFrame, side: str, what: str) -> list[str]:
    """Return the names of the photographs that the other side lacks, misspelt ones first."""
    rows = missing[missing["found_in"] == side]
    if rows.empty:
        return []
    rows = rows.sort_values("similar_name", ascending=False, kind="stable")
    shown = [
        f"{name} (there is {near})" if near else name
        for name, near in zip(rows["name"], rows["similar_name"].fillna(""), strict=True)
    ]
    return [f"{what}: {len(rows):,}, {listed(shown)}"]
