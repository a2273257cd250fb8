import json
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load, save, save_file
from visgen.classification.classifiers import feature_steps
from visgen.classification.classifiers.asking import fit_and_ask
from visgen.classification.classifiers.keeping import train_to_keep
from visgen.classification.classifiers.kept import classifier, neighbours
from visgen.classification.classifiers.kept.classifier import restore
from visgen.classification.classifiers.options import RANK_METHODS, TRANSFORMS
from workflow_copy import REPOSITORY

PLAIN = {"resample": None, "transform": None, "best_features": None, "pca": None}
N_FEATURES, N_TRAINED, N_ASKED, N_TAXA = 13, 61, 97, 7
PRESENT = (0, 1, 3, 5, 6)
#: Combinations of steps; a constant feature and an image of nothing but zeros are in each.
STEPS = [
    {},
    *({"transform": [step]} for step in TRANSFORMS),
    {"transform": ["signed_sqrt", "whiten", "l2"], "best_features": 5, "pca": 3},
    {"transform": ["centre", "l2", "standardise"], "pca": 11},
]


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(feature_steps, "_RANKING_TREES", 2)


@cache
def study(present):
    """Return a matrix, training rows of some taxa, and rows to ask, trained ones among them."""
    rng = np.random.default_rng(1)
    taxon = np.resize(present, N_TRAINED)
    matrix = rng.normal(size=(N_TRAINED + N_ASKED, N_FEATURES)).astype(np.float32)
    matrix[:N_TRAINED] += 2 * np.eye(N_TAXA, N_FEATURES, dtype=np.float32)[taxon]
    matrix[:, 4], matrix[-1] = 3, 0
    numbers = np.arange(N_TRAINED)
    columns = {"position": numbers, "id": numbers, "repeat": 0, "taxon": taxon, "stratum": taxon}
    return matrix, pd.DataFrame(columns), np.arange(N_TRAINED - 2, len(matrix))


def options(method, **given):
    return {**PLAIN, "method": method, "trees": 2, "neighbours": 5, **given}


def keep(method, *, threads=1, present=PRESENT, **given):
    matrix, training, _ = study(present)
    return train_to_keep(
        matrix, training, N_TAXA, options(method, **given), seed=3, threads=threads
    )


def returned(kept):
    """Return what comes back from files."""
    return restore(load(save(kept.tensors)), json.loads(json.dumps(kept.about)))


def assert_answers_are_those_of_asking(method, *, present=PRESENT, **given):
    matrix, training, asked = study(present)
    expected = fit_and_ask(
        matrix, training, asked, N_TAXA, options(method, **given), seed=3, threads=1
    ).probabilities
    found = returned(keep(method, present=present, **given)).probabilities(matrix[asked])
    assert found.dtype == np.float32 and found.shape == (N_ASKED + 2, N_TAXA)
    assert np.allclose(found, expected, rtol=0, atol=1e-5)
    best = np.sort(expected, axis=1)
    apart = best[:, -1] - best[:, -2] > 1e-4
    assert apart.any() or method == "uniform"
    assert np.array_equal(found.argmax(axis=1)[apart], expected.argmax(axis=1)[apart])


@pytest.mark.parametrize("method", RANK_METHODS)
def test_each_method_answers_as_when_it_was_fitted(method):
    assert_answers_are_those_of_asking(method)


@pytest.mark.parametrize("method", ["balanced_forest", "nearest_centroid", "rbf_svm"])
@pytest.mark.parametrize("steps", STEPS, ids=str)
def test_steps_are_applied_as_when_they_were_fitted(method, steps):
    assert_answers_are_those_of_asking(method, **steps)


@pytest.mark.parametrize("method", RANK_METHODS)
def test_two_taxa_are_told_apart_as_when_they_were_fitted(method):
    assert_answers_are_those_of_asking(method, present=(2, 5))


@pytest.mark.parametrize("source", ["copies", "noise"])
@pytest.mark.parametrize("method", ["random_forest", "nearest_neighbours"])
def test_resampling_is_kept(method, source):
    resample = {"method": "raise", "to": 17, "reduce_first": None, "augment": "all"}
    resample |= {"with": source, "noise": 0.5}
    assert_answers_are_those_of_asking(method, resample=resample)


@pytest.mark.parametrize("method", RANK_METHODS)
def test_answers_do_not_depend_on_blocks_and_leave_the_features(method, monkeypatch):
    kept, (matrix, *_) = keep(method), study(PRESENT)
    whole, before = kept.probabilities(matrix), matrix.copy()
    monkeypatch.setattr(classifier, "_BLOCK", 19)
    monkeypatch.setattr(neighbours, "_BLOCK", 7)
    assert np.allclose(kept.probabilities(matrix), whole, rtol=0, atol=1e-5)
    assert np.array_equal(matrix, before)
    assert kept.probabilities(matrix[:0]).shape == (0, N_TAXA)


@pytest.mark.parametrize("method", RANK_METHODS)
def test_taxa_that_were_not_trained_on_have_no_probability(method):
    found = keep(method).probabilities(study(PRESENT)[0])
    assert (found[:, [2, 4]] == 0).all()
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


def test_a_forest_is_the_same_with_one_thread_or_two():
    one, two = (keep("random_forest", threads=n).tensors for n in (1, 2))
    assert all(np.array_equal(one[name], two[name]) for name in one | two)


#: A tree with a branch at 0.1 and one in which that of the right asks again, and a lone leaf.
TREES = {
    "tree.roots": np.array([0, 5]),
    "tree.feature": np.array([1, 0, 0, 0, 0, 0], np.int32),
    "tree.threshold": np.array([0.1, -2, 7.5, -2, -2, -2]),
    "tree.left": np.array([1, 1, 3, 3, 4, 5], np.int32),
    "tree.right": np.array([2, 1, 4, 3, 4, 5], np.int32),
    "tree.first": np.array([0, 0, 1, 1, 2, 4, 6]),
    "tree.taxon": np.array([0, 1, 0, 2, 1, 2], np.int32),
    "tree.share": np.array([1, 1, 0.75, 0.25, 0.5, 0.5]),
    "taxa": np.array([0, 2, 3]),
}
ABOUT = {"form": 1, "method": "random_forest", "steps": [], "n_features": 2, "n_taxa": 5}


def test_trees_send_an_image_to_its_leaf():
    # 0.1 in float32 is above 0.1 in float64, and 7.5 is 7.5 in both.
    x = np.array([[0, 0.09], [7.5, 0.1], [7.51, 0.1]], np.float32)
    expected = [[0.5, 0, 0.25, 0.25, 0], [0, 0, 0.75, 0.25, 0], [0.375, 0, 0.25, 0.375, 0]]
    assert np.allclose(restore(TREES, ABOUT).probabilities(x), expected, atol=1e-7)


def test_votes_of_neighbours_at_no_distance_count_alone():
    rows = np.array([[0], [0], [2], [3], [3.5]], np.float32)
    tensors = {"rows": rows, "row_taxa": np.array([0, 1, 1, 1, 0]), "taxa": np.arange(2)}
    about = {**ABOUT, "method": "nearest_neighbours", "n_features": 1, "n_taxa": 2, "neighbours": 3}
    found = restore(tensors, about).probabilities(np.array([[0], [4]], np.float32))
    votes = 1 / 0.5, 1 / 1 + 1 / 2
    assert np.allclose(found, [[0.5, 0.5], np.array(votes) / sum(votes)])


def test_it_answers_without_the_library_that_fitted_it(tmp_path):
    matrix, *_ = study(PRESENT)
    kept = keep("balanced_forest", **STEPS[-2])
    save_file(kept.tensors, tmp_path / "kept.safetensors")
    (tmp_path / "kept.json").write_text(json.dumps(kept.about))
    np.save(tmp_path / "x.npy", matrix)
    code = """
import json, sys
for name in ("sklearn", "imblearn", "pandas", "joblib"):
    sys.modules[name] = None
import numpy as np
from safetensors.numpy import load_file
from visgen.classification.classifiers.kept.classifier import restore
kept = restore(load_file("kept.safetensors"), json.load(open("kept.json")))
np.save("found.npy", kept.probabilities(np.load("x.npy")))
"""
    path = {"PYTHONPATH": str(REPOSITORY / "workflow/lib")}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=path, check=True)
    assert np.array_equal(np.load(tmp_path / "found.npy"), kept.probabilities(matrix))


@pytest.mark.parametrize(
    ("method", "steps"),
    [*((method, {}) for method in RANK_METHODS), *(("linear_svm", steps) for steps in STEPS[-2:])],
)
def test_every_array_that_lacks_is_named(method, steps):
    kept = keep(method, **steps)
    for name in kept.tensors:
        fewer = {other: kept.tensors[other] for other in kept.tensors if other != name}
        with pytest.raises(
            ValueError, match=rf"^a kept classifier has no tensor '{name}', expected"
        ):
            restore(fewer, kept.about)


@pytest.mark.parametrize("method", RANK_METHODS)
def test_every_array_of_other_size_is_refused(method):
    kept = keep(method, transform=["whiten"])
    for name, array in kept.tensors.items():
        if name == "tree.roots":  # a tree less is a forest too
            continue
        more = np.concatenate([array, array[-1:]])
        with pytest.raises(ValueError, match="of a kept classifier"):
            restore({**kept.tensors, name: more}, kept.about)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("taxa", [0, 2, 2], "tensor 'taxa' of a kept classifier does not rise"),
        ("taxa", [0, 2, 5], "'taxa' of a kept classifier holds 5, expected numbers from 0 to 4"),
        ("taxa", [0.0, 2, 3], "'taxa' of a kept classifier holds float64, expected whole numbers"),
        ("taxa", [[0, 2, 3]], r"'taxa' of a kept .* the shape \(1, 3\), expected \(any\)"),
        ("tree.share", [1] * 6, "holds int64, expected floating-point numbers"),
        ("tree.share", [1.0] * 5, r"'tree.taxon' .* has the shape \(6\), expected \(5\)"),
        ("tree.threshold", [np.nan] * 6, "'tree.threshold' .* has gaps or infinite numbers"),
        ("tree.feature", [2, 0, 0, 0, 0, 0], "'tree.feature' .* holds 2, expected .* from 0 to 1"),
        ("tree.left", [1, 0, 3, 3, 4, 5], "trees of a kept .* have node 1, which leads nowhere"),
        ("tree.right", [0, 1, 4, 3, 4, 5], "trees of a kept .* have node 0, which leads nowhere"),
        (
            "tree.first",
            [0, 0, 0, 1, 2, 4, 6],
            "have node 1, which leads nowhere, expected branches",
        ),
        ("tree.first", [0, 0, 2, 1, 2, 4, 6], "have node 2, which leads nowhere"),
        ("tree.first", [0, 0, 1, 1, 2, 4, 7], "'tree.first' .* holds 7, expected .* from 0 to 6"),
        ("tree.roots", np.zeros(0, int), "trees of a kept classifier have no tree"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name, value, message):
    with pytest.raises(ValueError, match=message):
        restore({**TREES, name: np.array(value)}, ABOUT)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("form", 2, "'form' of a kept classifier is 2, expected 1"),
        ("method", "oracle", "method 'oracle' of a kept classifier is unknown"),
        ("steps", "l2", "'steps' of a kept classifier is 'l2', expected a list of words"),
        ("steps", ["l2", "log"], "step 'log' of a kept classifier is unknown"),
        ("n_features", "2", "'n_features' of a kept classifier is '2', expected a whole number"),
        ("n_taxa", 0, "'n_taxa' of a kept classifier is 0, expected a whole number from 1"),
        ("n_taxa", None, "'n_taxa' of a kept classifier is None, expected a whole number from 1"),
    ],
)
def test_words_that_do_not_fit_are_refused(name, value, message):
    with pytest.raises(ValueError, match=message):
        restore(TREES, {**ABOUT, name: value})


@pytest.mark.parametrize(
    ("method", "name", "most"),
    [("nearest_neighbours", "neighbours", N_TRAINED), ("stratified", "seed", 2**32 - 1)],
)
def test_numbers_of_a_method_are_checked(method, name, most):
    kept = keep(method)
    for value in (-1, most + 1, 1.5, None):
        message = f"'{name}' of a kept classifier is {value}, expected .* to {most}"
        with pytest.raises(ValueError, match=message):
            restore(kept.tensors, {**kept.about, name: value})


def test_features_that_do_not_fit_are_refused(monkeypatch):
    monkeypatch.setattr(classifier, "_BLOCK", 3)
    kept, x = restore(TREES, ABOUT), np.zeros((5, 2), np.float32)
    with pytest.raises(ValueError, match=r"the shape \(5, 1\), expected \(any, 2\)"):
        kept.probabilities(x[:, :1])
    x[4, 1] = np.inf
    with pytest.raises(ValueError, match="row 4 of the features has gaps or infinite numbers"):
        kept.probabilities(x)
