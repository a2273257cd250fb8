"""Phylogenetic signal of unguided taxon vectors, as rows of scores."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.embedding.pooling import pool_views
from visgen.features.within_covariance import NoSpreadError
from visgen.metrics import EXPECTED
from visgen.scikit_bio import DistanceMatrix
from visgen.signal.brownian import brownian_motion
from visgen.signal.covariance import BROWNIAN
from visgen.signal.k_a import k_a
from visgen.signal.k_mult import k_mult
from visgen.signal.lambda_test import lambda_test
from visgen.signal.mixed_model import fit_mixed_model
from visgen.signal.traits import leading_axes, whitened_means

#: Evaluator of these rows.
SIGNAL = "signal"


class _Vectors(NamedTuple):
    """Vectors, index taxon, and the variance of each as an estimate, None where unknown."""

    values: pd.DataFrame
    noise: pd.Series | None


def score_signals(
    features: pd.DataFrame,
    taxa: pd.Series,
    specimens: pd.Series,
    variants: Mapping[str, Mapping[str, Any]],
    genetic: DistanceMatrix,
    *,
    views: pd.Series | None = None,
    permutations: int,
    seed: int,
) -> dict[str, tuple[list[dict], list[dict]]]:
    """Measure how far the look of taxa follows descent, variant by variant.

    Traits are all axes of a variant's vectors; of K_A, which needs few, the leading ones
    (`visgen.signal.traits.leading_axes`). Means are whitened within taxa first, whether the
    variant is or not, so that the noise of each is known; other poolings, and means of taxa with
    one specimen each, are taken as they are and as exact. Centring moves all vectors alike and
    changes nothing.

    Parameters
    ----------
    features
        (n, n_features), index id.
    taxa
        Taxon of each image that vectors are made of, index id.
    specimens
        Of each image, index id.
    variants
        As `visgen.embedding.unguided.embed_taxa` has them, by name.
    genetic
        (n_taxa, n_taxa); only taxa that have images, too, are looked at.
    views
        View of each image where views are joined, else None. Each view is whitened by itself, and
        the noise of a taxon is the mean of its views'.
    permutations, seed
        Of taxa.

    Returns
    -------
    dict
        Scores and omitted by name of variant, as
        `visgen.distances.agreement.score_agreement` has them, of the evaluator `SIGNAL`:
        pagel_lambda (with its interval), k_mult and k_a, and of the last two the null
        permuted_taxa, the mean over permutations. Nothing of random vectors, and of fewer than
        five taxa.
    """
    nothing: tuple[list[dict], list[dict]] = ([], [])
    shared = [taxon for taxon in genetic.ids if taxon in set(taxa)]
    if len(shared) < MIN_TAXA:
        return dict.fromkeys(variants, nothing)
    distances = genetic.filter(shared).data
    whitened = None
    if any(variant["pooling"] == "mean" for variant in variants.values()):
        whitened = _whitened(features, taxa, specimens, views)
    found, scored = {}, {}
    for name, variant in variants.items():
        pooling, whiten = variant["pooling"], variant["whiten"]
        if pooling == "random":
            scored[name] = nothing
            continue
        is_whitened = pooling == "mean" and whitened is not None
        key = "whitened means" if is_whitened else (pooling, whiten)
        if key not in found:
            vectors = whitened
            if not is_whitened:
                within = taxa.unique() if whiten else None
                images = features.loc[taxa.index]
                pooled = pool_views(images, taxa, views, pooling, seed, within)
                vectors = _Vectors(pooled, None)
            found[key] = _score(vectors, shared, distances, permutations, seed)
        scored[name] = found[key]
    return scored


def _whitened(
    features: pd.DataFrame, taxa: pd.Series, specimens: pd.Series, views: pd.Series | None
) -> _Vectors | None:
    """Return whitened means, of joined views side by side; None where nothing replicates."""
    of_views = [taxa]
    if views is not None:
        seen = views.loc[taxa.index]
        of_views = [taxa[(seen == view).to_numpy()] for view in sorted(seen.unique())]
    parts, noises = [], []
    for images in of_views:
        code, names = pd.factorize(images, sort=True)
        specimen = pd.factorize(specimens.loc[images.index])[0]
        try:
            part = whitened_means(features.loc[images.index].to_numpy(np.float32), code, specimen)
        except NoSpreadError:
            return None
        parts.append(pd.DataFrame(part.values, names))
        noises.append(pd.Series(part.noise, names))
    return _Vectors(pd.concat(parts, axis=1), pd.concat(noises, axis=1).mean(axis=1))


def _score(
    vectors: _Vectors, shared: list[str], distances: np.ndarray, permutations: int, seed: int
) -> tuple[list[dict], list[dict]]:
    noise = None if vectors.noise is None else vectors.noise.loc[shared].to_numpy()
    try:
        traits = vectors.values.loc[shared].to_numpy(np.float64)
        leading = leading_axes(traits)
        motion = brownian_motion(distances)
        model = fit_mixed_model(traits, noise, distances, [BROWNIAN])
        test = lambda_test(traits, noise, distances, permutations, seed=seed)
    except ValueError as error:  # a star tree, say
        return [], [{"evaluator": SIGNAL, "reason": str(error)}]
    shared_columns = {"evaluator": SIGNAL, "n": len(shared), "n_permutations": permutations}
    row = {"metric": "pagel_lambda", "value": model.signal, "p": test.p}
    rows = [shared_columns | row | {"ci_low": model.ci_low, "ci_high": model.ci_high}]
    for metric, measure, axes in (("k_mult", k_mult, traits), ("k_a", k_a, leading)):
        test = measure(axes, motion, permutations, seed=seed)
        row = shared_columns | {"metric": metric, "value": test.value, "p": test.p}
        null = {"role": EXPECTED, "against": "permuted_taxa", "value": test.null_mean, "p": None}
        rows += [row, row | null]
    return rows, []
