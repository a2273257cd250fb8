"""The network that is trained, its loss, and how far it tells images apart."""

import torch
from pytorch_metric_learning.losses import SelfSupervisedLoss, SupConLoss
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn
from torch.nn.functional import normalize


class Projected(nn.Module):
    """A backbone and, behind it, the two-layer projector that is thrown away after training.

    Parameters
    ----------
    encoder
        Images to pooled features (batch, n_features).
    n_features, hidden, size
        Numbers of features, of hidden units and of the projection's dimensions.
    seed
        Of the projector's initial weights.
    """

    def __init__(self, encoder: nn.Module, n_features: int, *, hidden: int, size: int, seed: int):
        super().__init__()
        self.encoder = encoder
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.projector = nn.Sequential(
                nn.Linear(n_features, hidden, bias=False),  # the normalisation has a bias
                nn.BatchNorm1d(hidden),
                nn.ReLU(),
                nn.Linear(hidden, size),
            )

    def forward(self, images: Tensor) -> Tensor:
        """Return projections (batch, size) of images (batch, 3, height, width)."""
        return self.projector(self.encoder(images))


def nt_xent(temperature: float) -> SelfSupervisedLoss:
    """Return the normalised temperature-scaled cross-entropy of Chen et al. (2020, equation 1).

    Called with the projections of first and of second views, each (batch, size), it is the mean
    over all 2 * batch views of the cross-entropy of finding a view's partner among all others, by
    cosine similarity over temperature.

    Notes
    -----
    It is the library's supervised contrastive loss (Khosla et al. 2020), which is the same number
    where every view has one partner. The library's ``NTXentLoss`` writes out every pair of pairs:
    with 256 images its memory and time are hundreds of times as large.
    """
    # The library's default leaves terms of zero out of the mean.
    return SelfSupervisedLoss(SupConLoss(temperature=temperature, reducer=MeanReducer()))


@torch.no_grad()
def contrastive_accuracy(first: Tensor, second: Tensor) -> Tensor:
    """Return the share of views whose nearest other view in the batch is their partner.

    Parameters
    ----------
    first, second
        Projections (batch, size) of first and second views; nearest is by cosine similarity.
    """
    views = normalize(torch.cat([first, second]), dim=1)  # (2 * batch, size)
    similarity = (views @ views.T).fill_diagonal_(-torch.inf)
    partner = torch.arange(len(views), device=views.device).roll(len(first))
    return (similarity.argmax(dim=1) == partner).float().mean()
