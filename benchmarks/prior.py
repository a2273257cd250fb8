"""Refits of a prior from relatives to permuted ones, against a grid of plain likelihoods.

Times are of the processor, one thread, ratios within one run: others may use the machine.
"""

import os

# One core, and small matrices wait for threads.
os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from prior_size import names_of
from scipy.linalg import cho_factor, cho_solve
from signal_power import evolve, pure_birth
from visgen.prior.evidence import Evidence, evidence_of
from visgen.prior.fitting import fit_prior, prior_covariance
from visgen.prior.looks import fit_looks
from visgen.prior.permuting import relative_orders
from visgen.prior.posterior import posterior_weights
from visgen.prior.recognition import Trial, recall_by_taxon, scores_of, trial_of
from visgen.prior.relatives import Relatives, relatives_of, taxonomy_steps
from visgen.scikit_bio import DistanceMatrix

N_TAXA, N_SPECIMENS, N_FEATURES, N_REFITS = 245, 600, 384, 20
SHARES = VARIANCES = np.linspace(0.05, 0.95, 10)
REFITS_A_PERMUTATION = 12  # three sources: seen and unseen alone, two beside the taxonomy


class Study(NamedTuple):
    """What is fitted, by what, and specimens that are named."""

    evidence: Evidence
    trial: Trial
    taxonomy: Relatives
    tree: Relatives


def simulate(signal: float) -> Study:
    """Return a study of taxa with one to three training specimens, whose look follows the tree."""
    rng = np.random.default_rng(1)
    distances = pure_birth(N_TAXA, rng)
    above = names_of(distances, N_TAXA // 8, N_TAXA // 3)
    taxa = above.index.to_numpy(object)
    true = evolve(distances, N_FEATURES, signal, rng)
    code = np.sort(np.concatenate([np.arange(N_TAXA), rng.integers(0, N_TAXA, N_TAXA)]))
    asked = rng.integers(0, N_TAXA, N_SPECIMENS)
    training, others = (
        (true[one] + 2 * rng.normal(size=(len(one), N_FEATURES))).astype(np.float32)
        for one in (code, asked)
    )
    space, looks = fit_looks(training, taxa[code])
    return Study(
        evidence_of(looks, list(taxa)),
        trial_of(looks, list(taxa), space.apply(others), taxa[asked]),
        relatives_of("taxonomy", taxonomy_steps(above)),
        relatives_of("tree", DistanceMatrix(distances, list(taxa))),
    )


def refit(study: Study, kinds: Sequence[Relatives], orders: np.ndarray) -> Iterator[float]:
    """Yield the likelihood of a fit in each order of the last relatives; specimens are named."""
    first = fit_prior(study.evidence, kinds[:-1])
    for order in orders:
        of_kinds = [*[None] * (len(kinds) - 1), order]
        fit = fit_prior(study.evidence, kinds, of_kinds, first)
        name_by(study, prior_covariance(fit, kinds, of_kinds))
        yield fit.log_likelihood


def by_grid(study: Study, kinds: Sequence[Relatives], orders: np.ndarray) -> Iterator[float]:
    """Do the same by Cholesky factors at each scale, variance and share of one kind."""
    (kind,) = kinds
    for order in orders:
        found = (-np.inf, None)
        for covariance in kind.covariances:
            permuted = covariance[np.ix_(order, order)]
            for variance in VARIANCES:
                for share in SHARES:
                    prior = variance * (share * permuted + (1 - share) * np.eye(N_TAXA))
                    found = max(found, (likelihood(study.evidence, prior), prior), key=first_of)
        name_by(study, found[1])
        yield found[0]


def first_of(pair: tuple) -> float:
    """Return what is compared."""
    return pair[0]


def likelihood(evidence: Evidence, prior: np.ndarray) -> float:
    """Return the restricted log likelihood of K, without constants, by its definition."""
    observed = prior + np.diag(1 / evidence.n_images)
    factor = cho_factor(observed, lower=True)
    solved = cho_solve(factor, np.column_stack([np.ones(N_TAXA), evidence.squares]))
    ones, squares = solved[:, 0], solved[:, 1:]
    total = ones.sum()
    spread = np.trace(squares) - ones @ evidence.squares @ ones / total
    logs = 2 * np.log(np.diag(factor[0])).sum() + np.log(total)
    return float(-0.5 * (evidence.n_axes * logs + spread))


def name_by(study: Study, prior: np.ndarray) -> np.ndarray:
    """Return recalls of taxa."""
    weights = posterior_weights(prior, study.evidence.n_images, study.evidence.known)
    return recall_by_taxon(study.trial, scores_of(study.trial, weights))


def timed(values: Iterator[float]) -> tuple[list[float], float]:
    """Return values and the seconds of the processor that each took."""
    start = time.process_time()
    found = list(values)
    return found, (time.process_time() - start) / len(found)


def main() -> None:
    """Time refits where look follows the tree and where it does not."""
    for signal in (0.0, 0.7):
        study = simulate(signal)
        orders = relative_orders(study.tree.taxa, N_REFITS, 1)
        list(refit(study, [study.tree], orders[:2]))
        found, alone = timed(refit(study, [study.tree], orders))
        _, beside = timed(refit(study, [study.taxonomy, study.tree], orders))
        on_grid, plain = timed(by_grid(study, [study.tree], orders[:1]))
        assert found[0] > on_grid[0] - 1, (found[0], on_grid[0])
        hours = 999 * 5 * REFITS_A_PERMUTATION * (alone + beside) / 2 / 2 / 3600
        print(
            f"prior of {N_TAXA} taxa and names of {N_SPECIMENS} specimens, signal {signal:g}: "
            f"a refit {1000 * alone:.0f} ms, beside the taxonomy {1000 * beside:.0f} ms; by a grid "
            f"of {len(study.tree.scales) * len(SHARES) * len(VARIANCES)} {plain:.1f} s, ratio "
            f"{plain / alone:.0f}; 999 permutations of 5 splits take two cores {hours:.2f} hours",
            flush=True,
        )


if __name__ == "__main__":
    main()
