"""A fitted prior on disk: numbers as safetensors, and all else as JSON beside them.

`prior.safetensors`, float64:

- ``axes`` (n_features, n_axes), ``offset`` (n_axes,): features @ axes − offset is white within
  taxa, with the mean over taxa at zero; divided by its length and times ``length`` (1,) it is the
  look of an image;
- ``general`` (n_axes,): the mean look over taxa, g;
- ``means`` (n_taxa, n_axes), ``variances`` (n_taxa,): posterior of each taxon, on every axis;
- ``n_images`` (n_taxa,), int64: training images; 0 of a taxon that relatives alone tell of.

`prior.json`: ``format`` (1); ``taxa``, in the order of the rows; ``temperature``; ``relatives``,
one entry a kind: name, scale (share of the median distance; null is Brownian motion), variance,
clipped, filled; ``own`` variance; ``log_likelihood`` with relatives and without; ``software``.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load_file, save

from visgen.prior.fitting import PriorFit
from visgen.prior.looks import LookSpace
from visgen.prior.posterior import Posterior
from visgen.prior.relatives import Relatives

FORMAT = 1
SOFTWARE = ("numpy", "scipy", "scikit-learn")


class SavedPrior(NamedTuple):
    """What new images are named with.

    Attributes
    ----------
    space
        From features to looks.
    posterior
        Of all taxa.
    taxa
        Names, in its order.
    n_images
        (n_taxa,) of training.
    temperature
        Of density scores.
    about
        How it was fitted: the JSON file's relatives, own, log_likelihood and software.
    """

    space: LookSpace
    posterior: Posterior
    taxa: list[str]
    n_images: np.ndarray
    temperature: float
    about: dict[str, Any]


def describe_fit(fit: PriorFit, relatives: Sequence[Relatives]) -> dict[str, Any]:
    """Return what was fitted and chosen, in plain values."""
    kinds = [
        {
            "name": one.name,
            "scale": None if np.isinf(scale) else scale,
            "variance": variance,
            "clipped": one.clipped[place],
            "filled": one.filled,
        }
        for one, place, scale, variance in zip(
            relatives, fit.places, fit.scales, fit.variances, strict=True
        )
    ]
    likelihoods = {"with": fit.log_likelihood, "without": fit.log_likelihood_without}
    return {
        "relatives": kinds,
        "own": fit.own,
        "log_likelihood": likelihoods,
        "software": {name: version(name) for name in SOFTWARE},
    }


def write_prior(paths: Mapping[str, str | Path], prior: SavedPrior) -> None:
    """Write a prior; the same prior gives the same bytes.

    Parameters
    ----------
    paths
        tensors and about.
    prior
        What to write.
    """
    space, posterior = prior.space, prior.posterior
    tensors = {
        "axes": space.axes,
        "offset": space.offset,
        "length": np.array([space.length]),
        "general": posterior.general,
        "means": posterior.means,
        "variances": posterior.variances,
        "n_images": np.asarray(prior.n_images, dtype=np.int64),
    }
    packed = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
    Path(paths["tensors"]).write_bytes(save(packed))
    about = {
        "format": FORMAT,
        "taxa": list(prior.taxa),
        "temperature": prior.temperature,
    } | prior.about
    text = json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False)
    Path(paths["about"]).write_text(text + "\n", encoding="utf-8")


def write_no_prior(paths: Mapping[str, str | Path], reason: str) -> None:
    """Write files that say why there is no prior."""
    Path(paths["tensors"]).write_bytes(save({}))
    text = json.dumps({"format": FORMAT, "omitted": reason}, ensure_ascii=False)
    Path(paths["about"]).write_text(text + "\n", encoding="utf-8")


def read_prior(paths: Mapping[str, str | Path]) -> SavedPrior:
    """Read what `write_prior` wrote.

    Raises
    ------
    ValueError
        If the two files are not of one prior, of another format, or say that there is none.
    """
    about = json.loads(Path(paths["about"]).read_text(encoding="utf-8"))
    if about.pop("format", None) != FORMAT:
        raise ValueError(f"{paths['about']}: not a prior of format {FORMAT}")
    if "omitted" in about:
        raise ValueError(f"{paths['about']}: there is no prior, since {about['omitted']}")
    tensors = load_file(paths["tensors"])
    taxa = about.pop("taxa")
    if len(taxa) != len(tensors["means"]):
        raise ValueError(
            f"{paths['about']}: found {len(taxa)} taxa, expected {len(tensors['means'])} as in "
            f"{paths['tensors']}"
        )
    space = LookSpace(tensors["axes"], tensors["offset"], float(tensors["length"][0]))
    posterior = Posterior(tensors["general"], tensors["means"], tensors["variances"])
    temperature = about.pop("temperature")
    return SavedPrior(space, posterior, taxa, tensors["n_images"], temperature, about)
