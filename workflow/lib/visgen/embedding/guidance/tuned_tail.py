"""The last stages of a network, which guidance changes."""

import copy

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class TunedTail(nn.Module):
    """The last stages of a network, which learn; their start is remembered.

    Normalisation layers learn scale and shift but keep their statistics, and nothing is dropped
    out: the network stays in eval mode, so that an image's features depend on no other image.

    Parameters
    ----------
    tail
        From maps to features, on the device to use; a copy is made of it.
    dtype
        Arithmetic of the forward pass; parameters are float32.
    batch_size
        Images at a time.
    """

    def __init__(self, tail: nn.Module, dtype: torch.dtype, batch_size: int):
        super().__init__()
        self.tail = copy.deepcopy(tail).eval().requires_grad_(True)
        self.dtype = dtype
        self.batch_size = batch_size
        # No buffers, which would double what a fit is stored as.
        self.start = [parameter.detach().clone() for parameter in self.tail.parameters()]

    def forward(self, maps: Tensor, rows: Tensor) -> Tensor:
        """Return features of some images, (n_rows, n_features) float32.

        Parameters
        ----------
        maps
            (n_images, ...), on any device.
        rows
            (n_rows,), positions in `maps`.
        """
        parts = rows.split(self.batch_size)
        # With gradients, what a part needs for them is computed anew when its turn comes, so
        # that memory does not grow with the number of taxa.
        recompute = torch.is_grad_enabled() and len(parts) > 1
        features = [
            checkpoint(self._look, maps, part, use_reentrant=False, preserve_rng_state=False)
            if recompute
            else self._look(maps, part)
            for part in parts
        ]
        return torch.cat(features)

    def departure(self) -> Tensor:
        """Return the squared distance to where training started (L2-SP, Li et al. 2018)."""
        moved = zip(self.tail.parameters(), self.start, strict=True)
        return torch.stack([(now - then).square().sum() for now, then in moved]).sum()

    def _look(self, maps: Tensor, rows: Tensor) -> Tensor:
        device = self.start[0].device
        part = maps[rows].to(device).float()  # (batch, ...)
        with torch.autocast(device.type, self.dtype, enabled=self.dtype != torch.float32):
            return self.tail(part).float()
