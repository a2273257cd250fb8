"""Whether a variant and its regime have the same taxa, and what is left out."""

from collections.abc import Collection

import pandas as pd

from visgen.visual_genetic.recognition.labelled_images import UNSEEN

#: Columns of the table of what is left out.
OMITTED = ["taxon", "n_images", "reason"]


def check_taxa(images: pd.DataFrame, taxa: Collection[str]) -> None:
    """Check that a regime was trained with the taxa of the training images, and with no other.

    Raises
    ------
    ValueError
        If one is on one side only.
    """
    trained = set(images.loc[images["part"] == "train", "taxon"].dropna())
    if different := sorted(trained.symmetric_difference(taxa)):
        side = "training images" if different[0] in trained else "the checkpoint"
        raise ValueError(
            f"taxon {different[0]!r} is in {side} alone, expected the same taxa in both: "
            "were both made with the same split and the same withheld taxa?"
        )


def list_omitted(
    images: pd.DataFrame, rank: str, anchors: pd.DataFrame | None, name: str | None
) -> pd.DataFrame:
    """List what plays no part in the training of a variant, and why.

    Parameters
    ----------
    images : DataFrame
        Columns taxon and part, index id.
    rank : str
        Rank of the taxa.
    anchors : DataFrame or None
        Index taxon; None for a variant without anchors.
    name : str or None
        Name of the set of anchors.

    Returns
    -------
    DataFrame
        Columns `OMITTED`, sorted by taxon; a gap stands for all images where nothing is recognised,
        and for images without a label.
    """
    labelled = images.dropna(subset="taxon")
    trained = set(labelled.loc[labelled["part"] == "train", "taxon"])
    anchored = trained if anchors is None else set(anchors.index)
    rows = []
    for taxon, of_taxon in labelled.groupby("taxon"):
        if (of_taxon["part"] == UNSEEN).all():
            reason = "withheld from training"
        elif taxon not in trained:
            reason = "no training image: no evaluator but the nearest anchor can name it"
        elif taxon not in anchored:
            reason = f"no anchor in the set {name!r}: not aligned, predicted all the same"
        else:
            continue
        rows.append((taxon, len(of_taxon), reason))
    without = anchored - set(labelled["taxon"])
    rows += [(taxon, 0, f"an anchor in the set {name!r}, no image") for taxon in without]
    rows.sort()
    if len(told_apart := sorted(trained & anchored)) < 2:
        what = "images" if anchors is None else f"images and an anchor in the set {name!r}"
        reason = (
            f"nothing is recognised: taxa with training {what}: {', '.join(told_apart) or 'none'}"
        )
        rows.append((None, len(labelled), f"{reason}; two are needed"))
    if n_unlabelled := len(images) - len(labelled):
        rows.append((None, n_unlabelled, f"no label at the rank {rank}"))
    return pd.DataFrame(rows, columns=OMITTED)
