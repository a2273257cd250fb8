"""What there is of each taxon: images, specimens, sequences, a tip in the tree."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from visgen.names import normalise_taxon
from visgen.specimens.taxonomy import lineage, taxonomic_order


def coverage(
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    tips: Collection[str] | None,
    tip_rank: str | None,
    sequences: Mapping[str, int] | None,
    sequence_rank: str | None,
) -> pd.DataFrame:
    """Count what there is of each taxon that the specimens name.

    Parameters
    ----------
    specimens : DataFrame
        One row an image, with ``specimen`` and the ranks; gaps are null.
    ranks : list of str
        The ranks, coarse to fine.
    tips : collection of str, optional
        The tips of the tree, which are taxa of ``tip_rank``.
    tip_rank : str, optional
        Needed with ``tips``.
    sequences : mapping of str to int, optional
        Number of sequences of each taxon of ``sequence_rank``.
    sequence_rank : str, optional
        Needed with ``sequences``.

    Returns
    -------
    DataFrame
        One row a taxon; ranks coarse to fine, within a rank in taxonomic order: ``rank``,
        ``taxon``, ``parent`` (of the rank above; null for a gap), ``n_images``, ``n_specimens``,
        ``n_sequences`` (Int64), ``in_tree`` (boolean). A taxon coarser than the tips is in the
        tree when one of its members is, and has the sequences of its members; members are the
        taxa that the specimens name. Taxa finer than the tips, or than the taxa of the
        sequences, have nulls.

    Raises
    ------
    ValueError
        When tips or sequences come without a rank, or with one that is none of the ranks.
    """
    in_tree = _per_member(specimens, ranks, tip_rank, tips, "tips")
    n_sequences = _per_member(specimens, ranks, sequence_rank, sequences, "sequences")
    parts = []
    for i, rank in enumerate(ranks):
        taxa = pd.Index(taxonomic_order(specimens, ranks, rank), dtype="str")
        groups = specimens.groupby(rank)
        part = pd.DataFrame({"rank": rank, "taxon": taxa}, index=taxa)
        part["parent"] = lineage(specimens, ranks, rank)[ranks[i - 1]] if i else None
        part["n_images"] = groups.size()
        part["n_specimens"] = groups["specimen"].nunique()
        part["n_sequences"] = n_sequences[rank].reindex(taxa) if rank in n_sequences else pd.NA
        part["in_tree"] = in_tree[rank].reindex(taxa) > 0 if rank in in_tree else pd.NA
        types = {"parent": "str", "n_sequences": "Int64", "in_tree": "boolean"}
        parts.append(part.astype(types | {"rank": "str"}))
    return pd.concat(parts, ignore_index=True)


def summarise_ranks(coverage: pd.DataFrame, n_images: int) -> pd.DataFrame:
    """Describe how unevenly the images of a study spread over the taxa of each rank.

    Parameters
    ----------
    coverage : DataFrame
        As `coverage` returns it.
    n_images : int
        Accepted images of the study.

    Returns
    -------
    DataFrame
        One row a rank, in the order of ``coverage``: ``rank``, ``n_taxa``, ``n_images`` (those
        with a name at this rank), ``n_unlabelled``; of the images per taxon ``min_images``,
        ``median_images``, ``max_images``, ``imbalance`` (largest / smallest),
        ``largest_share`` (0 to 1), ``effective_taxa`` (exp of Shannon's entropy: Hill 1973,
        order 1) and ``gini`` (0: all alike, towards 1: all images in one of many taxa).
    """
    rows = []
    for rank, taxa in coverage.groupby("rank", sort=False):
        sizes = np.sort(taxa["n_images"].to_numpy())
        total, n_taxa = sizes.sum(), len(sizes)
        shares = sizes / total
        rows.append({
            "rank": rank,
            "n_taxa": n_taxa,
            "n_images": total,
            "n_unlabelled": n_images - total,
            "min_images": sizes[0],
            "median_images": np.median(sizes),
            "max_images": sizes[-1],
            "imbalance": sizes[-1] / sizes[0],
            "largest_share": shares[-1],
            "effective_taxa": np.exp(-(shares * np.log(shares)).sum()),
            "gini": (2 * np.arange(1, n_taxa + 1) - n_taxa - 1) @ shares / n_taxa,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _per_member(
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    member_rank: str | None,
    found: Mapping[str, int] | Collection[str] | None,
    what: str,
) -> dict[str, pd.Series]:
    """Return, for each rank down to that of the members, how many were found of each taxon."""
    if found is None:
        return {}
    if member_rank not in ranks:
        raise ValueError(f"the rank of the {what} is {member_rank!r}; ranks are {list(ranks)}")
    above = lineage(specimens, ranks, member_rank)
    counts = dict(found) if isinstance(found, Mapping) else dict.fromkeys(found, 1)
    names = [normalise_taxon(name) for name in counts]
    total = pd.Series(list(counts.values()), index=names, dtype="int64")
    total = total.groupby(level=0).sum().reindex(above.index, fill_value=0)
    by_rank = {member_rank: total}
    for rank in above.columns:
        sums = total.groupby(above[rank]).sum()
        taxa = specimens[rank].dropna().unique()
        by_rank[rank] = sums.reindex(taxa, fill_value=0)
    return by_rank
