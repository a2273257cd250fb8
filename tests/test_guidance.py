import copy

import numpy as np
import pandas as pd
import pytest
import torch
from guided_study import GUIDANCE, GUIDED, UNGUIDED, simulate_features
from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.embedding.guidance.bags import Bags, make_bags, one_vector_bags
from visgen.embedding.guidance.fitting import fit_guidance, in_bag_order
from visgen.embedding.guidance.learned_pooling import (
    GatedScores,
    LinearScores,
    main_directions,
    pool_bags,
)
from visgen.embedding.guidance.models import build_model
from visgen.embedding.guidance.variants import make_embedder
from visgen.embedding.guidance.vectors import centre_on, cosine_similarity, image_weights
from visgen.embedding.guidance.watching import pick_watched
from visgen.embedding.references import references

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def study():
    return simulate_features(23, 1.0, 5)


def ids_of(n):
    return [f"i{k}" for k in range(n)]


def table(values, repeats=0):
    ids = ids_of(len(values))
    index = pd.MultiIndex.from_product([ids, [repeats]], names=["id", "repeat"])
    return pd.DataFrame(np.asarray(values, np.float32), index=index)


def embedder(study, variant, seed=1):
    features, taxa, *_ = study
    return make_embedder(features, taxa, variant, seed=seed, device=CPU)


def fit(study, variant, known=None):
    made = embedder(study, variant)
    distances = in_bag_order(study[2], made.bags)
    known = np.ones(len(distances), bool) if known is None else known
    return made, made.fit(distances, known)


def test_bags_hold_every_image_once_in_bags_of_any_size():
    features = table(np.arange(14).reshape(7, 2))
    taxa = pd.Series(["b", "a", "b", None, "b", "c", "a"], index=ids_of(7))
    bags = make_bags(features, taxa)
    assert bags.taxa == ("a", "b", "c") and bags.sizes == (2, 3, 1)
    assert bags.features[:, 0].tolist() == [2, 12, 0, 4, 8, 10]
    assert bags.ids.get_level_values("id").tolist() == ["i1", "i6", "i0", "i2", "i4", "i5"]


def test_bags_do_not_hang_on_the_order_of_rows(study):
    features, taxa, *_ = study
    shuffled = make_bags(features.sample(frac=1, random_state=1), taxa.sample(frac=1))
    assert torch.equal(shuffled.features, make_bags(features, taxa).features)
    assert shuffled.taxa == make_bags(features, taxa).taxa


def test_bags_are_brought_to_one_size_without_a_vector_twice():
    clean, views = table(np.arange(40).reshape(20, 2)), table(np.arange(40).reshape(20, 2), 1)
    features = pd.concat([clean, views + 100])
    taxa = pd.Series(["large"] * 13 + ["small"] * 4 + ["tiny"] * 3, index=ids_of(20))
    bags = make_bags(features, taxa, per_taxon=7, seed=1)
    assert dict(zip(bags.taxa, bags.sizes, strict=True)) == {"large": 7, "small": 7, "tiny": 6}
    assert bags.ids.is_unique
    repeats = pd.Series(bags.ids.get_level_values("repeat"), index=np.repeat(bags.taxa, bags.sizes))
    assert repeats.groupby(level=0).sum().to_dict() == {"large": 0, "small": 3, "tiny": 3}
    alone = make_bags(features, taxa.where(taxa == "large"), per_taxon=7, seed=1)
    assert set(alone.ids) < set(bags.ids)
    assert set(make_bags(features, taxa, per_taxon=7, seed=2).ids) != set(bags.ids)


def ranks_below(sizes):
    """Return the genus and species of images of one family, the species by their numbers."""
    species = np.repeat(np.arange(len(sizes)), sizes)
    return pd.DataFrame({"genus": species // 3, "species": species}, ids_of(sum(sizes))).astype(
        "str"
    )


def test_every_finer_taxon_stays_where_a_large_taxon_is_cut_down():
    finer = ranks_below([61, 1, 1, 17, 1, 1, 1])
    taxa = pd.Series("large", finer.index)
    features = table(np.arange(2 * len(taxa)).reshape(-1, 2))

    def drawn(per_taxon, seed=1, **changes):
        given = {"features": features, "taxa": taxa, "finer": finer} | changes
        bags = make_bags(**given, per_taxon=per_taxon, seed=seed)
        return finer.loc[bags.ids.get_level_values("id")]

    for seed in range(5):
        assert drawn(7, seed)["species"].is_unique
        assert drawn(11, seed)["species"].nunique() == 7
        assert drawn(3, seed)["genus"].is_unique  # there is no room for all seven species
    assert drawn(7, finer=None)["species"].nunique() < 7
    shuffled = {"features": features[::-1], "finer": finer[::-1]}
    pd.testing.assert_frame_equal(drawn(7, **shuffled), drawn(7))
    gaps = finer.mask(finer["species"] == "3")
    assert drawn(7, finer=gaps)["species"].nunique() == 7


def test_a_draw_by_finer_taxa_hangs_on_no_other_taxon():
    finer = ranks_below([13, 1, 5, 2, 11, 1])
    taxa = pd.Series(["a"] * 19 + ["b"] * 14, finer.index)
    features = table(np.arange(66).reshape(33, 2))
    both = make_bags(features, taxa, finer=finer, per_taxon=5)
    alone = make_bags(features, taxa.where(taxa == "b"), finer=finer, per_taxon=5)
    assert both.ids[5:].equals(alone.ids)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((5, 2)), "all 5 images have the same features"),
        ([[1, 2], [3, 4], [5, np.nan], [7, 8], [9, 1]], "id 'i2' has a value that is not finite"),
    ],
)
def test_useless_features_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        make_bags(table(values), pd.Series(list("aabbb"), index=ids_of(5)))


def test_an_image_without_features_is_refused():
    with pytest.raises(ValueError, match="1 ids are missing, the first is 'i2'"):
        make_bags(table([[1, 2], [3, 4]]), pd.Series(list("aab"), index=ids_of(3)))


def test_pooled_vectors_keep_their_cosines_in_fewer_coordinates():
    rng = np.random.default_rng(2)
    vectors = pd.DataFrame(rng.standard_normal((5, 31)), index=list("abcde"))
    bags, basis = one_vector_bags(vectors)
    assert bags.features.shape == (5, 5) and basis.shape == (5, 31)
    assert np.allclose(bags.features.numpy() @ basis, vectors)
    assert np.allclose(basis @ basis.T, np.eye(5))


def attention_by_hand(features, sizes, scores):
    vectors, start = [], 0
    for size in sizes:
        part = np.exp(scores[start : start + size])
        weights = part / part.sum()
        vectors.append(sum(w * x for w, x in zip(weights, features[start:], strict=False)))
        start += size
    return np.array(vectors)


def test_pooling_equals_a_plain_loop_over_bags():
    rng = np.random.default_rng(3)
    features, scores, sizes = rng.standard_normal((11, 3)), rng.standard_normal(11), (5, 1, 3, 2)
    bags = Bags(torch.tensor(features), sizes, tuple("abcd"), pd.RangeIndex(11))
    found = pool_bags(bags, torch.tensor(scores)).numpy()
    assert np.allclose(found, attention_by_hand(features, sizes, scores))


def test_linear_scores_are_a_weighted_sum_and_equal_at_first():
    features = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    scores = LinearScores(2, scale=4.0)
    assert scores(features).tolist() == [0, 0]
    with torch.no_grad():
        scores.weight.copy_(torch.tensor([2.0, 1.0]))
    assert scores(features).tolist() == [1.0, 2.75]


def test_gated_scores_equal_those_of_the_paper():
    scores = GatedScores(3, 2.0, 5, torch.Generator().manual_seed(1))
    features = torch.randn(7, 3, generator=torch.Generator().manual_seed(2))
    assert scores(features).tolist() == [0] * 7
    with torch.no_grad():
        scores.weight.copy_(torch.arange(5.0))
    value, gate = (p.detach().numpy() for p in (scores.value, scores.gate))
    slow = [
        sum(
            k * np.tanh(x @ value[:, k] / 2) / (1 + np.exp(-(x @ gate[:, k]) / 2)) for k in range(5)
        )
        for x in features.numpy()
    ]
    assert np.allclose(scores(features).detach(), slow, atol=1e-6)


def test_main_directions_are_those_of_greatest_spread():
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((13, 5)) * [1, 7, 1, 3, 1] + 10
    centre, basis, scale = main_directions(torch.tensor(vectors), 2)
    assert np.allclose(centre, vectors.mean(axis=0))
    values = np.linalg.eigvalsh(np.cov(vectors.T, bias=True))
    assert np.allclose(((vectors - centre.numpy()) @ basis.numpy()).var(axis=0), values[:-3:-1])
    assert scale == pytest.approx(np.sqrt(values[:-3:-1].mean()))


def test_directions_are_no_more_than_the_vectors_span():
    assert (
        main_directions(torch.tensor(np.random.default_rng(0).random((4, 9))), 7)[1].shape[1] == 3
    )


@pytest.mark.parametrize("scores", ["equal", "attention", "gated_attention"])
@pytest.mark.parametrize("projection", ["none", "linear", "two_layer"])
def test_an_embedding_begins_as_the_plain_mean(study, scores, projection):
    features, taxa, *_ = study
    bags = make_bags(features, taxa)
    known = np.ones(23, bool)
    model = build_model(bags, known, GUIDANCE | {"projection": projection}, scores, 1)
    means = features.droplevel("repeat").groupby(taxa).mean()
    assert np.allclose(model(bags).detach(), means, atol=1e-5)


@pytest.mark.parametrize(
    ("scores", "projection"),
    [("attention", "none"), ("gated_attention", "linear"), ("equal", "two_layer")],
)
def test_gradients_reach_every_parameter(study, scores, projection):
    features, taxa, genetic, _ = study
    bags = make_bags(features, taxa)
    guidance = GUIDANCE | {"projection": projection, "watched": 0, "epochs": 3}
    fitted = fit_guidance(
        bags,
        in_bag_order(genetic, bags),
        np.ones(23, bool),
        guidance,
        scores=scores,
        centre=True,
        seed=1,
    )
    before = build_model(bags, np.ones(23, bool), guidance, scores, 1).state_dict()
    learned = dict(fitted.model.named_parameters())
    assert learned
    assert all(not torch.equal(value, before[name]) for name, value in learned.items())


@pytest.mark.parametrize("loss", ["pearson", "mse", "stress", "cross_entropy"])
@pytest.mark.parametrize("optimiser", ["lbfgs", "adam"])
def test_the_loss_falls(study, loss, optimiser):
    guidance = GUIDANCE | {"loss": loss, "optimiser": optimiser, "epochs": 30, "watched": 0}
    _, fitted = fit(study, GUIDED | {"guidance": guidance})
    history = fitted.history["loss"]
    assert history.iloc[-1] < history.iloc[0] - 0.01
    assert fitted.epoch == len(history) - 1 and fitted.watched == ()


def test_the_kept_epoch_is_the_best_one_over_watched_taxa(study):
    made, fitted = fit(study, GUIDED)
    history = fitted.history
    assert len(fitted.watched) == 5
    assert history.loc[fitted.epoch, "watched_loss"] == history["watched_loss"].min()
    assert len(history) - 1 - fitted.epoch <= GUIDANCE["patience"]
    similarity = cosine_similarity(
        torch.tensor(made.vectors(fitted, np.ones(23, bool)))
    )  # the model is that of the kept epoch
    distances = in_bag_order(study[2], made.bags)
    kept = np.array([taxon not in fitted.watched for taxon in made.bags.taxa])
    first, second = np.triu_indices(kept.sum(), 1)
    r = np.corrcoef(
        1 - similarity.numpy()[np.ix_(kept, kept)][first, second],
        distances[np.ix_(kept, kept)][first, second],
    )[0, 1]
    assert 1 - r == pytest.approx(history.loc[fitted.epoch, "loss"], abs=1e-6)


def test_held_out_taxa_are_in_nothing_that_is_fitted(study):
    features, taxa, genetic, _ = study
    known = np.ones(23, bool)
    known[[2, 7, 11]] = False
    made, fitted = fit(study, GUIDED, known)
    names = np.array(made.bags.taxa)
    other = features.copy()
    strange = taxa.isin(names[~known]).to_numpy()
    other.loc[strange] = np.random.default_rng(1).random((strange.sum(), 41), np.float32) * 50
    changed = genetic.data.copy()
    held = [genetic.index(name) for name in names[~known]]
    changed[held, :] = changed[:, held] = 3.3
    np.fill_diagonal(changed, 0)
    moved = type(genetic)(changed, genetic.ids)
    made_too, fitted_too = fit((other, taxa, moved, None), GUIDED, known)
    vectors = made.in_features(made.vectors(fitted, known))[known]
    vectors_too = made_too.in_features(made_too.vectors(fitted_too, known))[known]
    assert np.allclose(vectors, vectors_too, atol=1e-5)
    assert np.allclose(fitted.history, fitted_too.history, atol=1e-7)


def test_a_great_penalty_keeps_the_unguided_vectors(study):
    guided, fitted = fit(study, GUIDED | {"guidance": GUIDANCE | {"penalty": 1e9}})
    everyone = np.ones(23, bool)
    assert np.allclose(
        guided.vectors(fitted, everyone), embedder(study, UNGUIDED).vectors(None, everyone)
    )


def test_guidance_by_attention_alone_keeps_vectors_among_their_images(study):
    variant = GUIDED | {"pooling": "attention"}
    variant["guidance"] = GUIDANCE | {"projection": "none", "penalty": 1e-4}
    made, fitted = fit(study, variant)
    weights = image_weights(fitted.model, made.bags)
    assert np.allclose(weights.groupby("taxon")["weight"].sum(), 1)
    assert (weights["weight"] >= 0).all() and weights["weight"].std() > 0.01
    features = study[0].loc[weights.index]
    by_hand = features.mul(weights["weight"], axis=0).groupby(weights["taxon"]).sum()
    everyone = np.ones(23, bool)
    assert np.allclose(
        made.vectors(fitted, everyone), centre_on(by_hand.to_numpy(), everyone), atol=1e-4
    )


@pytest.mark.parametrize("pooling", ["mean", "gated_attention"])
def test_the_same_seed_gives_the_same_bytes(study, pooling):
    variant = GUIDED | {"pooling": pooling}
    everyone = np.ones(23, bool)
    one, other = (made.vectors(fitted, everyone) for made, fitted in [fit(study, variant)] * 2)
    assert one.tobytes() == other.tobytes()


def test_the_order_of_rows_changes_nothing(study):
    features, taxa, genetic, families = study
    order = np.random.default_rng(1).permutation(23)
    names = [genetic.ids[i] for i in order]
    shuffled = (features.sample(frac=1, random_state=2), taxa.sample(frac=1), genetic.filter(names))
    everyone = np.ones(23, bool)
    one, other = (
        made.vectors(fitted, everyone)
        for made, fitted in (fit(study, GUIDED), fit((*shuffled, families), GUIDED))
    )
    assert one.tobytes() == other.tobytes()


def test_too_few_known_taxa_are_refused(study):
    known = np.zeros(23, bool)
    known[:4] = True
    with pytest.raises(ValueError, match="4 taxa have images and phylogenetic distances, expected"):
        fit(study, GUIDED, known)


def test_a_taxon_with_one_image_is_its_image(study):
    features, taxa, genetic, _ = study
    name = taxa.iloc[0]
    one = copy.copy(taxa)
    one[(taxa == name) & (np.arange(len(taxa)) > 0)] = None
    made, fitted = fit((features, one, genetic, None), GUIDED | {"pooling": "attention"})
    assert np.isfinite(made.vectors(fitted, np.ones(23, bool))).all()
    weights = image_weights(fitted.model, made.bags)
    assert weights.loc[weights["taxon"] == name, "weight"].tolist() == [1.0]


def test_a_star_tree_teaches_nothing(study):
    features, taxa, genetic, _ = study
    star = type(genetic)((1 - np.eye(23)) * 0.7, genetic.ids)
    for loss in ("pearson", "stress", "cross_entropy"):
        variant = GUIDED | {"guidance": GUIDANCE | {"loss": loss}}
        made, fitted = fit((features, taxa, star, None), variant)
        assert np.isfinite(made.vectors(fitted, np.ones(23, bool))).all()


def test_a_fit_that_runs_away_ends_with_what_it_had_before(study):
    guidance = GUIDANCE | {"optimiser": "adam", "learning_rate": 1e30, "epochs": 9}
    for watched in (0, 0.2):
        variant = GUIDED | {"guidance": guidance | {"watched": watched, "projection": "two_layer"}}
        made, fitted = fit(study, variant)
        assert np.isfinite(fitted.history["loss"]).all() and fitted.epoch < len(fitted.history)
        assert np.isfinite(made.vectors(fitted, np.ones(23, bool))).all()


def test_a_variant_is_compared_with_the_unguided_one_most_like_it():
    def variant(pooling, centre, guided, whiten=False):
        options = {"pooling": pooling, "centre": centre, "whiten": whiten}
        return options | {"guidance": {} if guided else None}

    variants = {
        "whitened": variant("median", True, False, whiten=True),
        "random": variant("random", True, False),
        "median": variant("median", True, False),
        "mean": variant("mean", True, False),
        "plain": variant("mean", False, False),
        "attention": variant("attention", True, True),
        "roy": variant("attention", False, True),
        "hofmann": variant("median", True, True),
        "medoid": variant("medoid", True, True),
    }
    assert references(variants, None) == {
        "whitened": "median",
        "random": "median",
        "median": "median",
        "mean": "median",
        "plain": "median",
        "attention": "mean",
        "roy": "plain",
        "hofmann": "median",
        "medoid": "median",
    }
    assert set(references(variants, "mean").values()) == {"mean"}


# Taxa that tell when to stop


def test_whole_groups_are_watched():
    groups = np.repeat(np.arange(11), 4)
    known = np.ones(44, bool)
    known[:8] = False
    watched = pick_watched(known, groups, 0.2, 1)
    assert watched.sum() == 8 and not watched[:8].any()
    assert not set(groups[watched]) & set(groups[known & ~watched])
    assert (watched != pick_watched(known, groups, 0.2, 2)).any()


def test_single_taxa_are_watched_where_groups_leave_too_few():
    known = np.ones(9, bool)
    for groups in (None, np.zeros(9, int), np.repeat([0, 1], [8, 1])):
        assert pick_watched(known, groups, 0.2, 1).sum() == 2
    assert not pick_watched(known, groups, 0, 1).any()
    assert not pick_watched(np.arange(9) < MIN_TAXA + 1, groups, 0.2, 1).any()


def test_of_several_penalties_the_watched_taxa_choose(study):
    penalties = [1e6, 0.01, 1.0]
    fits = [
        fit(study, GUIDED | {"guidance": GUIDANCE | {"penalty": penalty}})[1]
        for penalty in penalties
    ]
    best = min(fits, key=lambda one: one.history["watched_loss"].min())
    chosen = fit(study, GUIDED | {"guidance": GUIDANCE | {"penalty": penalties}})[1]
    assert chosen.penalty == best.penalty != 1e6
    pd.testing.assert_frame_equal(chosen.history, best.history)
    blind = GUIDED | {"guidance": GUIDANCE | {"penalty": penalties, "watched": 0}}
    assert fit(study, blind)[1].penalty == 1e6  # nothing to choose by: the first
