"""What the report's page says of sequences, their vectors and anchors, and the inferred tree."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.genetics.anchors.fallback import NO_ANCHOR, OWN
from visgen.genetics.anchors.files import read_anchors
from visgen.report.genetics.findings import genetics_findings
from visgen.report.genetics.rows import agreement_rows, neighbour_rows
from visgen.report.page import LISTED, format_number
from visgen.spellings import match_case
from visgen.tables import read_table

_FIGURES = ("mirrored_figure", "sgt_figure", "sequence_figure", "anchor_figure")
_SCALED = {"none": "not scaled", "l2": "scaled to unit length"}


def genetics_content(
    metrics: pd.DataFrame,
    specimens: pd.DataFrame,
    rank: str,
    step_ranks: Mapping[str, str],
    settings: Mapping[str, Any],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Return numbers, rows, findings and figures of the sequences, under the one name genetics.

    Parameters
    ----------
    metrics
        Columns of the contract.
    specimens
        One row an image, with the rank of the sequences.
    rank
        Of the sequences' taxa.
    step_ranks
        By step of a claim, the rank within whose groups it asks.
    settings
        The section genetics of the configuration, and inferred: whether the phylogenetic
        distances come from these sequences.
    given
        Paths: sequences, unmatched, mirrored_figure, sgt_figure, sequence_figure, anchor_figure,
        anchor_tables (``<set>.tsv``) and anchor_files (``<set>.npz``); where a tree was inferred,
        also tree_figure and tree_model.
    """
    scores = metrics[metrics["experiment"] == "genetics"]
    unmatched = read_table(given["unmatched"]).fillna("")
    content = {
        "rank": rank,
        "findings": genetics_findings(scores, rank, settings["inferred"], step_ranks),
        "vectors": vectors_in_words(settings),
        "neighbours": neighbour_rows(scores),
        "agreement": agreement_rows(scores, step_ranks),
        "unmatched": unmatched.head(LISTED).to_dict("records"),
        "n_unmatched": len(unmatched),
        "similar": unmatched[unmatched["similar_name"] != ""].head(LISTED).to_dict("records"),
        "anchors": anchor_rows(
            scores, given["anchor_tables"], given["anchor_files"], settings["anchors"]
        ),
        **{key: given[key] for key in _FIGURES},
        "tree": None,
    }
    content |= record_content(read_table(given["sequences"]), specimens[rank].dropna())
    if settings["tree"] is not None:
        model = read_table(given["tree_model"])
        content["tree"] = {
            "figure": given["tree_figure"],
            "facts": model.to_dict("records"),
            "words": tree_in_words(dict(zip(model["key"], model["text"], strict=True))),
        }
    return {"genetics": content}


def record_content(sequences: pd.DataFrame, imaged: pd.Series) -> dict[str, Any]:
    """Return numbers of records and taxa, and what was refused by reason.

    Parameters
    ----------
    sequences
        As `visgen.genetics.sequences.ingest.ingest` returns it.
    imaged
        The taxon of each image.
    """
    is_accepted = sequences["status"] == "accepted"
    accepted, refused = sequences[is_accepted], sequences[~is_accepted]
    details = accepted["detail"].fillna("")
    taxa = sorted(imaged.unique())
    sequenced = set(match_case(accepted["taxon"], taxa, "sequences").values())
    n_sequenced, n_imaged = len(sequenced), len(taxa)
    columns = ["row", "name", "given_taxon", "reason", "detail"]
    return {
        "n_records": len(sequences),
        "n_accepted": len(accepted),
        "n_refused": len(refused),
        "reasons": list(refused["reason"].value_counts().items()),
        "refused": refused[columns].head(LISTED).fillna("").to_dict("records"),
        "n_copies": int(accepted["duplicate_of"].notna().sum()),
        "n_shared_bases": int(details.str.contains("other taxa have the same bases").sum()),
        "n_turned": int(details.str.startswith("turned").sum()),
        "n_sequenced": n_sequenced,
        "n_imaged": n_imaged,
        "n_both": len(sequenced & set(taxa)),
    }


def _made(options: Mapping[str, Any]) -> str:
    """Say how a set of anchors was made."""
    own = [] if options["scaling"] is None else [_SCALED[options["scaling"]]]
    return ", ".join([options["source"], options["space"], *own])


def vectors_in_words(settings: Mapping[str, Any]) -> str:
    """Say how vectors of sequences were made."""
    sgt, kmers = settings["sgt"], settings["kmers"]
    length = "with" if sgt["length_sensitive"] else "without"
    return (
        f"Sequence graph transform (SGT, Ranjan et al. 2022) of {sgt['symbols']} words of "
        f"{_letters(sgt['letters'])}: how closely each word follows each other one, "
        f"{16 ** sgt['letters']:,} values, κ = {sgt['kappa']:g}, {length} regard to length, "
        f"{_SCALED[sgt['scaling']]}. Beside it k-mers: the share of each word of "
        f"{_letters(kmers['letters'])}, {4 ** kmers['letters']:,} values, "
        f"{_SCALED['l2']}."
    )


def _letters(n: int) -> str:
    return f"{n} letter{'s' * (n > 1)}"


def tree_in_words(facts: Mapping[str, str]) -> str:
    """Say how the tree was made.

    Parameters
    ----------
    facts
        As `visgen.genetics.trees.engines.infer_tree` returns them.
    """
    how = facts.get("program", facts["engine"])
    sentence = (
        f"Inferred by {how} under the model {facts['model']} from {facts['n_sequences']} aligned "
        f"sequences of {facts['n_taxa']} taxa, {facts['n_sites']} sites"
    )
    if "log_likelihood" in facts:
        sentence += f"; log-likelihood {format_number(float(facts['log_likelihood']), 1)}"
    bootstraps = "no" if facts["bootstraps"] == "0" else facts["bootstraps"]
    midpoint = facts["root"] == "midpoint"
    root = "rooted at its midpoint" if midpoint else f"rooted by {facts['root']}"
    return f"{sentence}; {bootstraps} bootstraps; {root}."


def anchor_rows(
    scores: pd.DataFrame,
    tables: Sequence[str],
    files: Sequence[str],
    options: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return a row a set: whose anchors it has, how wide and how alike they are.

    Parameters
    ----------
    scores
        Columns of the contract, experiment genetics.
    tables, files
        ``<set>.tsv`` and ``<set>.npz`` of each set.
    options
        By name of the set, as the configuration has them.
    """
    paths = {Path(path).stem: path for path in files}
    found = scores[scores["evaluator"] == "anchors"].set_index(["anchors", "metric"])["value"]
    rows = []
    for path in tables:
        name = Path(path).stem
        table, anchors = read_table(path), read_anchors(paths[name])
        own, without = table["source"] == OWN, table["source"] == NO_ANCHOR
        rows.append({
            "name": name,
            "made": _made(options[name]),
            "is_null": options[name]["source"] == "random",
            "n_own": int(own.sum()),
            "n_lent": int((~own & ~without).sum()),
            "n_without": int(without.sum()),
            "size": anchors.shape[1],
            "cosine": found.get((name, "median_cosine")),
            "spread": found.get((name, "median_spread")),
        })  # fmt: skip
    return rows
