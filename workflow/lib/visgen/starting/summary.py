"""What was found in a user's folders, in words."""

from collections.abc import Mapping

from visgen.specimens.splits import MIN_SPECIMENS
from visgen.starting.found import Found


def summary(found: Found) -> list[str]:
    """Return what was found, a line each."""
    n_images = sum(found.endings.values())
    lines = [f"{n_images:,} photographs ({_counted(found.endings)}) in {found.asked.images}"]
    lines += [f"no photograph: {line}" for line in found.others]
    if found.columns:
        lines += _about_table(found)
    else:
        lines += [f"names from {line}" for line in found.layout.said]
    if found.n_without_row:
        why = "no row of the table names" if found.columns else "lie elsewhere, without a name"
        lines.append(f"{found.n_without_row:,} photographs {why}: they are left out")
    for rank, taxon in found.left_out.items():
        lines.append(f"{rank}: {taxon} alone, left out, since there is nothing to tell apart")
    n_specimens = found.labels["specimen"].nunique()
    lines.append(f"{len(found.labels):,} photographs with a name, of {n_specimens:,} specimens")
    for rank in found.ranks:
        sizes = found.taxa.loc[found.taxa["rank"] == rank, "n_images"]
        enough = f"{found.testable(rank):,} with {MIN_SPECIMENS} specimens or more"
        middle = f"{sizes.median():g} photographs each in the middle"
        lines.append(f"{rank}: {len(sizes):,} taxa, {enough}, {middle}")
    if len(found.ranks) == 1:
        lines.append(
            "one rank alone: with the genus and the family a doubtful name could stop there"
        )
    if found.tree:
        tree = found.tree
        lines.append(f"tree: {tree.n_names:,} tips; of the {tree.n_taxa:,} taxa at the rank "
                     f"{tree.rank} {tree.n_matched:,} are in it")  # fmt: skip
    if found.sequences:
        matched = found.sequences.matched
        lines.append(f"sequences: {found.sequences.n_sequences:,}; of the {matched.n_taxa:,} taxa "
                     f"at the rank {matched.rank} {matched.n_matched:,} have one")  # fmt: skip
    if found.unnamed_endings:
        n, endings = sum(found.unnamed_endings.values()), _counted(found.unnamed_endings)
        lines.append(f"{n:,} photographs without a name ({endings}) in {found.asked.unnamed}")
    return lines


def _about_table(found: Found) -> list[str]:
    columns = found.columns
    lines = []
    for field, column in columns.fields.items():
        named = repr(column) if isinstance(column, str) else " and ".join(map(repr, column))
        what = "names of the files" if field == "filename" else field
        lines.append(f"column {named}: {what}")
    if columns.unread:
        named = ", ".join(map(repr, columns.unread[:8])) + ", …" * (len(columns.unread) > 8)
        places = " (places: of use in a table of unnamed photographs)" * bool(columns.places)
        lines.append(f"columns that are not used: {named}{places}")
    if "specimen" not in columns.fields:
        lines.append("no column for the specimen: each photograph counts as one of its own")
    if found.n_without_file:
        lines.append(f"{found.n_without_file:,} rows name no photograph of the folder: left out")
    return lines


def _counted(endings: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {ending}" for ending, n in endings.items())
