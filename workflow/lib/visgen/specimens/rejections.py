"""How much was rejected, and whether a study may go on."""

from pathlib import Path

import pandas as pd


def check_share(
    specimens: pd.DataFrame,
    rejected: pd.DataFrame,
    max_share: float,
    n_rows: int | None = None,
    listed: str | Path | None = "rejected.tsv",
) -> None:
    """Stop a study that lost too much of what it names.

    Files that no row of a table names, and files that are no images, are listed as rejected but
    do not count: a folder may hold more than a study.

    Parameters
    ----------
    specimens, rejected : DataFrame
        As `visgen.specimens.ingest.ingest` returns them.
    max_share : float
        The largest share that may be rejected, 0 to 1.
    n_rows : int, optional
        Rows of the table; without one, files that may be images are counted.
    listed : path or None
        The file that has every rejected one, for the message, if there is one.

    Raises
    ------
    ValueError
        When the share is larger or nothing was accepted. The message counts the reasons and
        gives the first examples of each.
    """
    what = "files" if n_rows is None else "rows"
    if n_rows is None:
        n_rows = len(specimens) + int((rejected["reason"] != "not_an_image").sum())
    n_rejected = n_rows - len(specimens)
    share = n_rejected / max(n_rows, 1)
    if len(specimens) and share <= max_share:
        return
    lines = [
        f"{n_rejected} of {n_rows} {what} were rejected ({share:.1%}); "
        f"ingest.max_rejected allows {max_share:.1%}"
    ]
    if specimens.empty:
        lines[0] = "no image was accepted: " + lines[0]
    lines += _examples(rejected)
    lines.append(f"{_where(listed)}Correct the table or the folder, or raise ingest.max_rejected.")
    raise ValueError("\n".join(lines))


def check_any(
    images: pd.DataFrame,
    rejected: pd.DataFrame,
    folder: str | Path,
    listed: str | Path | None = "rejected.tsv",
) -> None:
    """Stop where no photograph without a name was accepted.

    Parameters
    ----------
    images, rejected : DataFrame
        As `visgen.specimens.unnamed.ingest_unnamed` returns them.
    folder : path
        Where the photographs are, for the message.
    listed : path or None
        The file that has every rejected one, for the message, if there is one.

    Raises
    ------
    ValueError
        When there is none. The message counts the reasons and gives the first examples of each.
    """
    if len(images):
        return
    lines = [
        f"{folder}: no photograph was accepted: all {len(rejected)} files and rows were rejected",
        *_examples(rejected),
        f"{_where(listed)}Correct the table or the folder.",
    ]
    raise ValueError("\n".join(lines))


def _where(listed: str | Path | None) -> str:
    return "" if listed is None else f"All are listed in {listed}. "


def _examples(rejected: pd.DataFrame) -> list[str]:
    """Return lines with each reason, how often it was given, and its first files."""
    lines = []
    counts = rejected["reason"].value_counts().rename("n").reset_index()
    for reason, n in counts.sort_values(["n", "reason"], ascending=[False, True]).to_numpy():
        lines.append(f"  {reason}: {n}")
        examples = rejected[rejected["reason"] == reason].head(3)
        for file, detail in zip(examples["file"], examples["detail"], strict=True):
            lines.append(f"    {file or '(no name)'}: {detail}")
    return lines
