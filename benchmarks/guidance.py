"""Guidance: time and memory on the size of Roy (2025), size and power of the test by refits.

Times are ratios within one run. Size and power are shares of simulated studies in which the test
on pairs of a held-out and a known taxon rejects at 5 %.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from guided_study import GUIDANCE, GUIDED, simulate_features
from visgen.embedding.folds import deal_folds
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.guidance.variants import make_embedder
from visgen.embedding.held_out.refits import fit_folds, refit_nulls
from visgen.embedding.held_out.rows import p_by_refit
from visgen.embedding.held_out.scoring import NULLS, PERMUTED_BAGS, Fold, score_folds
from visgen.simulate.phylogeny import simulate_phylogeny
from visgen.simulate.traits import branch_loadings

N_TAXA, N_EACH, N_FEATURES = 74, 150, 2048
LARGEST = 1.7
EPOCHS, RATE = 5000, 1e-4
ATTENTION = {
    "pooling": "attention",
    "centre": False,
    "whiten": False,
    "per_taxon": None,
    "guidance": GUIDANCE
    | {"projection": "none", "loss": "mse", "largest": LARGEST, "penalty": 0, "watched": 0},
}
KEY = ("held_out_known", "pearson_double_centred")


def roy_sized() -> tuple[pd.DataFrame, pd.Series, np.ndarray]:
    """Return features that are never negative, taxa, and distances up to 1.78."""
    tree, _ = simulate_phylogeny(N_TAXA, 1)
    loadings = branch_loadings(tree).to_numpy()
    distances = 0.89 * 2 * (1 - loadings @ loadings.T)
    np.fill_diagonal(distances, 0)
    rng = np.random.default_rng(1)
    traits = loadings @ rng.standard_normal((loadings.shape[1], N_FEATURES), np.float32)
    images = np.repeat(traits.astype(np.float32), N_EACH, axis=0)
    for start in range(0, len(images), 100):
        part = images[start : start + 100]
        part += 2 * rng.standard_normal(part.shape, np.float32)
    np.maximum(images, 0, out=images)
    ids = [f"image {i:05d}" for i in range(len(images))]
    index = pd.MultiIndex.from_product([ids, [0]], names=["id", "repeat"])
    taxa = pd.Series(np.repeat([f"taxon {i:02d}" for i in range(N_TAXA)], N_EACH), ids)
    return pd.DataFrame(images, index=index, copy=False), taxa, distances


def plain_loop(images: torch.Tensor, distances: np.ndarray) -> float:
    """Return the loss after Adam on one linear layer, taxon by taxon."""
    target = torch.tensor(1 - 2 * distances / LARGEST, dtype=torch.float32)
    upper = torch.triu_indices(N_TAXA, N_TAXA, offset=1)
    layer = nn.Linear(N_FEATURES, 1)
    nn.init.zeros_(layer.weight)
    optimiser = torch.optim.Adam(layer.parameters(), lr=RATE)
    bags = images.split(N_EACH)
    for epoch in range(EPOCHS):
        optimiser.zero_grad()
        vectors = []
        for bag in bags:
            weights = torch.softmax(layer(bag), dim=0)
            vectors.append(nn.functional.normalize((weights * bag).sum(dim=0), dim=0))
        vectors = torch.stack(vectors)
        similarity = vectors @ vectors.T
        loss = (similarity[upper[0], upper[1]] - target[upper[0], upper[1]]).square().mean()
        loss.backward()
        optimiser.step()
        if epoch % 1000 == 0:
            print(f"  plain loop, epoch {epoch}: loss {loss.item():.4f}", flush=True)
    return loss.item()


def compare_speed() -> None:
    """Time the way to the loss that the plain loop reaches."""
    features, taxa, distances = roy_sized()
    images = torch.tensor(features.to_numpy())
    start = time.perf_counter()
    reached = plain_loop(images, distances)
    slow = time.perf_counter() - start
    del images
    made = make_embedder(features, taxa, ATTENTION, seed=1, device=torch.device("cpu"))
    known = np.ones(N_TAXA, bool)
    history = made.fit(distances, known).history
    below = history.index[history["loss"] <= reached]
    if below.empty:
        print(f"L-BFGS ends at {history['loss'].min():.4f}, above {reached:.4f}")
        return
    enough = ATTENTION["guidance"] | {"epochs": int(below[0])}
    made = make_embedder(
        features, taxa, ATTENTION | {"guidance": enough}, seed=1, device=torch.device("cpu")
    )
    start = time.perf_counter()
    made.fit(distances, known)
    fast = time.perf_counter() - start
    print(
        f"attention on {N_TAXA} x {N_EACH} x {N_FEATURES} to a loss of {reached:.4f}: "
        f"{below[0]} steps of L-BFGS in {fast:.2f} s against {EPOCHS} of Adam in a plain loop in "
        f"{slow:.1f} s, ratio {slow / fast:.0f}",
        flush=True,
    )


def measure_memory() -> None:
    """Print the peak memory of bags and a fit beside the size of the features."""
    small, taxa, genetic, _ = simulate_features(20, 1.0, 1)
    warm = make_embedder(small, taxa, ATTENTION, seed=1, device=torch.device("cpu"))
    warm.fit(in_bag_order(genetic, warm.bags), np.ones(20, bool))  # loads what a fit needs
    features, taxa, distances = roy_sized()
    size = features.to_numpy().nbytes / 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = make_embedder(features, taxa, ATTENTION, seed=1, device=torch.device("cpu"))
    made.fit(distances, np.ones(N_TAXA, bool))
    peak = size + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        f"memory of bags and fit, table of features included: {peak / size:.2f} x the features "
        f"({size / 1024:.0f} MiB)",
        flush=True,
    )


def rejections(signal: float, replicates: int, permutations: int) -> None:
    """Print in how many simulated studies the test by refits rejects."""
    rejected, true_r, in_sample = [], [], []
    for seed in range(replicates):
        features, taxa, genetic, families = simulate_features(N_TAXA, signal, seed)
        folds, _ = deal_folds(genetic, genetic.ids, families, 3, 1)
        folds["clades"] = pd.array([None] * len(folds), "Int64")
        made = make_embedder(features, taxa, GUIDED, seed=1, device=torch.device("cpu"))
        wanted = in_bag_order(genetic, made.bags)
        fold = folds.loc[list(made.bags.taxa), "tips"]
        visual, _ = fit_folds(made, genetic, folds)
        scores = score_folds(
            Fold(wanted, one.astype(float), (fold == number).to_numpy(bool))
            for number, one in enumerate(visual["tips"], start=1)
        )
        alone = pd.Series(taxa.index, taxa.index)
        null = refit_nulls(made, alone, genetic, folds, permutations=permutations, seed=seed)
        null = null.set_index(["null", "part", "metric"])["value"].sort_index()
        ps = [p_by_refit(scores[KEY], null[(n, *KEY)], smaller_is_better=False) for n in NULLS]
        rejected.append([ps[0] <= 0.05, max(ps) <= 0.05])
        true_r.append(scores[KEY])
        in_sample.append(null[PERMUTED_BAGS, "known_known", "pearson"].mean())
    shares = np.mean(rejected, axis=0)
    errors = np.sqrt(shares * (1 - shares) / replicates)
    print(
        f"{N_TAXA} taxa, signal {signal:g}: permuted bags reject {100 * shares[0]:.1f} % (standard "
        f"error {100 * errors[0]:.1f}), both nulls {100 * shares[1]:.1f} % "
        f"({100 * errors[1]:.1f}) of {replicates} studies, {permutations} refits each; held-out r "
        f"{np.mean(true_r):.3f}, in-sample r on permuted bags {np.mean(in_sample):.3f}",
        flush=True,
    )


def main() -> None:
    """Compare time and memory, the latter in a process of its own; size and power when asked."""
    match sys.argv[1:]:
        case ["memory"]:
            measure_memory()
        case ["power"]:  # half an hour
            torch.set_num_threads(1)
            rejections(0.0, 200, 19)
            rejections(1.0, 40, 19)
        case []:
            subprocess.run([sys.executable, __file__, "memory"], check=True)
            compare_speed()
        case other:
            raise SystemExit(f"found {other}, expected nothing, memory or power")


if __name__ == "__main__":
    main()
