"""Time and memory of each classifier at the size of BIMAGES, beside a plain logistic regression.

57,510 × 768 made-up features, 26 taxa as uneven as the orders of BIMAGES: what Roy 2025 trained
on. Each classifier runs in a process of its own, one after the other; memory is the peak beside
what the process held before, as a multiple of the feature matrix. Names of methods as arguments
make it shorter.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

LIBRARY = Path(__file__).parents[1] / "workflow" / "lib"
sys.path.insert(0, str(LIBRARY))

N_TRAIN, N_TEST, N_FEATURES, N_TAXA = 57_510, 14_378, 768, 26
PLAIN = "scikit-learn"
METHODS = {
    "logistic_regression": {},
    "linear_svm": {},
    "rbf_svm": {},
    "lda": {},
    "nearest_neighbours": {},
    "nearest_centroid": {},
    "random_forest": {"trees": 100},
    "balanced_forest": {"trees": 100},
    "balanced_bagging": {"trees": 4},  # every feature at every branch: a tree takes a minute
}
OPTIONS = {"transform": None, "best_features": None, "pca": None, "resample": None, "seed": 1}


def features() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Return made-up features, taxa and parts."""
    rng = np.random.default_rng(1)
    n = N_TRAIN + N_TEST
    share = 1 / np.arange(1, N_TAXA + 1) ** 1.2
    taxon = rng.choice(N_TAXA, n, p=share / share.sum())
    values = rng.standard_normal((n, N_FEATURES), np.float32)
    centres = rng.standard_normal((N_TAXA, N_FEATURES), np.float32)
    for start in range(0, n, 1024):
        values[start : start + 1024] += 0.1 * centres[taxon[start : start + 1024]]
    ids = pd.Index([f"image {i:05d}" for i in range(n)], name="id")
    index = pd.MultiIndex.from_arrays([ids, np.zeros(n, int)], names=["id", "repeat"])
    specimens = pd.DataFrame({"order": [f"order {t:02d}" for t in taxon], "specimen": ids}, ids)
    parts = pd.Series(np.where(np.arange(n) < N_TRAIN, "train", "test"), ids)
    return pd.DataFrame(values, index=index, copy=False), specimens, parts


def peak() -> float:
    """Return the largest memory of this process so far, in MiB (Linux)."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def measure(method: str) -> None:
    """Train and predict once; print seconds, memory and accuracy as JSON."""
    from sklearn.linear_model import LogisticRegression
    from visgen.classification.classifiers.ranks import predict_ranks

    table, specimens, parts = features()
    before, start = peak(), time.perf_counter()
    if method == PLAIN:
        train = (parts == "train").to_numpy()
        x, y = table.to_numpy(), specimens["order"].to_numpy()
        model = LogisticRegression(max_iter=1000).fit(x[train], y[train])
        right = (model.predict(x[~train]) == y[~train]).mean()
    else:
        options = OPTIONS | {"method": method, "tune": {"folds": 3, "grid": {}}} | METHODS[method]
        found = predict_ranks(table, specimens, ["order"], {1: parts}, options, threads=2)
        test = found.predictions[1, "order"]
        right = (test["truth"] == test["predicted"]).mean()
    seconds, size = time.perf_counter() - start, table.to_numpy().nbytes / 2**20
    memory = (peak() - before + size) / size
    print(json.dumps({"seconds": seconds, "memory": memory, "accuracy": float(right)}))


def _trees(method: str) -> str:
    trees = METHODS.get(method, {}).get("trees")
    return f" of {trees} trees" if trees else ""


def main() -> None:
    """Run scikit-learn's logistic regression and every classifier, and print a line each."""
    if sys.argv[1:2] == ["--one"]:
        measure(sys.argv[2])
        return
    reference = None
    for method in [PLAIN, *(sys.argv[1:] or METHODS)]:
        command = [sys.executable, __file__, "--one", method]
        found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        reference = reference or found["seconds"]
        ratio = found["seconds"] / reference
        print(
            f"{method}{_trees(method)}: {found['seconds']:.1f} s, ratio {ratio:.2f} to "
            f"scikit-learn's logistic regression; memory {found['memory']:.2f} times the features; "
            f"accuracy {found['accuracy']:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
