"""What it costs an image to be far from its own anchor, and close to another taxon's.

A triplet is an anchor, a positive image of its taxon and a negative image of another. Both losses
split into a pull, which each positive has, and a push, which each pair of an image and a foreign
anchor has; so a mean over all triplets of a batch takes (batch, n_taxa) numbers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from visgen.visual_genetic.cross_modal.options import LOSSES

#: Added to a distance before it is inverted, so that an image upon a foreign anchor costs 1,000.
EPSILON = 1e-3


@dataclass(frozen=True)
class CosineTerms:
    """(1 - cos(anchor, positive)) + max(0, cos(anchor, negative) - m) (Karaderi et al. 2024).

    Attributes
    ----------
    anchors
        (n_taxa, size).
    margins
        (n_taxa, n_taxa), symmetric: m for an anchor's taxon and a negative's.
    """

    anchors: Tensor
    margins: Tensor

    def __call__(self, embeddings: Tensor, taxa: Tensor) -> tuple[Tensor, Tensor]:
        """Return pull and push.

        Parameters
        ----------
        embeddings
            (n, size).
        taxa
            (n,), rows of the anchors.

        Returns
        -------
        pull
            (n,): 1 - cosine to the own anchor, 0 to 2.
        push
            (n, n_taxa): by how much the cosine to each anchor passes the margin; the own column
            has no meaning.
        """
        cosines = cosines_to(embeddings, self.anchors)  # (n, n_taxa)
        pull = 1 - cosines.gather(1, taxa[:, None])[:, 0]  # (n,)
        return pull, (cosines - self.margins[taxa]).clamp(min=0)


@dataclass(frozen=True)
class ReciprocalTerms:
    """d(anchor, positive) + 1 / (d(anchor, negative) + epsilon), d Euclidean.

    Karaderi et al. (2024) found that it gives nothing between images and anchors; they state no
    epsilon, without which it is infinite where an image meets a foreign anchor.

    Attributes
    ----------
    anchors
        (n_taxa, size).
    """

    anchors: Tensor

    def __call__(self, embeddings: Tensor, taxa: Tensor) -> tuple[Tensor, Tensor]:
        """Return pull (n,) and push (n, n_taxa), as `CosineTerms` does."""
        # By differences: from norms and products, small distances are lost in rounding. The
        # gradient at distance 0 is 0.
        distances = torch.cdist(
            embeddings, self.anchors, compute_mode="donot_use_mm_for_euclid_dist"
        )  # (n, n_taxa)
        return distances.gather(1, taxa[:, None])[:, 0], 1 / (distances + EPSILON)


def make_terms(anchors: Tensor, loss: str, margin: float | str) -> CosineTerms | ReciprocalTerms:
    """Return the terms of a loss.

    Parameters
    ----------
    anchors
        (n_taxa, size).
    loss
        ``cosine`` or ``reciprocal``.
    margin
        Of the cosine loss: a number; or ``anchors``, for which a negative may come as close to
        an anchor as the anchor of its own taxon is.

    Raises
    ------
    ValueError
        If the loss is unknown.
    """
    match loss:
        case "cosine":
            n_taxa = len(anchors)
            margins = (
                cosines_to(anchors, anchors).detach()
                if margin == "anchors"
                else anchors.new_full((n_taxa, n_taxa), float(margin))
            )
            return CosineTerms(anchors, margins)
        case "reciprocal":
            return ReciprocalTerms(anchors)
    raise ValueError(f"alignment.loss: found {loss!r}, expected {' or '.join(LOSSES)}")


def triplet_means(pull: Tensor, push: Tensor, taxa: Tensor) -> tuple[Tensor, Tensor]:
    """Return the means of pull and of push over all triplets of a batch.

    Parameters
    ----------
    pull, push
        (n,) and (n, n_taxa), as a loss's terms return them.
    taxa
        (n,).

    Returns
    -------
    positive, negative
        Their sum is the mean loss over every (anchor of p's taxon, p, n of another taxon); 0
        where a batch has one taxon only.
    """
    counts = torch.bincount(taxa, minlength=push.shape[1]).to(push.dtype)  # (n_taxa,)
    others = len(taxa) - counts[taxa]  # negatives of each image, as a positive
    n_triplets = others.sum().clamp(min=1)
    # An image is a negative once for each positive of every other taxon.
    weights = counts.expand_as(push).scatter(1, taxa[:, None], 0)  # (n, n_taxa)
    return (pull * others).sum() / n_triplets, (push * weights).sum() / n_triplets


def cosines_to(embeddings: Tensor, anchors: Tensor) -> Tensor:
    """Return the cosine of each embedding (n, size) to each anchor (n_taxa, size)."""
    return normalize(embeddings, dim=1) @ normalize(anchors, dim=1).T
