"""Ridge from look to tree, against plain loops, feature space and exhaustive search."""

import itertools

import numpy as np
import pandas as pd
import pytest
from guided_study import RIDGE_OPTIONS, UNGUIDED, simulate_features
from scipy.spatial.distance import cdist
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import NO_TAXA, load_distances
from visgen.embedding.folds import deal_folds
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.held_out.scoring import METRICS, NULLS, Fold, nearest_known, score_folds
from visgen.embedding.ridge.choosing import choose
from visgen.embedding.ridge.coordinates import principal_coordinates, tree_coordinates
from visgen.embedding.ridge.files import write_no_ridge, write_ridge
from visgen.embedding.ridge.fitting import fit_ridge
from visgen.embedding.ridge.held_out import FIT_COLUMNS, fit_folds, place_folds, refit_nulls
from visgen.embedding.ridge.kernels import centred_kernel, gram_matrices
from visgen.embedding.ridge.known_taxa import KnownTaxa, place_known
from visgen.embedding.ridge.solving import (
    MIDDLE,
    group_weights,
    predict_coordinates,
    predicted_distances,
)
from visgen.embedding.ridge.taxon_images import make_taxon_images
from visgen.features.blocks import Block
from visgen.tables import read_table

RIDGE = UNGUIDED | {"guidance": RIDGE_OPTIONS}
PINNED = {"powers": [2.0], "axes": [5], "penalties": [0.3], "residuals": [0.4], "criterion": "both"}


def random_points(n, m, seed):
    return np.random.default_rng(seed).normal(size=(n, m))


def tree_of(n, seed=3):
    points = random_points(n, 3, seed)
    return cdist(points, points)


def known_but(n, held_out):
    known = np.ones(n, bool)
    known[held_out] = False
    return known


def place(distances, groups, known, options=RIDGE_OPTIONS, by_group=True):
    of_targets = {"powers": options["powers"], "n_axes": max(options["axes"]), "seed": 1}
    return place_known(distances, groups, known, by_group=by_group, **of_targets)


def grams_of(vectors):
    """Return the inner products of vectors of one layer."""
    return {"all": gram_matrices(vectors, [vectors.shape[1]])}


@pytest.fixture(scope="module")
def study():
    features, taxa, genetic, families = simulate_features(29, 1.0, 5)
    folds, _ = deal_folds(genetic, genetic.ids, families, 3, 1)
    images = make_taxon_images(features, taxa, RIDGE, seed=1)
    tree = place_folds(in_bag_order(genetic, images.bags), folds, RIDGE_OPTIONS, 1)
    return images, tree, genetic, folds


# Kernels


def test_a_kernel_is_the_mean_of_blocks_of_one_size():
    vectors, known, sizes = random_points(11, 8, 1) + 5, np.array([0, 2, 3, 6, 7, 9, 10]), (3, 5)
    expected = np.zeros((11, 11))
    for block in (vectors[:, :3], vectors[:, 3:]):
        centred = block - block[known].mean(axis=0)
        size = np.mean([centred[i] @ centred[i] for i in known])
        for i, j in itertools.product(range(11), repeat=2):
            expected[i, j] += centred[i] @ centred[j] / size / 2
    found = centred_kernel(gram_matrices(vectors, sizes), known)
    assert np.abs(found - expected).max() < 1e-12
    assert np.diagonal(found)[known].mean() == pytest.approx(1)


def test_a_block_in_which_all_known_taxa_are_alike_is_left_out():
    vectors, known = random_points(7, 5, 2), np.arange(5)
    dead = np.vstack([np.full((5, 2), 0.3), random_points(2, 2, 3)])
    both = centred_kernel(gram_matrices(np.hstack([vectors, dead]), (5, 2)), known)
    alone = centred_kernel(gram_matrices(vectors, (5,)), known)
    assert np.allclose(both, alone)
    assert not centred_kernel(gram_matrices(dead, (2,)), known).any()


def test_blocks_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="blocks of 3, 4 features, expected 8 in all"):
        gram_matrices(random_points(5, 8, 1), (3, 4))


# Principal coordinates


def test_coordinates_have_the_distances_that_they_are_made_of():
    points = random_points(13, 3, 1)
    coordinates = principal_coordinates(cdist(points, points) ** 2, 5)
    assert np.allclose(cdist(coordinates, coordinates), cdist(points, points))
    assert np.allclose(coordinates.mean(axis=0), 0) and not coordinates[:, 3:].any()
    lengths = np.square(coordinates).sum(axis=0)
    assert (np.diff(lengths) <= 1e-12).all()


def test_axes_of_negative_squares_are_left_out():
    # Three points are 2 apart, which puts their middle at 1.15 from each: no hub is at 1 from all.
    squared = np.full((4, 4), 4.0) - 4 * np.eye(4)
    squared[0, 1:] = squared[1:, 0] = 1.0
    coordinates = principal_coordinates(squared, 4)
    assert np.allclose(cdist(coordinates[1:], coordinates[1:]), 2 * (1 - np.eye(3)))
    assert np.allclose(coordinates[0], 0) and not coordinates[:, 2:].any()


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_squared_distances_of_targets_are_a_power_of_those_on_the_tree(power):
    positions = random_points(7, 1, 4)  # on a line, where points have any power up to 2
    distances = cdist(positions, positions)
    coordinates = tree_coordinates(distances, power, 7)
    found = cdist(coordinates, coordinates) ** 2
    expected = (distances / distances.max()) ** power
    assert np.allclose(found, expected)


# Ridge


def test_a_group_of_four_counts_twice_as_much_as_a_taxon_alone():
    assert group_weights(np.array([9, 2, 9, 9, 9])).tolist() == [0.5, 1, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("n_features", [5, 17])
def test_ridge_of_kernels_is_that_of_features(n_features):
    vectors, targets = random_points(13, n_features, 5), random_points(11, 3, 6)
    known, weights = np.arange(11), np.random.default_rng(7).uniform(0.2, 1, 11)
    vectors -= vectors[known].mean(axis=0)
    kernel = vectors @ vectors.T
    found = predict_coordinates(kernel, known, weights, targets, [0.01, 1.0, 30.0])
    x = vectors[known]
    for penalty, prediction in zip([0.01, 1.0, 30.0], found, strict=True):
        size = np.mean(weights * np.diagonal(kernel)[known])
        inverse = np.linalg.inv((x.T * weights) @ x + penalty * size * np.eye(n_features))
        expected = vectors @ (inverse @ (x.T * weights) @ targets)
        assert np.abs(prediction - expected).max() < 1e-10


def test_taxa_that_all_look_alike_are_all_predicted_in_the_middle():
    predicted = predict_coordinates(
        np.zeros((7, 7)), np.arange(5), np.ones(5), np.ones((5, 2)), [1]
    )
    assert predicted.shape == (1, 7, 2) and not predicted.any()


def test_distances_are_cosines_of_coordinates_a_constant_and_look():
    points, looks = random_points(11, 3, 1), random_points(11, 5, 2)
    products, kernel = points @ points.T, looks @ looks.T
    diagonals = [np.diagonal(matrix) for matrix in (products, kernel)]
    ends = [(diagonal[:4], diagonal[4:]) for diagonal in diagonals]
    block = (slice(4), slice(4, None))
    joined = np.hstack([points, np.full((11, 1), MIDDLE), 0.4 * looks])
    found = predicted_distances(products[block], ends[0], kernel[block], ends[1], 0.4)
    assert np.allclose(found, cdist(joined, joined, "cosine")[block])
    found = predicted_distances(products[block], ends[0], kernel[block], ends[1], 0)
    assert np.allclose(found, cdist(points, points)[block])


def fit_by_loops(vectors, distances, groups, known, options):
    """Fit with one value of each option, in feature space and by loops."""
    (power,), (n_axes,), (penalty,), (residual,) = (
        options[key] for key in ("powers", "axes", "penalties", "residuals")
    )
    n, where = len(vectors), [i for i in range(len(vectors)) if known[i]]
    middle = sum(vectors[i] for i in where) / len(where)
    looks = np.array([vector - middle for vector in vectors])
    looks /= np.sqrt(sum(looks[i] @ looks[i] for i in where) / len(where))
    squared = np.array([[distances[i, j] ** power for j in where] for i in where])
    squared /= np.max(distances[np.ix_(where, where)]) ** power
    centring = np.eye(len(where)) - 1 / len(where)
    values, axes = np.linalg.eig(-centring @ squared @ centring / 2)
    longest = [k for k in np.argsort(-values.real)[:n_axes] if values.real[k] > 1e-9]
    targets = np.array([np.sqrt(values.real[k]) * axes.real[:, k] for k in longest]).T
    weights = np.array([sum(groups[i] == groups[j] for j in where) ** -0.5 for i in where])
    size = sum(w * looks[i] @ looks[i] for w, i in zip(weights, where, strict=True)) / len(where)
    left, right = penalty * size * np.eye(looks.shape[1]), np.zeros((looks.shape[1], len(longest)))
    for w, i, target in zip(weights, where, targets, strict=True):
        left += w * np.outer(looks[i], looks[i])
        right += w * np.outer(looks[i], target)
    predicted = looks @ np.linalg.solve(left, right)
    predicted /= np.sqrt(sum(predicted[i] @ predicted[i] for i in where) / len(where))
    joined = [np.r_[predicted[i], 0.7, residual * looks[i]] for i in range(n)]
    made = np.zeros((n, n))
    for i, j in itertools.permutations(range(n), 2):
        ends = np.sqrt((joined[i] @ joined[i]) * (joined[j] @ joined[j]))
        made[i, j] = 1 - joined[i] @ joined[j] / ends
    return made


def test_a_fold_is_what_plain_loops_make_of_it():
    vectors, distances = random_points(19, 11, 1), tree_of(19)
    groups, known = np.arange(19) // 3, known_but(19, [0, 1, 2, 9, 10])
    found = fit_ridge(grams_of(vectors), place(distances, groups, known, PINNED), PINNED)
    expected = fit_by_loops(vectors, distances, groups, known, PINNED)
    assert np.abs(found.distances - expected).max() < 1e-10


def test_held_out_taxa_change_nothing_among_known_ones():
    vectors, distances = random_points(23, 13, 1), tree_of(23)
    groups, held_out = np.arange(23) // 4, [3, 4, 17]
    known = known_but(23, held_out)
    others, elsewhere, renamed = vectors.copy(), distances.copy(), groups.copy()
    others[held_out] = random_points(3, 13, 2) * 9
    elsewhere[held_out] = elsewhere[:, held_out] = 77.0
    renamed[held_out] = 0
    one = fit_ridge(grams_of(vectors), place(distances, groups, known), RIDGE_OPTIONS)
    other = fit_ridge(grams_of(others), place(elsewhere, renamed, known), RIDGE_OPTIONS)
    assert one.choice[:5] == other.choice[:5]
    assert one.choice[5:] == pytest.approx(other.choice[5:])
    square = np.ix_(known, known)
    assert np.abs(one.distances[square] - other.distances[square]).max() < 1e-10
    assert np.abs(one.distances - other.distances).max() > 0.1


# Choice


def test_inner_folds_hold_whole_groups_out_and_know_nothing_of_others():
    groups, known = np.arange(31) // 5, known_but(31, [0, 1, 2, 3, 4, 30])
    inner = place(tree_of(31), groups, known).inner
    assert len(inner) == 5
    assert sorted(np.concatenate([fold.held_out for fold in inner])) == list(range(5, 30))
    for fold in inner:
        assert not set(groups[fold.held_out]) & set(groups[fold.targets.known])
        assert known[fold.targets.known].all()


def test_inner_folds_hold_single_taxa_out_where_tips_are_scored():
    placed = place(tree_of(31), np.arange(31) // 5, np.ones(31, bool), by_group=False)
    assert [len(fold.held_out) for fold in placed.inner] == [7, 6, 6, 6, 6]
    assert placed.targets.weights[:5] == pytest.approx(5**-0.5)


def test_single_taxa_are_held_out_within_where_all_known_ones_are_of_one_group():
    placed = place(tree_of(11), np.zeros(11, int), known_but(11, [10]))
    assert [len(fold.held_out) for fold in placed.inner] == [2] * 5
    assert placed.targets.weights == pytest.approx(10**-0.5)


@pytest.mark.parametrize("criterion", ["double_centred", "nearest", "both"])
def test_what_is_chosen_is_best_by_exhaustive_search(criterion):
    options = RIDGE_OPTIONS | {"criterion": criterion}
    vectors, distances, groups = random_points(23, 13, 8), tree_of(23), np.arange(23) // 3
    vectors[:, :3] += random_points(23, 3, 3)  # the very points of the tree, veiled
    grams, known = grams_of(vectors), known_but(23, [20, 21, 22])
    placed = place(distances, groups, known)
    names = ("powers", "axes", "penalties", "residuals")
    found = {}
    for values in itertools.product(*(options[name] for name in names)):
        pinned = {name: [value] for name, value in zip(names, values, strict=True)}
        power = options["powers"].index(values[0])
        folds = []
        for inner in placed.inner:
            targets = inner.targets
            targets = targets._replace(coordinates=targets.coordinates[[power]])
            fit = fit_ridge(grams, KnownTaxa(targets, []), pinned | {"criterion": criterion})
            # As if the taxa of the outer fold were not there.
            folds.append(Fold(*(m[:20, :20] for m in (distances, fit.distances)), None))
            held_out = np.zeros(20, bool)
            held_out[inner.held_out] = True
            folds[-1] = folds[-1]._replace(held_out=held_out)
        scores = score_folds(folds)
        nearest = pd.concat([nearest_known(fold) for fold in folds])
        share = 1 - nearest["regret"].sum() / nearest["regret_random"].sum()
        found[values] = (scores["held_out_known", "pearson_double_centred"], share)
    worth = {"double_centred": lambda s: s[0], "nearest": lambda s: s[1], "both": sum}[criterion]
    best = max(found, key=lambda values: worth(found[values]))
    choice = choose(grams, placed.inner, options)
    assert choice[1:5] == best
    assert choice[5:] == pytest.approx(found[best], abs=1e-9)
    assert len({round(worth(scores), 6) for scores in found.values()}) > 3


def test_the_middle_is_taken_where_there_is_nothing_to_choose_by():
    options = RIDGE_OPTIONS | {"powers": [1, 2, 8], "penalties": [3.0]}
    choice = choose(grams_of(random_points(5, 7, 1)), [], options)
    assert choice[:5] == ("all", 2, 2, 3.0, 0.0) and np.isnan(choice[5:]).all()


def test_an_unknown_criterion_is_refused():
    placed = place(tree_of(11), np.arange(11), np.ones(11, bool))
    with pytest.raises(ValueError, match="criterion is 'plain'"):
        choose(
            grams_of(random_points(11, 7, 1)),
            placed.inner,
            RIDGE_OPTIONS | {"criterion": "plain"},
        )


# Images


def test_the_root_of_a_feature_keeps_its_sign():
    features, taxa, _, _ = simulate_features(7, 1.0, 3)
    rooted = RIDGE | {"guidance": RIDGE_OPTIONS | {"signed_root": True}}
    plain, root = (
        make_taxon_images(features, taxa, variant, seed=1) for variant in (RIDGE, rooted)
    )
    one, other = (images.bags.features.numpy() for images in (plain, root))
    assert np.allclose(np.sign(one) * np.abs(one) ** 0.5, other) and (one < 0).any()
    means = pd.DataFrame(other, images_taxa(root)).groupby(level=0).mean().to_numpy(float)
    assert list(root.grams()) == ["last"]  # there is one layer, and nothing to choose
    assert np.allclose(root.grams()["last"], grams_of(means)["all"], atol=1e-5)


def test_layers_to_choose_from_are_all_or_the_last_alone():
    features, taxa, _, _ = simulate_features(7, 1.0, 3)
    blocks = [Block("2", "mean", 20), Block("final", "mean", 10), Block("final", "deviation", 11)]
    images = make_taxon_images(features, taxa, RIDGE, blocks=blocks, seed=1)
    grams, vectors = images.grams(), images.bags.pooled("mean", 1).to_numpy()
    assert list(grams) == ["last", "all"]
    assert np.allclose(grams["all"], gram_matrices(vectors, [20, 10, 11]))
    assert np.allclose(grams["last"], gram_matrices(vectors[:, 20:], [10, 11]))


def test_layers_are_chosen_by_known_groups():
    vectors, distances, groups = random_points(31, 9, 8), tree_of(31), np.arange(31) // 3
    vectors[:, :3] = random_points(31, 3, 3)  # the very points of the tree, in the first layer
    grams = {"last": gram_matrices(vectors[:, 5:], [4]), "all": gram_matrices(vectors, [5, 4])}
    placed = place(distances, groups, np.ones(31, bool))
    assert choose(grams, placed.inner, RIDGE_OPTIONS).layers == "all"
    grams["all"] = gram_matrices(vectors[:, 5:] * 3, [4])  # the same: then the first
    assert choose(grams, placed.inner, RIDGE_OPTIONS).layers == "last"
    fit = fit_ridge(grams, placed, RIDGE_OPTIONS)
    alone = fit_ridge({"last": grams["last"]}, placed, RIDGE_OPTIONS)
    assert np.allclose(fit.distances, alone.distances)


def images_taxa(images):
    return np.repeat(images.bags.taxa, images.bags.sizes)


# Folds and nulls


def test_folds_are_fitted_one_by_one(study):
    images, tree, _, folds = study
    grams = images.grams()
    visual, fits = fit_folds(grams, tree)
    assert list(visual) == ["tips", "clades"] and list(fits) == FIT_COLUMNS
    for kind in visual:
        for number in (1, 2, 3):
            known = (folds[kind] != number).to_numpy(bool)
            groups = folds["group_number"].to_numpy()
            known_taxa = place(tree.distances, groups, known, by_group=kind == "clades")
            fit = fit_ridge(grams, known_taxa, RIDGE_OPTIONS)
            assert np.allclose(visual[kind][number - 1], fit.distances, atol=1e-6)
            (row,) = fits[(fits["kind"] == kind) & (fits["fold"] == number)].to_dict("records")
            assert row["n_known"] == known.sum() and row["power"] == fit.choice.power


def test_a_permuted_bag_is_scored_in_the_place_that_it_takes(study):
    images, tree, _, folds = study
    specimens = pd.Series("one", images.bags.ids.get_level_values("id"))
    specimens[:] = specimens.index
    found = refit_nulls(images, specimens, tree, permutations=2, seed=1)
    found = found[found["null"].isin(NULLS)]
    n_scores = 2 * sum(map(len, METRICS.values()))
    assert found.groupby(["null", "permutation"]).size().tolist() == [n_scores] * 4
    order = np.random.default_rng([1, 2]).permutation(29)
    # The images of bag i under the name of taxon order[i], and all from the beginning.
    names = np.array(images.bags.taxa)
    renamed = dict(zip(names, names[order], strict=True))
    features = pd.DataFrame(images.bags.features.numpy(), images.bags.ids)
    taxa = pd.Series(np.repeat(names, images.bags.sizes), features.index.droplevel("repeat"))
    moved = make_taxon_images(features, taxa.map(renamed), RIDGE, seed=1)
    visual, _ = fit_folds(moved.grams(), tree)
    scores = score_folds(
        Fold(tree.distances, one.astype(float), (folds["clades"] == number).to_numpy(bool))
        for number, one in enumerate(visual["clades"], start=1)
    )
    first = found[(found["null"] == NULLS[0]) & (found["permutation"] == 1)]
    first = first[first["kind"] == "clades"].set_index(["part", "metric"])["value"]
    for key, value in scores.items():
        assert first[key] == pytest.approx(value, abs=1e-5)


@pytest.mark.slow
def test_ridge_reaches_families_that_it_has_not_seen_where_look_follows_the_tree():
    found = {}
    for signal in (0.0, 1.0):
        features, taxa, genetic, families = simulate_features(61, signal, 7)
        folds, _ = deal_folds(genetic, genetic.ids, families, 4, 1)
        folds["tips"] = pd.NA
        images = make_taxon_images(features, taxa, RIDGE, seed=1)
        tree = place_folds(in_bag_order(genetic, images.bags), folds, RIDGE_OPTIONS, 1)
        visual, _ = fit_folds(images.grams(), tree)
        true = score_folds(
            Fold(tree.distances, one.astype(float), (folds["clades"] == number).to_numpy(bool))
            for number, one in enumerate(visual["clades"], start=1)
        )["held_out_known", "pearson_double_centred"]
        specimens = pd.Series(taxa.index, taxa.index)
        null = refit_nulls(images, specimens, tree, permutations=19, seed=1)
        null = null[null["metric"] == "pearson_double_centred"]
        found[signal] = true - null.groupby("null")["value"].max().max()
    assert found[1.0] > 0 > found[0.0]


# Files


def test_a_fit_to_all_taxa_is_written(study, tmp_path):
    images, tree, genetic, _ = study
    fit = fit_ridge(images.grams(), tree.everyone, RIDGE_OPTIONS)
    paths = {key: tmp_path / key for key in ("vectors", "distances", "fit")}
    write_ridge(paths, images.bags.taxa, fit, genetic)
    vectors = pd.read_parquet(paths["vectors"])
    assert vectors.index.tolist() == list(images.bags.taxa)
    assert vectors.shape == (29, fit.choice.axes)
    visual = load_distances(paths["distances"])
    assert np.array_equal(visual.data, fit.distances)
    (row,) = read_table(paths["fit"]).to_dict("records")
    r = np.corrcoef(visual.condensed_form(), genetic.filter(visual.ids).condensed_form())[0, 1]
    assert row["n_known"] == 29 and row["pearson"] == pytest.approx(r)
    assert row["power"] == fit.choice.power and isinstance(row["residual"], float)


def test_nothing_is_written_of_too_few_taxa(tmp_path):
    paths = {key: tmp_path / key for key in ("vectors", "distances", "fit")}
    write_no_ridge(paths)
    assert load_distances(paths["distances"]) == NO_TAXA
    assert read_table(paths["fit"]).empty and pd.read_parquet(paths["vectors"]).empty
    assert isinstance(NO_TAXA, DistanceMatrix)
