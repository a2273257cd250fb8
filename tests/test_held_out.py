import numpy as np
import pandas as pd
import pytest
import torch
from guided_study import GUIDANCE, GUIDED, UNGUIDED, simulate_features
from scipy.stats import pearsonr, rankdata
from skbio.stats.distance import DistanceMatrix
from visgen.distances.deals import deal_specimens
from visgen.distances.matrices import tidy
from visgen.embedding.folds import KINDS, deal_folds, placed_taxa
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.guidance.variants import Embedder, make_embedder
from visgen.embedding.held_out.files import (
    FIT_COLUMNS,
    PERMUTED_COLUMNS,
    read_fold_distances,
    write_fold_distances,
    write_no_folds,
)
from visgen.embedding.held_out.fresh_looks import (
    FRESH,
    FRESH_UNGUIDED,
    SCORED,
    fresh_limits,
    fresh_power,
    gain_limits,
)
from visgen.embedding.held_out.random_draws import random_rows
from visgen.embedding.held_out.refits import fit_folds, refit_nulls, visual_distances
from visgen.embedding.held_out.rows import (
    held_out_rows,
    nearest_table,
    p_by_refit,
)
from visgen.embedding.held_out.scoring import (
    METRICS,
    NULLS,
    Fold,
    nearest_known,
    score_folds,
)
from visgen.metrics import metrics_table, of_role
from visgen.tables import read_table

CPU = torch.device("cpu")


def random_distances(n, seed=1, names=None):
    values = np.random.default_rng(seed).random((n, n))
    return DistanceMatrix(tidy(values), names or [f"taxon {i:03d}" for i in range(n)])


def in_groups(sizes):
    names = [f"taxon {i:03d}" for i in range(sum(sizes))]
    return pd.Series(np.repeat([f"group {g}" for g in range(len(sizes))], sizes), index=names)


@pytest.fixture(scope="module")
def study():
    features, taxa, genetic, families = simulate_features(29, 1.0, 5)
    folds, _ = deal_folds(genetic, genetic.ids, families, 3, 1)
    return features, taxa, genetic, folds


def embedder(study, variant=GUIDED):
    return make_embedder(study[0], study[1], variant, seed=1, device=CPU)


@pytest.fixture(scope="module")
def fitted(study):
    return fit_folds(embedder(study), study[2], study[3])


# Folds


def deal(distances, groups, n_folds, seed):
    return deal_folds(distances, distances.ids, groups, n_folds, seed)


def test_every_taxon_is_held_out_once_of_either_kind():
    folds, omitted = deal(random_distances(23), in_groups([9, 5, 4, 3, 1, 1]), 4, 1)
    assert omitted.empty and sorted(folds.index) == sorted(folds.index.unique())
    assert folds["tips"].value_counts().sort_index().tolist() == [6, 6, 6, 5]
    assert folds["clades"].value_counts().to_dict() == {1: 9, 2: 5, 3: 5, 4: 4}


def test_clades_are_never_torn():
    groups = in_groups([9, 5, 4, 3, 1, 1])
    folds, _ = deal(random_distances(23), groups, 3, 7)
    assert folds["clades"].groupby(groups).agg(set).map(len).eq(1).all()


def test_tips_are_dealt_at_random_and_by_the_seed():
    distances, groups = random_distances(23), in_groups([10, 13])
    one, same, other = (deal(distances, groups, 4, seed)[0]["tips"] for seed in (1, 1, 2))
    assert one.equals(same) and not one.equals(other)


def test_folds_do_not_hang_on_the_order_of_taxa():
    distances, groups = random_distances(23), in_groups([10, 13])
    shuffled = distances.filter(list(reversed(distances.ids)))
    again = deal(shuffled, groups.sample(frac=1, random_state=1), 4, 1)[0]
    assert again.equals(deal(distances, groups, 4, 1)[0])


def test_a_taxon_without_group_is_a_group_of_its_own():
    groups = in_groups([9, 9])
    groups.iloc[[0, 5]] = None
    folds, _ = deal(random_distances(18), groups, 4, 1)
    assert folds["clades"].value_counts().to_dict() == {1: 9, 2: 7, 3: 1, 4: 1}


def test_one_group_leaves_clades_out_with_a_reason():
    folds, omitted = deal(random_distances(11), in_groups([11]), 4, 1)
    assert folds["clades"].isna().all() and folds["tips"].notna().all()
    assert omitted["evaluator"].tolist() == ["held_out_clades"]
    assert "11 taxa in 1 groups leave 0 known ones" in omitted["reason"][0]


@pytest.mark.parametrize("n", [1, 4])
def test_few_taxa_leave_both_kinds_out(n):
    names = [f"taxon {i:03d}" for i in range(n)]
    distances = DistanceMatrix(tidy(np.random.default_rng(1).random((n, n))), names)
    folds, omitted = deal(distances, in_groups([1] * n), 4, 1)
    assert folds[list(KINDS)].isna().all(axis=None) and len(omitted) == 2


def test_a_star_tree_leaves_both_kinds_out():
    star = DistanceMatrix(1 - np.eye(12), [f"taxon {i:03d}" for i in range(12)])
    _, omitted = deal(star, in_groups([4, 4, 4]), 3, 1)
    assert omitted["evaluator"].tolist() == ["held_out_tips", "held_out_clades"]
    assert omitted["reason"].str.contains("the same distance 1 ").all()


# Scores


def fold_of(n, held, seed):
    genetic, visual = (random_distances(n, seed + k).data for k in (0, 50))
    held_out = np.zeros(n, bool)
    held_out[list(held)] = True
    return Fold(genetic, visual, held_out)


def pairs_of(fold, part):
    n = len(fold.held_out)
    both = [(i, j) for i in range(n) for j in range(i + 1, n)]
    wanted = {"known_known": 0, "held_out_known": 1, "held_out_held_out": 2}[part]
    return [(i, j) for i, j in both if fold.held_out[i] + 0 + fold.held_out[j] == wanted]


@pytest.mark.parametrize("part", METRICS)
def test_correlations_of_one_fold_are_those_of_its_pairs(part):
    fold = fold_of(11, [1, 4, 5, 9], 3)
    x, y = (np.array([m[i, j] for i, j in pairs_of(fold, part)]) for m in fold[:2])
    scores = score_folds([fold])
    assert scores[part, "pearson"] == pytest.approx(pearsonr(x, y).statistic)
    if (part, "spearman") in scores:
        ranks = pearsonr(rankdata(x), rankdata(y)).statistic
        assert scores[part, "spearman"] == pytest.approx(ranks)


def test_folds_are_pooled_from_departures_within_each():
    folds = [fold_of(11, [0, 1, 2], 3), fold_of(11, [5, 6, 7, 8], 4)]
    shifted = Fold(folds[1].genetic, 5 + folds[1].visual, folds[1].held_out)
    xs, ys = [], []
    for fold in folds:
        x, y = (np.array([m[i, j] for i, j in pairs_of(fold, "held_out_known")]) for m in fold[:2])
        xs += list(x - x.mean())
        ys += list(y - y.mean())
    for both in (folds, [folds[0], shifted]):
        found = score_folds(both)["held_out_known", "pearson"]
        assert found == pytest.approx(pearsonr(xs, ys).statistic)


def test_double_centring_takes_out_how_odd_a_taxon_is():
    fold = fold_of(13, [0, 3, 4, 8], 3)
    rng = np.random.default_rng(1)
    odd = rng.random(13) * 5
    shifted = fold.visual + odd[:, None] + odd
    moved = Fold(fold.genetic, shifted, fold.held_out)
    key = ("held_out_known", "pearson_double_centred")
    assert score_folds([moved])[key] == pytest.approx(score_folds([fold])[key])
    plain = ("held_out_known", "pearson")
    assert score_folds([moved])[plain] != pytest.approx(score_folds([fold])[plain], abs=0.005)


def test_a_single_clade_leaves_nothing_after_double_centring():
    rng = np.random.default_rng(1)
    to_known = rng.random(8) + 1  # an ultrametric clade of three is equally far from any other
    genetic = random_distances(11, 3).data.copy()
    genetic[:3, 3:] = to_known
    genetic[3:, :3] = to_known[:, None]
    fold = Fold(genetic, random_distances(11, 4).data, np.arange(11) < 3)
    scores = score_folds([fold])
    assert np.isnan(scores["held_out_known", "pearson_double_centred"])
    assert np.isfinite(scores["held_out_known", "pearson"])
    other = fold_of(11, [5, 6, 7], 9)
    both = score_folds([fold, other])["held_out_known", "pearson_double_centred"]
    assert both == score_folds([other])["held_out_known", "pearson_double_centred"]


def test_perfect_distances_score_one_and_find_every_relative():
    fold = fold_of(11, [1, 4, 5, 9], 3)
    scores = score_folds([Fold(fold.genetic, 2 * fold.genetic, fold.held_out)])
    regret = scores.pop(("held_out_known", "nearest_regret"))
    assert regret == 0 and np.allclose(list(scores.values()), 1)


def test_held_out_taxa_whiten_nothing(study):
    features, taxa, genetic, folds = study
    variant = UNGUIDED | {"whiten": True}
    one, _ = fit_folds(embedder(study, variant), genetic, folds)
    held_out = (folds["clades"] == 1).to_numpy(bool)
    changed = features.copy()
    is_changed = taxa.isin(folds.index[held_out]).to_numpy()
    rng = np.random.default_rng(5)
    changed[is_changed] = rng.standard_normal((is_changed.sum(), 41)).astype(np.float32)
    other, _ = fit_folds(embedder((changed, *study[1:]), variant), genetic, folds)
    known = np.ix_(~held_out, ~held_out)
    assert np.allclose(one["clades"][0][known], other["clades"][0][known], atol=1e-5)
    assert not np.allclose(one["clades"][1], other["clades"][1], atol=1e-2)
    plain, _ = fit_folds(embedder(study, UNGUIDED), genetic, folds)
    assert not np.allclose(one["clades"][0], plain["clades"][0], atol=1e-2)


def test_the_nearest_relative_is_sought_among_known_taxa_only():
    genetic = np.array(
        [
            [0, 1, 5, 6, 7],
            [1, 0, 5, 6, 7],
            [5, 5, 0, 2, 2],
            [6, 6, 2, 0, 9],
            [7, 7, 2, 9, 0],
        ],
        float,
    )
    visual = np.array(
        [
            [0, 1, 4, 2, 3],
            [1, 0, 1, 2, 3],
            [4, 1, 0, 8, 7],
            [2, 2, 8, 0, 1],
            [3, 3, 7, 1, 0],
        ],
        float,
    )
    held_out = np.array([True, True, False, False, False])
    table = nearest_known(Fold(genetic, visual, held_out))
    assert table["taxon"].tolist() == [0, 1]
    assert table["relative"].tolist() == [3, 2]  # 0 looks like 3, though 1 looks more alike still
    assert table["nearest"].tolist() == [5, 5]
    assert table["regret"].tolist() == [1, 0]
    assert table["regret_random"].tolist() == [1, 1]
    assert table["place"].tolist() == [3, 1]
    assert table["place_random"].tolist() == [2, 2]


def test_of_relatives_that_are_equally_near_the_best_ranked_counts():
    genetic = np.array([[0, 2, 2 + 1e-13, 3], [2, 0, 1, 1], [2, 1, 0, 1], [3, 1, 1, 0]], float)
    visual = np.array([[0, 9, 1, 5], [9, 0, 1, 1], [1, 1, 0, 1], [5, 1, 1, 0]], float)
    table = nearest_known(Fold(genetic, visual, np.array([True, False, False, False])))
    columns = ["regret", "place", "place_random", "n_nearest"]
    assert table.loc[0, columns].tolist() == [0, 1, 4 / 3, 2]


def test_the_expected_rank_is_that_of_random_orders():
    rng = np.random.default_rng(1)
    ranks = [rng.permutation(10)[:3].min() + 1 for _ in range(20_000)]
    assert np.mean(ranks) == pytest.approx(11 / 4, abs=0.05)


def test_no_pairs_of_a_part_score_nothing():
    scores = score_folds([fold_of(7, [2], 1)])
    assert np.isnan(scores["held_out_held_out", "pearson"])
    assert np.isfinite(scores["held_out_known", "pearson"])


# Fits and refits


def test_folds_are_fitted_with_their_taxa_held_out(study, fitted):
    visual, fits = fitted
    assert set(visual) == set(KINDS) and visual["tips"].shape == (3, 29, 29)
    assert fits.columns.tolist() == FIT_COLUMNS and len(fits) == 6
    assert (fits["n_known"] < 29).all()
    assert (fits["loss"] <= fits["loss_before"]).all()  # equal where watched taxa say so at once
    assert (fits["loss"] < fits["loss_before"]).sum() >= 5
    made = embedder(study)
    distances = in_bag_order(study[2], made.bags)
    known = (study[3].loc[list(made.bags.taxa), "clades"] != 2).to_numpy(bool)
    groups = study[3].loc[list(made.bags.taxa), "group_number"].to_numpy()
    by_hand = visual_distances(made.vectors(made.fit(distances, known, groups), known))
    assert np.allclose(visual["clades"][1], by_hand, atol=1e-6)


def test_vectors_that_are_not_finite_have_no_distances():
    with pytest.raises(ValueError, match="not finite: a fit has run away"):
        visual_distances(np.array([[1.0, 2.0], [np.nan, 1.0]]))


def test_a_kind_that_is_left_out_is_not_fitted(study):
    folds = study[3].assign(clades=pd.array([None] * 29, "Int64"))
    visual, fits = fit_folds(embedder(study), study[2], folds)
    assert set(visual) == {"tips"} and set(fits["kind"]) == {"tips"}


def test_fold_distances_come_back_by_name(tmp_path, study, fitted):
    visual, _ = fitted
    made = embedder(study)
    write_fold_distances(tmp_path / "held_out.npz", list(made.bags.taxa), visual)
    folds = study[3].sample(frac=1, random_state=1)
    back = read_fold_distances(tmp_path / "held_out.npz", study[2], folds)
    taxa = list(made.bags.taxa)
    one, other = folds.index[3], folds.index[17]
    fold = back["tips"][2]
    assert fold.visual[3, 17] == visual["tips"][2][taxa.index(one), taxa.index(other)]
    assert fold.genetic[3, 17] == study[2][one, other]
    assert fold.held_out.tolist() == (folds["tips"] == 3).tolist()
    with pytest.raises(ValueError, match="its 29 taxa are not those of the folds"):
        read_fold_distances(tmp_path / "held_out.npz", study[2], folds.iloc[1:])


def refits(made, study, permutations, seed, specimens=None):
    specimens = alone(study[1]) if specimens is None else specimens
    return refit_nulls(made, specimens, study[2], study[3], permutations=permutations, seed=seed)


def alone(taxa):
    """Return a specimen of its own for each image."""
    return pd.Series(taxa.index, taxa.index)


def test_refits_are_of_permuted_bags(study):
    made = embedder(study, UNGUIDED)
    scores = refits(made, study, 2, 7)
    beyond_chance = scores[scores["null"].isin(NULLS)]
    assert len(beyond_chance) == 2 * 2 * 2 * sum(map(len, METRICS.values()))
    order = np.random.default_rng([7, 2]).permutation(29)
    names = np.array(made.bags.taxa)
    # The bag of names[i] is given to the taxon names[order[i]].
    features, taxa, genetic, folds = study
    given = dict(zip(names, names[order], strict=True))
    visual, _ = fit_folds(
        make_embedder(features, taxa.map(given), UNGUIDED, seed=1, device=CPU), genetic, folds
    )
    sorted_folds = folds.sort_index()
    wanted = genetic.filter(list(sorted_folds.index)).data
    by_hand = score_folds(
        Fold(wanted, one, (sorted_folds["tips"] == k).to_numpy(bool))
        for k, one in enumerate(visual["tips"].astype(float), start=1)
    )
    found = scores[
        (scores["null"] == "permuted_bags")
        & (scores["permutation"] == 1)
        & (scores["kind"] == "tips")
    ]
    found = found.set_index(["part", "metric"])["value"]
    assert all(found[key] == pytest.approx(value, abs=1e-5) for key, value in by_hand.items())


@pytest.mark.parametrize("variant", [UNGUIDED, GUIDED | {"pooling": "attention"}])
def test_dealt_specimens_keep_the_sizes_of_bags(study, variant):
    made = embedder(study, variant)
    rows = np.random.default_rng(1).permutation(sum(made.images.sizes))
    others = made.redealt(rows)
    assert others.images.sizes == made.images.sizes and others.bags.taxa == made.bags.taxa
    assert torch.equal(others.images.features[5], made.images.features[rows[5]])
    assert others.images.ids[5] == made.images.ids[rows[5]]


def test_scores_of_dealt_specimens_are_those_of_such_bags(study):
    made = embedder(study, UNGUIDED)
    specimens = alone(study[1])
    scores = refits(made, study, 1, 7)
    rows = pd.Series(np.repeat(made.bags.taxa, made.images.sizes))
    names = pd.Series(specimens.loc[made.images.ids.get_level_values("id")].to_numpy())
    dealt = deal_specimens(rows, names, np.random.default_rng([7, 3]))
    dealt.index = made.images.ids.get_level_values("id")
    by_hand = embedder((study[0], dealt, *study[2:]), UNGUIDED)
    visual, _ = fit_folds(by_hand, study[2], study[3])
    sorted_folds = study[3].sort_index()
    wanted = study[2].filter(list(sorted_folds.index)).data
    expected = score_folds(
        Fold(wanted, one, (sorted_folds["clades"] == k).to_numpy(bool))
        for k, one in enumerate(visual["clades"].astype(float), start=1)
    )
    found = scores[(scores["null"] == "dealt_specimens") & (scores["kind"] == "clades")]
    found = found.set_index(["part", "metric"])["value"]
    assert all(found[key] == pytest.approx(value, abs=1e-5) for key, value in expected.items())


def test_more_permutations_keep_the_first_ones(study):
    made = embedder(study, UNGUIDED)
    few, more = (refits(made, study, n, 1) for n in (2, 3))
    for null in NULLS:
        first = more[(more["null"] == null) & (more["permutation"] <= 2)]
        assert first.reset_index(drop=True).equals(few[few["null"] == null].reset_index(drop=True))


def test_p_counts_refits_that_score_as_well():
    null = pd.Series([0.1, 0.2, 0.3, 0.4])
    assert p_by_refit(0.3, null, smaller_is_better=False) == 3 / 5
    assert p_by_refit(0.1, null, smaller_is_better=True) == 2 / 5
    assert np.isnan(p_by_refit(0.3, null[:0], smaller_is_better=True))
    lost = pd.Series([0.1, np.nan, np.nan, 0.2])  # a refit without a score is no worse
    assert p_by_refit(0.3, lost, smaller_is_better=False) == 3 / 5
    assert p_by_refit(0.05, lost, smaller_is_better=True) == 3 / 5


def test_rows_hold_scores_nulls_gains_and_folds(study, fitted):
    folds = {
        kind: [
            Fold(
                study[2].filter(list(embedder(study).bags.taxa)).data,
                one.astype(float),
                (study[3].sort_index()[kind] == k).to_numpy(bool),
            )
            for k, one in enumerate(fitted[0][kind], start=1)
        ]
        for kind in KINDS
    }
    plain, _ = fit_folds(embedder(study, UNGUIDED), study[2], study[3])
    reference = [
        fold._replace(visual=one.astype(float))
        for fold, one in zip(folds["tips"], plain["tips"], strict=True)
    ]
    permuted = refits(embedder(study), study, 5, 1)
    null = permuted[permuted["kind"] == "tips"]
    null = pd.concat([null, fresh_scores()])
    beside = ("plain", reference, null[:0])
    rows = metrics_table(held_out_rows("tips", folds["tips"], null, beside, 1))
    everything = rows[rows["fold"].isna()]
    assert not everything.duplicated(["part", "metric", "role", "against"]).any()
    assert set(everything["evaluator"]) == {"held_out_tips"} and (everything["n"] == 29).all()
    pooled = of_role(everything, "score").set_index(["part", "metric"])
    nulls = of_role(everything, "expected").set_index(["part", "metric", "against"]).sort_index()
    gains = of_role(everything, "difference", "plain").set_index(["part", "metric"])
    in_sample = pooled.loc[("known_known", "pearson")]
    assert np.isnan(in_sample["p"]) and np.isnan(in_sample["ci_low"])
    assert pooled.loc["known_known", "p"].isna().all()
    tested = pooled.loc[[*SCORED, ("held_out_known", "nearest_regret")]]
    assert (tested["p"] >= 1 / 6).all()
    assert (tested["ci_low"] < tested["value"]).all() and (
        tested["value"] < tested["ci_high"]
    ).all()
    key = ("held_out_known", "pearson_double_centred")
    of_this = null[(null["part"] == key[0]) & (null["metric"] == key[1])]
    for name in NULLS:
        values = of_this.loc[of_this["null"] == name, "value"]
        row = nulls.loc[(*key, name)]
        assert row["value"] == pytest.approx(values.mean())
        assert row["p"] == p_by_refit(pooled.loc[key, "value"], values, smaller_is_better=False)
        assert row["n_permutations"] == pooled.loc[key, "n_permutations"] == 5
    assert pooled.loc[key, "p"] == max(nulls.loc[(*key, name), "p"] for name in NULLS)
    of_known = nulls.loc[("known_known", "pearson")]
    assert set(of_known.index) == set(NULLS) and of_known["p"].isna().all()
    assert np.isnan(in_sample["n_permutations"])
    ours, theirs = score_folds(folds["tips"]), score_folds(reference)
    limits = fresh_limits(null, ours)
    assert set(limits) == set(SCORED) and pooled.loc[key, ["ci_low", "ci_high"]].tolist() == list(
        limits[key]
    )
    assert np.isnan(pooled.loc[("held_out_known", "spearman"), "ci_low"])
    assert not rows["against"].str.startswith("fresh", na=False).any()
    power = {(part, f"power_{metric}"): p for (part, metric), p in fresh_power(null, ours).items()}
    assert len(power) == len(SCORED) and pooled.loc[list(power), "value"].to_dict() == power
    for part, metric in (key, ("held_out_known", "nearest_regret")):
        gain = gains.loc[(part, metric)]
        assert gain["value"] == pytest.approx(ours[part, metric] - theirs[part, metric])
        assert gain["ci_low"] < gain["value"] < gain["ci_high"]
    assert ours[key] > theirs[key]
    low, high = gain_limits(null, key, ours[key], ours[key] - theirs[key])
    assert gains.loc[key, ["ci_low", "ci_high"]].tolist() == [low, high]
    assert rows["fold"].nunique() == 3
    blind = nulls.loc[("held_out_known", "nearest_regret", "random_relative"), "value"]
    assert blind > pooled.loc[("held_out_known", "nearest_regret"), "value"]


def fresh_scores():
    """Scores of fresh looks at every signal, unguided vectors beside them."""
    rng = np.random.default_rng(11)
    rows = []
    for (part, metric), names, gain in (
        (key, names, gain)
        for key in SCORED
        for names, gain in ((FRESH, 0.1), (FRESH_UNGUIDED, 0.0))
    ):
        for signal, name in names.items():
            for number, draw in enumerate(rng.normal(0.6 * signal + gain, 0.1, 7), start=1):
                rows.append((name, number, "tips", part, metric, draw))
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


def test_random_vectors_are_scored_by_the_mean_and_range_of_draws(study):
    made = embedder(study, UNGUIDED | {"pooling": "random"})
    permuted = refits(made, study, 6, 1)
    wanted = study[2].filter(list(made.bags.taxa)).data
    visual, _ = fit_folds(made, study[2], study[3])
    folds = [
        Fold(wanted, one.astype(float), (study[3].sort_index()["tips"] == k).to_numpy(bool))
        for k, one in enumerate(visual["tips"], start=1)
    ]
    rows = metrics_table(random_rows("tips", folds, permuted[permuted["kind"] == "tips"]))
    pooled = of_role(rows, "score").set_index(["part", "metric"])
    assert (pooled["n_permutations"] == 7).all() and pooled["p"].isna().all()
    first = score_folds(folds)
    assert set(pooled.index) == set(first)
    for (part, metric), value in first.items():
        its = permuted[(permuted["kind"] == "tips") & (permuted["part"] == part)]
        draws = [value, *its.loc[its["metric"] == metric, "value"]]
        row = pooled.loc[part, metric]
        assert row["value"] == pytest.approx(sum(draws) / 7)
        limits = np.percentile(draws, [2.5, 97.5])
        assert row[["ci_low", "ci_high"]].tolist() == pytest.approx(limits.tolist())
    beside = of_role(rows, "expected", "random_relative")
    of_mean = metrics_table(held_out_rows("tips", folds, permuted[:0], None, 1))
    expected = of_role(of_mean, "expected", "random_relative")["value"].tolist()
    assert beside["value"].tolist() == expected
    alone = of_role(metrics_table(random_rows("tips", folds, permuted[:0])), "score")
    assert alone["value"].tolist() == pytest.approx(list(first.values()))
    assert alone["ci_low"].isna().all() and (alone["n_permutations"] == 1).all()


def test_the_table_of_relatives_names_them(study, fitted):
    sorted_folds = study[3].sort_index()
    folds = [
        Fold(study[2].filter(list(sorted_folds.index)).data, one.astype(float), held)
        for k, one in enumerate(fitted[0]["tips"], start=1)
        for held in [(sorted_folds["tips"] == k).to_numpy(bool)]
    ]
    table = nearest_table("tips", folds, list(sorted_folds.index))
    assert sorted(table["taxon"]) == list(sorted_folds.index)
    row = table.iloc[4]
    assert study[2][row["taxon"], row["relative"]] == pytest.approx(row["found"])
    assert sorted_folds.loc[row["relative"], "tips"] != row["fold"]


# What guidance gives, and what it does not


def test_guidance_makes_unseen_taxa_follow_descent(study, fitted):
    names = sorted(study[3].index)
    sorted_folds = study[3].loc[names]

    def scores(visual):
        return score_folds(
            Fold(study[2].filter(names).data, one.astype(float), held)
            for k, one in enumerate(visual["tips"], start=1)
            for held in [(sorted_folds["tips"] == k).to_numpy(bool)]
        )

    guided = scores(fitted[0])
    unguided = scores(fit_folds(embedder(study, UNGUIDED), study[2], study[3])[0])
    for part, metric in (
        ("held_out_held_out", "pearson"),
        ("held_out_known", "pearson_double_centred"),
    ):
        assert guided[part, metric] > unguided[part, metric] + 0.05


def rejections(signal, seeds, permutations):
    """Return which simulated studies reject, and r in-sample on permuted bags."""
    rejected, in_sample = [], []
    guidance = GUIDANCE | {"components": 16, "epochs": 20}
    for seed in seeds:
        features, taxa, genetic, families = simulate_features(24, signal, seed)
        folds, _ = deal_folds(genetic, genetic.ids, families, 3, 1)
        folds["clades"] = pd.array([None] * len(folds), "Int64")
        made = make_embedder(features, taxa, GUIDED | {"guidance": guidance}, seed=1, device=CPU)
        visual, _ = fit_folds(made, genetic, folds)
        names = list(made.bags.taxa)
        true = score_folds(
            Fold(genetic.filter(names).data, one.astype(float), held)
            for k, one in enumerate(visual["tips"], start=1)
            for held in [(folds.loc[names, "tips"] == k).to_numpy(bool)]
        )
        null = refit_nulls(made, alone(taxa), genetic, folds, permutations=permutations, seed=seed)
        null = null.set_index(["null", "part", "metric"])["value"].sort_index()
        key = ("held_out_known", "pearson_double_centred")
        ps = [p_by_refit(true[key], null[(name, *key)], smaller_is_better=False) for name in NULLS]
        rejected.append([ps[0] <= 0.05, max(ps) <= 0.05])
        in_sample.append(null["permuted_bags", "known_known", "pearson"].mean())
    return np.mean(rejected, axis=0), np.mean(in_sample)


@pytest.mark.slow
def test_the_refit_test_holds_its_size_and_has_power():
    (bags, both), in_sample = rejections(0.0, range(10), 19)
    assert bags <= 0.2 and both <= bags  # of 10 studies at 5 %, 2 or fewer reject in 99 %
    assert in_sample > 0.05  # while fits to nothing agree with what they were fitted to
    (_, both), _ = rejections(1.0, range(5), 19)
    assert both >= 0.6


@pytest.mark.slow
def test_numbers_of_images_that_follow_the_tree_are_no_agreement():
    """Bags of noise, small and large ones in clades of their own: only one null is fooled."""
    rejected = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        groups = in_groups([9, 9, 9])
        sizes = np.repeat([3, 20, 80], 9)
        same = groups.to_numpy()[:, None] == groups.to_numpy()
        genetic = DistanceMatrix(tidy(2.0 - same + 0.1 * rng.random((27, 27))), list(groups.index))
        ids = [f"image {i:04d}" for i in range(sizes.sum())]
        index = pd.MultiIndex.from_product([ids, [0]], names=["id", "repeat"])
        features = pd.DataFrame(rng.standard_normal((len(ids), 31), np.float32), index=index)
        taxa = pd.Series(np.repeat(groups.index, sizes), ids)
        folds, _ = deal_folds(genetic, genetic.ids, groups, 3, 1)
        folds["clades"] = pd.array([None] * 27, "Int64")
        made = make_embedder(features, taxa, UNGUIDED, seed=1, device=CPU)
        visual, _ = fit_folds(made, genetic, folds)
        true = score_folds(
            Fold(genetic.data, one.astype(float), (folds["tips"] == k).to_numpy(bool))
            for k, one in enumerate(visual["tips"], start=1)
        )
        null = refit_nulls(made, alone(taxa), genetic, folds, permutations=19, seed=seed)
        null = null.set_index(["null", "part", "metric"])["value"].sort_index()
        key = ("held_out_known", "pearson_double_centred")
        rejected.append(
            [p_by_refit(true[key], null[(n, *key)], smaller_is_better=False) <= 0.05 for n in NULLS]
        )
    bags, specimens = np.sum(rejected, axis=0)
    assert bags >= 4 and specimens <= 1


def test_too_few_placed_taxa_are_none():
    distances = random_distances(9)
    names = [f"taxon 00{number}" for number in (3, 1, 1, 5, 2, 4)]
    taxa = pd.Series([*names, "taxon 077"])
    assert placed_taxa(distances, taxa) == [f"taxon 00{number}" for number in range(1, 6)]
    assert placed_taxa(distances, taxa[1:]) == []


def test_files_without_taxa_are_read_as_nothing(tmp_path):
    distances = random_distances(9)
    folds, omitted = deal_folds(distances, [], pd.Series(dtype="str"), n_folds=5, seed=1)
    assert folds.empty and len(omitted) == len(KINDS)
    paths = [tmp_path / name for name in ("held_out.npz", "fits.tsv", "permuted.tsv")]
    write_no_folds(*paths)
    assert read_fold_distances(paths[0], distances, folds) == {}
    assert read_table(paths[1]).empty and read_table(paths[2]).empty


def test_every_refit_fits_guidance_anew(study, monkeypatch):
    given, fit = [], Embedder.fit
    monkeypatch.setattr(Embedder, "fit", lambda *words: given.append(words) or fit(*words))
    made = embedder(study, GUIDED | {"guidance": GUIDANCE | {"epochs": 1}})
    refits(made, study, 2, 7)
    n_folds, true = (
        int(study[3][list(KINDS)].max().sum()),
        study[2].filter(list(made.bags.taxa)).data,
    )
    rng = np.random.default_rng([7, 2])
    orders = [rng.permutation(len(true)) for _ in range(2)]
    of_bags = [true[np.ix_(order, order)] for order in orders for _ in range(n_folds)]
    wanted = [*of_bags, *[true] * 2 * n_folds]
    assert all(np.allclose(words[1], w) for words, w in zip(given, wanted, strict=True))
    # specimens that are dealt to other taxa make other bags
    assert all((words[0] is made) == (i < 2 * n_folds) for i, words in enumerate(given))
