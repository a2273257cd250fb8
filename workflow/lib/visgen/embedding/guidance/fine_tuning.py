"""Fine-tuning of a backbone's last stages by phylogenetic distance, through means of taxa.

What comes before those stages stays frozen, so its maps of all images are made once and held in
memory; a fit runs the stages behind them alone.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from visgen.embedding.guidance.bags import Bags, deal_images
from visgen.embedding.guidance.cutting import cut_network
from visgen.embedding.guidance.fitting import Fit, check_known, fit_model
from visgen.embedding.guidance.tuned_tail import TunedTail
from visgen.embedding.guidance.variants import WEIGHT_COLUMNS
from visgen.embedding.guidance.vectors import centre_on
from visgen.features.backbones import Backbone
from visgen.features.extraction import read_for, run_batches
from visgen.machine.devices import describe_device, fix_kernels, pick_precision
from visgen.specimens.images import naming

log = logging.getLogger(__name__)

#: Share of a GPU's free memory that maps may take; where they need more they stay outside.
_SHARE = 0.4
#: Images at a time behind the cut, as a multiple of those of the whole network: maps there are
#: small, and on a CPU a pass of 128 takes a third of the time of four passes of 32.
_MORE = 4


@dataclass(frozen=True)
class FineTuner:
    """Bags of maps and the stages that make taxon vectors of them; fitted as an `Embedder` is.

    Attributes
    ----------
    bags
        `features` are maps before the cut, (n_images, ...) float16.
    rows
        (n_images,): which image is at which place in the bags.
    tail
        Stages as they are before any fit, on the device to use.
    variant
        centre, guidance.
    seed
        Of what a fit draws.
    dtype
        Arithmetic of the forward pass.
    batch_size
        Images at a time.
    """

    bags: Bags
    rows: np.ndarray
    tail: nn.Module
    variant: Mapping[str, Any]
    seed: int
    dtype: torch.dtype
    batch_size: int

    def fit(
        self, distances: np.ndarray, known: np.ndarray, groups: np.ndarray | None = None
    ) -> Fit:
        """Fit to the distances of known taxa; all as in `fit_guidance`.

        A step learns from a few images of each known taxon, drawn anew; losses are recorded, and
        the best epoch is chosen, with all of them.

        Raises
        ------
        ValueError
            If too few taxa are known.
        """
        check_known(known)
        guidance = self.variant["guidance"]
        n_each = guidance["fine_tune"]["images_per_taxon"]
        model = TunedTail(self.tail, self.dtype, self.batch_size)
        # Bags of other taxa do not even enter.
        images = [rows for rows, is_known in zip(self._images(), known, strict=True) if is_known]
        rng = np.random.default_rng([self.seed, 1])

        def glimpse() -> Tensor:
            drawn = [
                np.sort(rng.choice(rows, min(n_each, len(rows)), replace=False)) for rows in images
            ]
            return self._means(model, drawn)

        target = torch.tensor(distances[np.ix_(known, known)], dtype=torch.float32)
        return fit_model(
            model,
            lambda: self._means(model, images),
            glimpse if max(map(len, images)) > n_each else None,
            target.to(model.start[0].device),
            np.array(self.bags.taxa)[known],
            np.ones(len(images), bool),
            guidance,
            groups=None if groups is None else groups[known],
            centre=self.variant["centre"],
            seed=self.seed,
        )

    def vectors(self, fit: Fit, known: np.ndarray) -> np.ndarray:
        """Return (n_taxa, n_features) of all images, centred on the known taxa if asked for."""
        with torch.no_grad():
            means = self._means(fit.model, self._images()).cpu().numpy().astype(np.float64)
        return centre_on(means, known) if self.variant["centre"] else means

    @property
    def images(self) -> Bags:
        """Return the bags of images, as an `Embedder` has them."""
        return self.bags

    def redealt(self, rows: np.ndarray) -> "FineTuner":
        """Return the same of other images: place i in the bags goes to the image rows[i]."""
        return replace(self, rows=self.rows[rows])

    def weights(self, fit: Fit) -> pd.DataFrame:
        """Return no row: all images of a taxon count the same."""
        return pd.DataFrame(columns=WEIGHT_COLUMNS)

    def in_features(self, vectors: np.ndarray) -> pd.DataFrame:
        """Return vectors with their names, (n_taxa, n_features), index taxon."""
        return pd.DataFrame(vectors, index=pd.Index(self.bags.taxa, name="taxon"))

    def _images(self) -> list[np.ndarray]:
        """Return the positions of each taxon's images among the maps."""
        return np.split(self.rows, np.cumsum(self.bags.sizes)[:-1])

    def _means(self, model: TunedTail, images: Sequence[np.ndarray]) -> Tensor:
        """Return the mean features of images of taxa, (n_taxa, n_features)."""
        maps = self.bags.features
        rows = torch.from_numpy(np.concatenate(images)).to(maps.device)
        parts = model(maps, rows).split([len(part) for part in images])
        return torch.stack([part.mean(0) for part in parts])


def make_fine_tuner(
    images: pd.DataFrame,
    taxa: pd.Series,
    backbone: Backbone,
    variant: Mapping[str, Any],
    *,
    finer: pd.DataFrame | None = None,
    seed: int,
    device: torch.device,
    precision: str,
    batch_size: int,
    background: tuple[int, int, int],
    max_pixels: int,
    workers: int,
) -> FineTuner:
    """Cut a backbone and make the maps of the images of every taxon.

    Parameters
    ----------
    images
        Columns id, path, sha256.
    taxa
        Taxon of each image, index id; images with a gap are left out.
    backbone
        What fits start from; it is left as it is.
    variant
        centre, per_taxon (images of a taxon at most, drawn from all of them), guidance.
    finer
        As in `visgen.embedding.guidance.bags.make_bags`: who takes turns in draws from large bags.
    seed
        Of draws from large bags and of fits.
    device
        For the network.
    precision
        ``auto``, ``float32`` or ``bfloat16``.
    batch_size
        Images at a time through the whole network; more through its last stages.
    background, max_pixels, workers
        As in `visgen.features.extraction.extract_features`.

    Raises
    ------
    ValueError
        As `visgen.embedding.guidance.cutting.cut_network` and
        `visgen.features.extraction.read_for`; if an image with a taxon is not there, or a map has
        values that float16 does not hold.
    """
    cut = cut_network(backbone, variant["guidance"]["fine_tune"]["stages"])
    everything = pd.MultiIndex.from_product([images["id"], [0]], names=["id", "repeat"])
    rows = deal_images(everything, taxa, finer=finer, per_taxon=variant["per_taxon"], seed=seed)
    sizes = rows.groupby("taxon", sort=True).size()
    dtype = pick_precision(precision, device)
    fix_kernels()

    def look(path: str, sha256: str) -> Tensor:
        image = read_for(backbone, path, sha256, background=background, max_pixels=max_pixels)
        with naming(path):
            return backbone.transform(image)  # (3, height, width)

    chosen = images.iloc[rows["row"].to_numpy()]
    cut.whole.to(device, memory_format=torch.channels_last)
    batches = run_batches(
        list(chosen[["path", "sha256"]].itertuples(index=False, name=None)),
        look,
        lambda batch: cut.maps(batch).half(),
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        workers=workers,
    )
    maps, done = None, 0
    for part in batches:
        if not part.isfinite().all():
            name = chosen["id"].iloc[
                done + int((~part.isfinite()).flatten(1).any(1).int().argmax())
            ]
            raise ValueError(
                f"id {name!r}: its maps before {cut.first} of {backbone.recipe['model']} have "
                "values that float16 does not hold; another number of stages may do"
            )
        if maps is None:
            maps = torch.empty((len(chosen), *part.shape[1:]), dtype=torch.float16)
        maps[done : done + len(part)] = part
        done += len(part)
    cut.whole.to("cpu")
    log.info(
        "%s in %s: maps of %d images before %s, %.2f GB",
        describe_device(device),
        str(dtype).removeprefix("torch."),
        len(maps),
        cut.first,
        maps.nbytes / 1e9,
    )
    if device.type == "cuda" and maps.nbytes < _SHARE * torch.cuda.mem_get_info(device)[0]:
        maps = maps.to(device)
    bags = Bags(
        maps,
        tuple(map(int, sizes)),
        tuple(sizes.index),
        pd.MultiIndex.from_frame(rows[["id", "repeat"]]),
    )
    tail = cut.tail.to(device, memory_format=torch.channels_last)
    return FineTuner(bags, np.arange(len(maps)), tail, variant, seed, dtype, _MORE * batch_size)
