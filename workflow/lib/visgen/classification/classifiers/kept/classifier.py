"""A fitted classifier as plain arrays and words, and what it says of images."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from visgen.classification.classifiers.kept.checks import check_count, check_places
from visgen.classification.classifiers.kept.methods import check_method, method_asked
from visgen.classification.classifiers.kept.steps import apply_step, check_step

FORM = 1  #: of tensors and words; another number where they come to mean something else

_BLOCK = 1024  # images asked about at a time


class KeptClassifier(NamedTuple):
    """A classifier that answers without what it was fitted with.

    Attributes
    ----------
    tensors
        Arrays by name, of types that safetensors takes; ``taxa`` are the numbers of those that
        were trained on.
    about
        What JSON takes: form, method, steps (in their order), n_features, n_taxa, and of
        ``nearest_neighbours`` neighbours, of ``stratified`` seed.
    """

    tensors: dict[str, np.ndarray]
    about: dict[str, Any]

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Return the (n_images, n_taxa) float32 probabilities of all taxa.

        They are those of `visgen.classification.classifiers.asking.fit_and_ask`. A taxon that was
        not trained on has 0. ``stratified`` draws for the images in their order, the same with
        every call; ``uniform`` draws only what it predicts, not its probabilities.

        Parameters
        ----------
        x
            (n_images, n_features) float32, left as it is.

        Raises
        ------
        ValueError
            If `x` has another number of columns, or a number in it is not finite.
        """
        n_features = self.about["n_features"]
        if x.ndim != 2 or x.shape[1] != n_features:
            raise ValueError(f"features have the shape {x.shape}, expected (any, {n_features})")
        ask = method_asked(self.about, self.tensors)
        found = np.zeros((len(x), self.about["n_taxa"]), np.float32)
        for start in range(0, len(x), _BLOCK):
            block = np.array(x[start : start + _BLOCK], np.float32, order="C")
            finite = np.isfinite(block).all(axis=1)
            if not finite.all():
                raise ValueError(
                    f"row {start + np.argmin(finite)} of the features has gaps or infinite "
                    "numbers, expected none"
                )
            for i, step in enumerate(self.about["steps"]):
                block = apply_step(step, f"steps.{i}", self.tensors, block)
            found[start : start + _BLOCK, self.tensors["taxa"]] = ask(block)
        return found


def restore(tensors: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> KeptClassifier:
    """Return the classifier that arrays and words are, as they were kept.

    Parameters
    ----------
    tensors, about
        As of `KeptClassifier`. More than it needs is left aside.

    Raises
    ------
    ValueError
        If something that it needs is missing, or does not fit the rest.
    """
    if about.get("form") != FORM:
        raise ValueError(f"'form' of a kept classifier is {about.get('form')!r}, expected {FORM}")
    check_count(about, "n_features", 1)
    check_count(about, "n_taxa", 1)
    check_places(tensors, "taxa", (None,), about["n_taxa"])
    if not len(tensors["taxa"]) or (np.diff(tensors["taxa"]) <= 0).any():
        raise ValueError("tensor 'taxa' of a kept classifier does not rise, expected that it does")
    if not isinstance(about.get("steps"), list):
        raise ValueError(
            f"'steps' of a kept classifier is {about.get('steps')!r}, expected a list of words"
        )
    n_columns = about["n_features"]
    for i, step in enumerate(about["steps"]):
        n_columns = check_step(step, f"steps.{i}", tensors, n_columns)
    check_method(about, tensors, n_columns)
    return KeptClassifier(dict(tensors), dict(about))
