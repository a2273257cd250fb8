"""How much was rejected, and whether a study may go on."""

import pandas as pd


def rejected_share(specimens: pd.DataFrame, rejected: pd.DataFrame) -> float:
    """Return the share of entries (rows and files) that were rejected, 0 to 1.

    Without any entry it is 0.
    """
    return len(rejected) / max(len(specimens) + len(rejected), 1)


def check_share(specimens: pd.DataFrame, rejected: pd.DataFrame, max_share: float) -> None:
    """Stop a study that lost too much.

    Parameters
    ----------
    specimens, rejected : DataFrame
        As `visgen.specimens.ingest.ingest` returns them.
    max_share : float
        The largest share of entries that may be rejected, 0 to 1.

    Raises
    ------
    ValueError
        When the share is larger or nothing was accepted. The message counts the reasons and
        gives the first examples of each.
    """
    share = rejected_share(specimens, rejected)
    if len(specimens) and share <= max_share:
        return
    lines = [
        f"{len(rejected)} of {len(specimens) + len(rejected)} rows and files were rejected "
        f"({share:.1%}); ingest.max_rejected allows {max_share:.1%}"
    ]
    if specimens.empty:
        lines[0] = "no image was accepted: " + lines[0]
    counts = rejected["reason"].value_counts().rename("n").reset_index()
    for reason, n in counts.sort_values(["n", "reason"], ascending=[False, True]).to_numpy():
        lines.append(f"  {reason}: {n}")
        examples = rejected[rejected["reason"] == reason].head(3)
        for file, detail in zip(examples["file"], examples["detail"], strict=True):
            lines.append(f"    {file or '(no name)'}: {detail}")
    lines.append("Correct the table or the folder, or raise ingest.max_rejected.")
    raise ValueError("\n".join(lines))
