"""Ridge to the tree: refits a second beside those of a fitted projection, size and power.

Times are ratios within one run, of one thread each. Size and power are shares of simulated studies
in which the test on pairs of a held-out and a known taxon, by 19 refits under each null, rejects at
5 % under both.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import squareform
from skbio.stats.distance import DistanceMatrix

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from guided_study import GUIDED, UNGUIDED, simulate_features
from visgen.embedding.folds import deal_folds
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.guidance.variants import make_embedder
from visgen.embedding.held_out import refits
from visgen.embedding.held_out.rows import p_by_refit
from visgen.embedding.held_out.scoring import NULLS, Fold, score_folds
from visgen.embedding.ridge import held_out
from visgen.embedding.ridge.taxon_images import make_taxon_images

N_TAXA, N_FEATURES, N_FOLDS = 334, 1280, 5
KEY = ("held_out_known", "pearson_double_centred")


def defaults() -> dict:
    """Return the options of ridge that a configuration has when it names none."""
    path = Path(__file__).parents[1] / "workflow/schemas/config.schema.yaml"
    part = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name in ("embedding", "variants"):
        part = part["properties"][name]
    (variant,) = part["patternProperties"].values()
    options = variant["properties"]["guidance"]["properties"]
    return {name: option["default"] for name, option in options.items()} | {"method": "ridge"}


RIDGE = UNGUIDED | {"guidance": defaults()}


def clustered_images(n_taxa: int) -> tuple[pd.DataFrame, pd.Series, DistanceMatrix, pd.Series]:
    """Return features of five images a taxon, taxa, distances of a clustering, and groups."""
    rng = np.random.default_rng(1)
    points = rng.standard_normal((n_taxa, 12))
    names = [f"taxon {i:03d}" for i in range(n_taxa)]
    tree = linkage(points, "average")
    genetic = DistanceMatrix(squareform(cophenet(tree)), names)
    groups = pd.Series(fcluster(tree, max(n_taxa // 10, 4), "maxclust"), names).astype(str)
    images = np.repeat(points @ rng.standard_normal((12, N_FEATURES)), 5, axis=0)
    images += 2 * rng.standard_normal(images.shape)
    ids = [f"image {i:05d}" for i in range(len(images))]
    index = pd.MultiIndex.from_product([ids, [0]], names=["id", "repeat"])
    features = pd.DataFrame(images.astype(np.float32), index)
    return features, pd.Series(np.repeat(names, 5), ids), genetic, groups


def beyond_chance(tree: held_out.Tree) -> held_out.Tree:
    """Leave the steps out: a projection, which is compared, is not refitted for them."""
    return tree._replace(questions=tree.questions[:1])


def seconds_a_refit(n_taxa: int) -> tuple[float, float]:
    """Return what a refit of all folds of both kinds takes, of ridge and of the projection."""
    features, taxa, genetic, groups = clustered_images(n_taxa)
    folds, _ = deal_folds(genetic, genetic.ids, groups, N_FOLDS, 1)
    specimens = pd.Series(taxa.index, taxa.index)
    images = make_taxon_images(features, taxa, RIDGE, seed=1)
    distances = in_bag_order(genetic, images.bags)
    tree = beyond_chance(held_out.place_folds(distances, folds, RIDGE["guidance"], 1))
    made = make_embedder(features, taxa, GUIDED, seed=1, device=torch.device("cpu"))
    draws = {"permutations": 1, "seed": 1}
    start = time.perf_counter()
    held_out.refit_nulls(images, specimens, tree, **draws)
    between = time.perf_counter()
    refits.refit_nulls(made, specimens, genetic, folds, **draws)
    end = time.perf_counter()
    return (between - start) / len(NULLS), (end - between) / len(NULLS)


def compare_refits() -> None:
    """Print how many refits of all folds of both kinds a second allows."""
    seconds_a_refit(20)  # loads what a fit needs
    ridge, projection = seconds_a_refit(N_TAXA)
    print(
        f"refits of {N_FOLDS} folds of both kinds, {N_TAXA} taxa of {N_FEATURES} features: ridge "
        f"{1 / ridge:.2f} a second, options chosen anew; projection {1 / projection:.3f}; ratio "
        f"{projection / ridge:.0f}; 99 under each null take ridge {198 * ridge / 60:.1f} minutes",
        flush=True,
    )


def rejections(signal: float, replicates: int, n_taxa: int = 40) -> None:
    """Print in how many simulated studies the test by refits rejects, by kind of held-out taxa."""
    rejected = {}
    for seed in range(replicates):
        features, taxa, genetic, families = simulate_features(n_taxa, signal, 1000 + seed)
        folds, _ = deal_folds(genetic, genetic.ids, families, N_FOLDS, seed)
        images = make_taxon_images(features, taxa, RIDGE, seed=1)
        distances = in_bag_order(genetic, images.bags)
        tree = beyond_chance(held_out.place_folds(distances, folds, RIDGE["guidance"], seed))
        visual, _ = held_out.fit_folds(images.grams(), tree)
        specimens = pd.Series(taxa.index, taxa.index)
        null = held_out.refit_nulls(images, specimens, tree, permutations=19, seed=seed)
        null = null.set_index(["kind", "null", "part", "metric"])["value"].sort_index()
        for kind, matrices in visual.items():
            true = score_folds(
                Fold(distances, one.astype(float), (folds[kind] == number).to_numpy(bool))
                for number, one in enumerate(matrices, start=1)
            )[KEY]
            ps = [
                p_by_refit(true, null[(kind, name, *KEY)], smaller_is_better=False)
                for name in NULLS
            ]
            rejected.setdefault(kind, []).append(max(ps) <= 0.05)
    for kind, which in rejected.items():
        print(
            f"{n_taxa} taxa, signal {signal:g}, {kind} held out: {np.sum(which)} of {len(which)} "
            "studies rejected by both nulls",
            flush=True,
        )


def main() -> None:
    """Compare times; size and power when asked."""
    torch.set_num_threads(1)
    match sys.argv[1:]:
        case ["power"]:  # half an hour
            rejections(0.0, 200)
            rejections(1.0, 60)
        case []:
            compare_refits()
        case other:
            raise SystemExit(f"found {other}, expected nothing or power")


if __name__ == "__main__":
    main()
