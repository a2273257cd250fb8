import numpy as np
import pandas as pd
import pytest
import torch
from guided_study import GUIDANCE, GUIDED, UNGUIDED, simulate_features
from scipy.stats import pearsonr, rankdata
from skbio.stats.distance import DistanceMatrix
from visgen.distances import tidy
from visgen.guidance.fitting import in_bag_order
from visgen.guidance.variants import cosine_distances_of, make_embedder
from visgen.held_out.files import read_fold_distances, write_fold_distances
from visgen.held_out.folds import KINDS, deal_folds
from visgen.held_out.refits import FIT_COLUMNS, fit_folds, refit_permuted
from visgen.held_out.rows import correlation_limits, held_out_rows, nearest_table, p_by_refit
from visgen.held_out.scoring import METRICS, Fold, jackknife, nearest_known, score_folds

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
    folds, _ = deal_folds(genetic, families, 3, 1)
    return features, taxa, genetic, folds


def embedder(study, variant=GUIDED):
    return make_embedder(study[0], study[1], variant, seed=1, device=CPU)


@pytest.fixture(scope="module")
def fitted(study):
    return fit_folds(embedder(study), study[2], study[3])


# Folds


def test_every_taxon_is_held_out_once_of_either_kind():
    folds, omitted = deal_folds(random_distances(23), in_groups([9, 5, 4, 3, 1, 1]), 4, 1)
    assert omitted.empty and sorted(folds.index) == sorted(folds.index.unique())
    assert folds["tips"].value_counts().sort_index().tolist() == [6, 6, 6, 5]
    assert folds["clades"].value_counts().to_dict() == {1: 9, 2: 5, 3: 5, 4: 4}


def test_clades_are_never_torn():
    groups = in_groups([9, 5, 4, 3, 1, 1])
    folds, _ = deal_folds(random_distances(23), groups, 3, 7)
    assert folds["clades"].groupby(groups).agg(set).map(len).eq(1).all()


def test_tips_are_dealt_at_random_and_by_the_seed():
    distances, groups = random_distances(23), in_groups([10, 13])
    one, same, other = (deal_folds(distances, groups, 4, seed)[0]["tips"] for seed in (1, 1, 2))
    assert one.equals(same) and not one.equals(other)


def test_folds_do_not_hang_on_the_order_of_taxa():
    distances, groups = random_distances(23), in_groups([10, 13])
    shuffled = distances.filter(list(reversed(distances.ids)))
    again = deal_folds(shuffled, groups.sample(frac=1, random_state=1), 4, 1)[0]
    assert again.equals(deal_folds(distances, groups, 4, 1)[0])


def test_a_taxon_without_group_is_a_group_of_its_own():
    groups = in_groups([9, 9])
    groups.iloc[[0, 5]] = None
    folds, _ = deal_folds(random_distances(18), groups, 4, 1)
    assert folds["clades"].value_counts().to_dict() == {1: 9, 2: 7, 3: 1, 4: 1}


def test_one_group_leaves_clades_out_with_a_reason():
    folds, omitted = deal_folds(random_distances(11), in_groups([11]), 4, 1)
    assert folds["clades"].isna().all() and folds["tips"].notna().all()
    assert omitted["evaluator"].tolist() == ["held_out_clades"]
    assert "11 taxa in 1 groups leave 0 known ones" in omitted["reason"][0]


@pytest.mark.parametrize("n", [1, 4])
def test_few_taxa_leave_both_kinds_out(n):
    names = [f"taxon {i:03d}" for i in range(n)]
    distances = DistanceMatrix(tidy(np.random.default_rng(1).random((n, n))), names)
    folds, omitted = deal_folds(distances, in_groups([1] * n), 4, 1)
    assert folds.isna().all(axis=None) and len(omitted) == 2


def test_a_star_tree_leaves_both_kinds_out():
    star = DistanceMatrix(1 - np.eye(12), [f"taxon {i:03d}" for i in range(12)])
    _, omitted = deal_folds(star, in_groups([4, 4, 4]), 3, 1)
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
    assert table["rank"].tolist() == [3, 1]
    assert table["rank_random"].tolist() == [2, 2]


def test_of_relatives_that_are_equally_near_the_best_ranked_counts():
    genetic = np.array([[0, 2, 2 + 1e-13, 3], [2, 0, 1, 1], [2, 1, 0, 1], [3, 1, 1, 0]], float)
    visual = np.array([[0, 9, 1, 5], [9, 0, 1, 1], [1, 1, 0, 1], [5, 1, 1, 0]], float)
    table = nearest_known(Fold(genetic, visual, np.array([True, False, False, False])))
    assert table.loc[0, ["regret", "rank", "rank_random", "n_nearest"]].tolist() == [0, 1, 4 / 3, 2]


def test_the_expected_rank_is_that_of_random_orders():
    rng = np.random.default_rng(1)
    ranks = [rng.permutation(10)[:3].min() + 1 for _ in range(20_000)]
    assert np.mean(ranks) == pytest.approx(11 / 4, abs=0.05)


def test_no_pairs_of_a_part_score_nothing():
    scores = score_folds([fold_of(7, [2], 1)])
    assert np.isnan(scores["held_out_held_out", "pearson"])
    assert np.isfinite(scores["held_out_known", "pearson"])


def test_the_jackknife_leaves_a_taxon_out_of_every_fold():
    folds = [fold_of(9, [0, 1, 2], 3), fold_of(9, [5, 6, 7, 8], 4)]
    _, left_out = jackknife(folds, "held_out_known", "pearson")
    kept = [0, 1, 2, 3, 5, 6, 7, 8]
    without = [
        Fold(f.genetic[np.ix_(kept, kept)], f.visual[np.ix_(kept, kept)], f.held_out[kept])
        for f in folds
    ]
    assert left_out[4] == pytest.approx(score_folds(without)["held_out_known", "pearson"])


def test_limits_cover_the_value_and_shrink_with_the_taxa():
    widths = []
    for n in (20, 80):
        folds = [fold_of(n, range(0, n, 3), 3)]
        low, high = correlation_limits(folds)["held_out_known", "pearson"]
        assert low < score_folds(folds)["held_out_known", "pearson"] < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


# Fits and refits


def test_folds_are_fitted_with_their_taxa_held_out(study, fitted):
    visual, fits = fitted
    assert set(visual) == set(KINDS) and visual["tips"].shape == (3, 29, 29)
    assert fits.columns.tolist() == FIT_COLUMNS and len(fits) == 6
    assert (fits["n_known"] < 29).all() and (fits["loss"] < fits["loss_before"]).all()
    made = embedder(study)
    distances = in_bag_order(study[2], made.bags)
    known = (study[3].loc[list(made.bags.taxa), "clades"] != 2).to_numpy(bool)
    by_hand = cosine_distances_of(made.vectors(made.fit(distances, known), known))
    assert np.allclose(visual["clades"][1], by_hand, atol=1e-6)


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


def test_refits_are_of_permuted_bags(study):
    made = embedder(study, UNGUIDED)
    scores = refit_permuted(made, study[2], study[3], permutations=2, seed=7)
    assert len(scores) == 2 * 2 * sum(map(len, METRICS.values()))
    order = np.random.default_rng(7).permutation(29)
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
    found = scores[(scores["permutation"] == 1) & (scores["kind"] == "tips")]
    found = found.set_index(["part", "metric"])["value"]
    assert all(found[key] == pytest.approx(value, abs=1e-5) for key, value in by_hand.items())


def test_more_permutations_keep_the_first_ones(study):
    made = embedder(study, UNGUIDED)
    few, more = (refit_permuted(made, study[2], study[3], permutations=n, seed=1) for n in (2, 3))
    assert more.iloc[: len(few)].equals(few)


def test_p_counts_refits_that_score_as_well():
    null = pd.Series([0.1, 0.2, 0.3, 0.4])
    assert p_by_refit(0.3, null, smaller_is_better=False) == 3 / 5
    assert p_by_refit(0.1, null, smaller_is_better=True) == 2 / 5
    assert np.isnan(p_by_refit(0.3, null[:0], smaller_is_better=True))


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
    permuted = refit_permuted(embedder(study), study[2], study[3], permutations=5, seed=1)
    null = permuted[permuted["kind"] == "tips"]
    rows = pd.DataFrame(held_out_rows("tips", folds["tips"], null, folds["tips"], 1))
    pooled = rows[rows["fold"].isna()].set_index(["part", "metric"])
    assert pooled.index.is_unique and (pooled["n"] == 29).all()
    in_sample = pooled.loc[("known_known", "pearson")]
    assert np.isnan(in_sample["p"]) and np.isnan(in_sample["ci_low"])
    tested = pooled.loc[[key for key in pooled.index if key[1] in ("pearson", "nearest_regret")]]
    tested = tested.drop("known_known", level="part")
    assert (tested["p"] >= 1 / 6).all()
    assert (tested["ci_low"] < tested["value"]).all() and (
        tested["value"] < tested["ci_high"]
    ).all()
    mean = null[(null["part"] == "held_out_known") & (null["metric"] == "pearson")]["value"].mean()
    assert pooled.loc[("held_out_known", "pearson_permuted"), "value"] == pytest.approx(mean)
    gains = pooled[pooled.index.get_level_values("metric").str.endswith("_gain")]
    assert len(gains) == 3 and (gains[["value", "ci_low", "ci_high"]] == 0).all(axis=None)
    assert rows["fold"].nunique() == 3
    blind = pooled.loc[("held_out_known", "nearest_regret_random"), "value"]
    assert blind > pooled.loc[("held_out_known", "nearest_regret"), "value"]


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
        folds, _ = deal_folds(genetic, families, 3, 1)
        folds["clades"] = pd.array([None] * len(folds), "Int64")
        made = make_embedder(features, taxa, GUIDED | {"guidance": guidance}, seed=1, device=CPU)
        visual, _ = fit_folds(made, genetic, folds)
        names = list(made.bags.taxa)
        true = score_folds(
            Fold(genetic.filter(names).data, one.astype(float), held)
            for k, one in enumerate(visual["tips"], start=1)
            for held in [(folds.loc[names, "tips"] == k).to_numpy(bool)]
        )
        null = refit_permuted(made, genetic, folds, permutations=permutations, seed=seed)
        null = null.set_index(["part", "metric"])["value"]
        key = ("held_out_known", "pearson_double_centred")
        rejected.append(p_by_refit(true[key], null[[key]], smaller_is_better=False) <= 0.05)
        in_sample.append(null[[("known_known", "pearson")]].mean())
    return np.mean(rejected), np.mean(in_sample)


@pytest.mark.slow
def test_the_refit_test_holds_its_size_and_has_power():
    size, in_sample = rejections(0.0, range(100), 19)
    assert size <= 0.11  # 95 % of studies of 100 replicates at 5 % stay within 1 to 10 %
    assert in_sample > 0.2  # while fits to nothing agree with what they were fitted to
    power, _ = rejections(1.0, range(20), 19)
    assert power >= 0.6
