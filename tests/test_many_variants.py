"""P over all guided variants, against plain loops and its promise in simulated studies."""

import numpy as np
import pandas as pd
import pytest
import torch
from guided_study import GUIDED, RIDGE_OPTIONS, UNGUIDED, simulate_features
from visgen.embedding.folds import deal_folds
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.guidance.variants import make_embedder
from visgen.embedding.held_out import refits as on_refits
from visgen.embedding.held_out.many_variants import BEST, against_best, best_variant_rows
from visgen.embedding.held_out.scoring import NULLS, PERMUTED_BAGS
from visgen.embedding.ridge import held_out as on_ridge
from visgen.embedding.ridge.taxon_images import make_taxon_images
from visgen.metrics import metrics_table

TO_KNOWN = {"part": "held_out_known", "metric": "pearson_double_centred"}
AMONG = {"part": "held_out_held_out", "metric": "pearson"}


def scores_of(names, values, backbone="net", **labels):
    labels = {"evaluator": "held_out_tips", "backbone": backbone, "n": 17} | TO_KNOWN | labels
    return [
        labels | {"variant": name, "value": value}
        for name, value in zip(names, values, strict=True)
    ]


def refits_of(names, table, null=PERMUTED_BAGS, **labels):
    """Return refits by variant from (n_refits, n_variants), as `permuted.tsv` has them."""
    labels = {"null": null, "kind": "tips"} | TO_KNOWN | labels
    numbers = range(1, len(table) + 1)
    of_all = (
        pd.DataFrame({"permutation": numbers, "value": values}).dropna().assign(**labels)
        for values in table.T
    )
    return dict(zip(names, of_all, strict=True))


def together(*refits, backbone="net"):
    """Join refits to several nulls or scores, by backbone and variant."""
    return {(backbone, name): pd.concat([its[name] for its in refits]) for name in refits[0]}


def draws(n_refits, n_variants, seed, n_studies=1, alike=0.5):
    """Return scores of variants that share draws, each with a place and unit of its own."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n_studies, n_refits, 1))
    own = rng.standard_normal((n_studies, n_refits, n_variants))
    scores = alike**0.5 * shared + (1 - alike) ** 0.5 * own
    return scores * np.arange(1, n_variants + 1) - np.arange(n_variants)


def by_loops(true, refits):
    p = []
    z = np.full(refits.shape, np.nan)
    z_true = []
    for v in range(len(true)):
        values = [true[v], *refits[:, v]]
        mean = sum(values) / len(values)
        spread = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
        z[:, v] = [(value - mean) / spread for value in refits[:, v]]
        z_true.append((true[v] - mean) / spread)
    for v in range(len(true)):
        beaten = sum(max(row) >= z_true[v] for row in z)
        p.append((1 + beaten) / (len(refits) + 1))
    return p


def test_p_is_the_share_of_refits_whose_best_is_as_good():
    refits = draws(23, 5, 1)[0]
    true = np.array([2.0, 0.5, 3.0, -4.0, 9.0])
    _, p = against_best(true, refits)
    assert p.tolist() == by_loops(true, refits) and len(set(p)) > 2


def test_of_one_variant_p_is_that_of_its_refits():
    refits = draws(23, 1, 1)[0]
    for value in (-1.0, 0.3, 1.2, 5.0):
        (p,) = against_best(np.array([value]), refits)[1]
        assert p == (1 + (refits >= value).sum()) / 24


def test_p_is_never_under_that_of_a_variants_own_refits():
    refits = draws(29, 7, 3)[0]
    true = draws(1, 7, 4)[0, 0] + 1
    own = (1 + (refits >= true).sum(axis=0)) / 30
    assert (against_best(true, refits)[1] >= own).all()


def test_alike_variants_cost_nothing_and_a_unit_changes_nothing():
    refits = draws(29, 3, 5)[0]
    true = np.array([2.0, 3.0, 1.0])
    p = against_best(true, refits)[1]
    doubled = against_best(np.tile(true, 2), np.tile(refits, 2))[1]
    assert doubled.tolist() == [*p, *p]
    assert against_best(5 + true * [1, 10, 7], 5 + refits * [1, 10, 7])[1].tolist() == p.tolist()


def test_a_refit_without_a_score_is_no_worse_and_equal_ones_are_as_good():
    refits = draws(19, 2, 7)[0]
    refits[3, 1] = np.nan
    best, p = against_best(np.array([99.0, 0.0]), refits)
    assert p[0] == 2 / 20 and np.isinf(best[3]).all() and np.isfinite(best[4]).all()
    assert against_best(np.ones(2), np.ones((19, 2)))[1].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("n_refits", "n_variants", "alike"), [(19, 2, 0.0), (24, 7, 0.5), (39, 5, 0.9)]
)
def test_false_rejections_among_all_variants_are_no_more_than_promised(n_refits, n_variants, alike):
    rejected = sound = 0
    studies = draws(n_refits + 1, n_variants, 11, 1500, alike)
    for refits in studies:
        rejected += (against_best(refits[0], refits[1:])[1] <= 0.05).any()
        # One of the variants follows descent: the others are still rejected no more often.
        refits[0, 0] += 20
        sound += (against_best(refits[0], refits[1:])[1][1:] <= 0.05).any()
    assert sound / 1500 <= rejected / 1500 + 0.01
    assert rejected / 1500 <= 0.05 + 2.6 * (0.05 * 0.95 / 1500) ** 0.5


def test_rows_set_every_variant_of_every_backbone_against_the_best_of_all():
    table, other = draws(23, 4, 1, 2)
    true = np.array([2.0, 0.5, 3.0, -4.0])
    scores, permuted = [], {}
    for place, backbone in enumerate(("one", "two")):
        names, of_two = ("guided", "ridge"), slice(2 * place, 2 * place + 2)
        scores += scores_of(names, true[of_two], backbone)
        of_nulls = (
            refits_of(names, refits[:, of_two], null)
            for null, refits in zip(NULLS, (table, other), strict=True)
        )
        permuted |= together(*of_nulls, backbone=backbone)
    scores += scores_of(["mean"], [9.0])  # not guided
    rows = metrics_table(best_variant_rows(metrics_table(scores), permuted))
    assert set(rows["role"]) == {"expected"} and (rows["n"] == 17).all()
    for null, refits in zip(NULLS, (table, other), strict=True):
        of_null = rows[rows["against"] == BEST[null]]
        assert of_null["p"].tolist() == by_loops(true, refits)
        assert of_null[["backbone", "variant"]].to_numpy().tolist() == [
            *(["one", "guided"], ["one", "ridge"], ["two", "guided"], ["two", "ridge"])
        ]
        everything = np.vstack([true, refits])
        mean, spread = everything.mean(axis=0), everything.std(axis=0)
        best = ((refits - mean) / spread).max(axis=1)
        expected = mean[2] + spread[2] * best
        row = of_null.iloc[2]
        assert row["value"] == pytest.approx(expected.mean())
        limits = np.percentile(expected, [2.5, 97.5])
        assert row[["ci_low", "ci_high"]].tolist() == pytest.approx(limits)
        assert row["n_permutations"] == 23


def test_refits_of_a_number_that_one_lacks_are_left_out_and_few_refits_leave_a_variant_out():
    table, names = draws(31, 3, 9)[0], ("many", "some", "few")
    table[22:, 1], table[18:, 2] = np.nan, np.nan
    scores = metrics_table(scores_of(names, [1.0, 2.0, 9.0]))
    rows = metrics_table(best_variant_rows(scores, together(refits_of(names, table))))
    assert rows["n_permutations"].tolist() == [22, 22, 18]
    assert rows["p"].tolist()[:2] == by_loops([1.0, 2.0], table[:22, :2])
    assert rows.loc[2, ["value", "ci_low", "ci_high", "p"]].isna().all()


def test_what_is_claimed_is_compared_within_its_kind_and_score():
    table, names = draws(19, 2, 9)[0], ("guided", "ridge")
    clades = {"evaluator": "held_out_clades"} | AMONG
    scores = scores_of(names, [1.0, 2.0]) + scores_of(names, [3.0, 4.0], **clades)
    scores += scores_of(names, [np.nan] * 2, **AMONG)  # no score
    scores += scores_of(names, [9.0, 9.0], fold=1)
    permuted = together(
        refits_of(names, table),
        refits_of(names, table, **AMONG),
        refits_of(names, table - 1, kind="clades", **AMONG),
        refits_of(names, table, metric="nearest_regret"),
    )
    rows = metrics_table(best_variant_rows(metrics_table(scores), permuted))
    assert rows["evaluator"].tolist() == ["held_out_tips"] * 2 + ["held_out_clades"] * 2
    assert rows["metric"].tolist() == ["pearson_double_centred"] * 2 + ["pearson"] * 2
    assert rows["p"].tolist()[:2] == by_loops([1.0, 2.0], table)
    assert rows["p"].tolist()[2:] == by_loops([3.0, 4.0], table - 1)


def test_one_variant_alone_is_compared_with_nobody():
    permuted = together(refits_of(["guided", "none"], draws(19, 2, 9)[0]))
    scores = metrics_table(scores_of(["guided"], [1.0]))
    assert best_variant_rows(scores, permuted) == []
    permuted["net", "none"] = permuted["net", "none"][:0]
    scores = metrics_table(scores_of(["guided", "none"], [1.0, 2.0]))
    assert best_variant_rows(scores, permuted) == []
    assert best_variant_rows(metrics_table([]), {}) == []


def test_a_refit_of_one_number_is_to_one_draw_whatever_the_method_and_the_backbone(monkeypatch):
    """Bags that ridge moves are told by how long their vectors are."""
    features, taxa, genetic, families = simulate_features(17, 1.0, 5)
    folds, _ = deal_folds(genetic, genetic.ids, families, 3, 1)
    other = features.sample(frac=1, random_state=1).iloc[:, :7] ** 3  # of another backbone
    specimens = pd.Series(taxa.index, taxa.index)
    borne, dealt = [], []

    def of_embedder(embedder, distances, ordered, question):
        borne[-1].append(dict(zip(ordered.index, embedder.bags.taxa, strict=True)))
        dealt[-1].append(list(embedder.images.ids))
        return []

    def of_ridge(grams, tree, question):
        (moved,) = grams.values()
        own = np.diagonal(images.grams()["last"], axis1=1, axis2=2)[0]
        place = [np.flatnonzero(np.isclose(own, size)) for size in np.diagonal(moved[0])]
        if all(map(len, place)):
            bags = np.array(images.bags.taxa)
            borne[-1].append(dict(zip(bags, bags[np.concatenate(place)], strict=True)))
        return []

    monkeypatch.setattr(on_refits, "_scores", of_embedder)
    monkeypatch.setattr(on_ridge, "_scores", of_ridge)
    draws = {"permutations": 3, "seed": 7}
    for table in (features, other):
        made = make_embedder(table, taxa, GUIDED, seed=1, device=torch.device("cpu"))
        borne.append([])
        dealt.append([])
        on_refits.refit_nulls(made, specimens, genetic, folds, **draws)
        images = make_taxon_images(table, taxa, UNGUIDED | {"guidance": RIDGE_OPTIONS}, seed=1)
        borne.append([])
        its_folds, distances = folds.loc[list(images.bags.taxa)], in_bag_order(genetic, images.bags)
        tree = on_ridge.place_folds(distances, its_folds, RIDGE_OPTIONS, 1)
        on_ridge.refit_nulls(images, specimens, tree, **draws)
    orders = [its[:3] for its in borne]
    assert all(its == orders[0] for its in orders) and len(orders) == 4
    assert orders[0][0] != orders[0][1] != {name: name for name in taxa}
    assert dealt[0] == dealt[1] and dealt[0][3] != dealt[0][0]
