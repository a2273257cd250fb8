"""Held-out scores within the groups of a rank, and their nulls."""

import numpy as np
import pandas as pd
import pytest
import torch
from guided_study import (
    GUIDED,
    RIDGE_OPTIONS,
    UNGUIDED,
    coarse_images,
    images_of,
    simulate_tree,
)
from scipy.stats import pearsonr
from visgen.distances.matrices import tidy
from visgen.distances.steps import STEPS, groups_by_step
from visgen.embedding.folds import coarsest_groups_of_taxa, deal_folds
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.guidance.variants import Embedder, make_embedder
from visgen.embedding.held_out.files import read_fold_distances, write_fold_distances
from visgen.embedding.held_out.nulls import (
    beyond_chance,
    beyond_ranks,
    dealt_specimens,
    permuted_bags,
)
from visgen.embedding.held_out.refits import fit_folds, refit_nulls
from visgen.embedding.held_out.rows import held_out_rows, p_by_refit
from visgen.embedding.held_out.scoring import NULLS, Fold
from visgen.embedding.held_out.within import NULLS_WITHIN, WITHIN, count_within, score_within
from visgen.embedding.ridge import held_out as ridge
from visgen.embedding.ridge.taxon_images import make_taxon_images
from visgen.metrics import metrics_table, of_role
from visgen.simulate.traits import evolve_traits

CPU = torch.device("cpu")
RIDGE = RIDGE_OPTIONS | {"powers": [1], "axes": [7], "residuals": [0.4]}


@pytest.fixture(scope="module")
def study():
    """Features, taxa, distances and folds, index in the order of bags."""
    features, taxa, genetic, taxonomy = coarse_images(31, 3)
    return features, taxa, genetic, deal(genetic, taxonomy)


def deal(genetic, taxonomy, above="family"):
    groups = {"groups": taxonomy[above], "coarsest": taxonomy["subclass"]}
    folds, _ = deal_folds(genetic, genetic.ids, n_folds=3, seed=1, **groups)
    return folds


def embedder(study, variant):
    return make_embedder(study[0], study[1], variant, seed=1, device=CPU)


def alone(taxa):
    """Return a specimen of its own for each image."""
    return pd.Series(taxa.index, taxa.index)


def refits(made, study, permutations=2):
    draws = {"permutations": permutations, "seed": 7}
    return refit_nulls(made, alone(study[1]), study[2], study[3], **draws)


def questions(study):
    distances = study[2].filter(list(study[3].index)).data
    return {question.step: question for question in beyond_ranks(distances, study[3])}


# The score


GROUPS = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 4, 4, 4])
#: Blocks of two by three taxa, one by three, one by one, none, and none held out.
HELD_OUT = np.isin(np.arange(15), [0, 1, 5, 9, 11])


def fold_of(seed, held_out=HELD_OUT):
    rng = np.random.default_rng(seed)
    return Fold(*(tidy(rng.random((15, 15))) for _ in range(2)), held_out)


def departures(matrix, held_out):
    """Return departures within groups by a plain loop, a list a block."""
    found = []
    for group in range(5):
        rows = [i for i in range(15) if GROUPS[i] == group and held_out[i]]
        columns = [i for i in range(15) if GROUPS[i] == group and not held_out[i]]
        if not rows or len(columns) < 2:
            continue
        row_means = {i: sum(matrix[i, j] for j in columns) / len(columns) for i in rows}
        column_means = {j: sum(matrix[i, j] for i in rows) / len(rows) for j in columns}
        mean = sum(row_means.values()) / len(rows)
        for i in rows:
            for j in columns:
                odd = column_means[j] - mean if len(rows) > 1 else 0
                found.append(matrix[i, j] - row_means[i] - odd)
    return found


def test_the_score_is_that_of_departures_within_each_group_and_fold():
    folds = [fold_of(3), fold_of(4, np.arange(15) % 4 == 2)]
    x, y = (
        np.concatenate([departures(fold[which], fold.held_out) for fold in folds])
        for which in (0, 1)
    )
    # Departures have means of zero, so that this is r of them all.
    assert score_within(folds, GROUPS) == pytest.approx(pearsonr(x, y).statistic)


def test_taxa_count_that_have_a_pair_in_some_fold():
    assert count_within([fold_of(3)], GROUPS) == 5 + 4
    assert count_within([fold_of(3), fold_of(4, np.arange(15) == 13)], GROUPS) == 5 + 4 + 3


def test_what_is_outside_the_groups_does_not_matter():
    fold = fold_of(3)
    other = np.random.default_rng(8).random((15, 15))
    outside = GROUPS[:, None] != GROUPS
    moved = fold._replace(visual=np.where(outside, tidy(other), fold.visual))
    assert score_within([moved], GROUPS) == score_within([fold], GROUPS)


def test_how_odd_a_taxon_is_does_not_matter():
    held_out = np.isin(np.arange(15), [0, 1, 5, 6])  # two rows or more in each block
    fold = fold_of(3, held_out)
    odd = 5 * np.random.default_rng(1).random(15)
    moved = fold._replace(visual=fold.visual + odd[:, None] + odd)
    assert score_within([moved], GROUPS) == pytest.approx(score_within([fold], GROUPS))


def test_nothing_is_said_of_single_columns_and_equal_distances():
    assert np.isnan(score_within([fold_of(3)], np.arange(15)))
    assert count_within([fold_of(3)], np.arange(15)) == 0
    assert np.isnan(score_within([fold_of(3, GROUPS == 0)], GROUPS))  # a whole group is held out
    equal = fold_of(3)._replace(genetic=1 - np.eye(15))
    assert np.isnan(score_within([equal], GROUPS))
    both = score_within([equal, fold_of(4)], GROUPS)
    assert both == score_within([fold_of(4)], GROUPS)


def test_steps_that_ask_the_same_are_one():
    above = np.array([3, 3, 1, 1, 4])
    assert list(groups_by_step(np.array([0, 0, 0, 0, 1]), above)) == list(STEPS)
    assert list(groups_by_step(np.array([0, 0, 5, 5, 1]), above)) == ["within_above"]
    assert list(groups_by_step(np.zeros(5), above)) == ["within_above"]
    # A rank above that lumps what the coarsest one splits, by gaps, is another rank still.
    assert list(groups_by_step(np.array([0, 2, 5, 5, 1]), above)) == list(STEPS)
    assert groups_by_step(np.zeros(5), np.zeros(5)) == {}


# Folds


def test_folds_number_the_coarsest_groups_too():
    named = pd.DataFrame({"order": [*"AAABB", None], "family": list("aabccd")}, list("uvwxyz"))
    labels = pd.DataFrame({"species": list("345671")}, list("uvwxyz"))
    ranks = ["order", "family", "species"]
    coarsest = coarsest_groups_of_taxa(named, labels, ranks, "species")
    assert coarsest.dropna().to_dict() == dict(zip("34567", "AAABB", strict=True))
    assert coarsest_groups_of_taxa(named, labels, ["species"], "species").unique() == ["all"]
    genetic, families = simulate_tree(6, 1)[1], pd.Series(list("aabccd"), list("345671"))
    genetic = type(genetic)(genetic.data, list("134567"))
    folds, _ = deal_folds(genetic, genetic.ids, families, 2, 1, coarsest=coarsest)
    assert folds["coarsest_number"].tolist() == [0, 1, 1, 1, 2, 2]  # 1 has a gap
    assert folds["group_number"].tolist() == [0, 1, 1, 2, 3, 3]
    same, _ = deal_folds(genetic, genetic.ids, families, 2, 1)
    assert same["coarsest_number"].equals(same["group_number"])
    assert same[["tips", "clades"]].equals(folds[["tips", "clades"]])


def test_folds_come_back_with_groups(study, tmp_path):
    _, _, genetic, folds = study
    visual, _ = fit_folds(embedder(study, UNGUIDED), genetic, folds)
    write_fold_distances(tmp_path / "held_out.npz", sorted(folds.index), visual)
    shuffled = folds.sample(frac=1, random_state=1)
    back = read_fold_distances(tmp_path / "held_out.npz", genetic, shuffled)["tips"]
    assert list(back[0].groups) == list(STEPS)
    assert back[0].groups["within_above"].tolist() == shuffled["group_number"].tolist()
    names = list(folds.index)
    fold = Fold(genetic.filter(names).data, visual["tips"][0], (folds["tips"] == 1).to_numpy(bool))
    assert score_within(back[:1], shuffled["coarsest_number"].to_numpy()) == pytest.approx(
        score_within([fold], folds["coarsest_number"].to_numpy())
    )


# Nulls


def test_steps_are_asked_of_the_kinds_that_they_allow(study):
    asked = questions(study)
    assert list(asked) == list(STEPS)
    assert asked["within_above"].kinds == ["tips"]  # no family is both held out and known
    assert asked["within_coarsest"].kinds == ["tips", "clades"]
    single = (*study[:3], study[3].assign(group_number=np.arange(31)))
    assert list(questions(single)) == ["within_coarsest"]


@pytest.mark.parametrize("step", STEPS)
def test_bags_change_places_within_groups(study, step):
    question = questions(study)[step]
    orders = [order for _, order in permuted_bags(question, 5, 7)]
    for order in orders:
        assert sorted(order) == list(range(31))
        assert (question.groups[order] == question.groups).all()
    assert len({tuple(order) for order in orders}) == 5
    again = [order for _, order in permuted_bags(question, 6, 7)]
    assert np.array_equal(orders, again[:5])


def test_beyond_chance_bags_change_places_among_all_as_ever(study):
    ((_, order),) = permuted_bags(beyond_chance(study[3]), 1, 7)
    assert np.array_equal(order, np.random.default_rng([7, 2]).permutation(31))


@pytest.mark.parametrize("step", STEPS)
def test_specimens_stay_in_their_group_and_bags_keep_their_sizes(study, step):
    images, question = embedder(study, UNGUIDED).images, questions(study)[step]
    ids = images.ids.get_level_values("id")
    specimens = pd.Series(ids.str.slice(0, -1), ids)  # of up to ten images
    group_of = dict(zip(images.taxa, question.groups, strict=True))
    n_moved = 0
    for _, places in dealt_specimens(question, images, specimens, 3, 7):
        dealt = images.redealt(places)
        assert sorted(places) == list(range(len(ids))) and dealt.sizes == images.sizes
        taxa = pd.Series(np.repeat(images.taxa, images.sizes), dealt.ids.get_level_values("id"))
        groups, own = taxa.map(group_of), study[1].map(group_of)
        assert groups.sort_index().equals(own.sort_index())
        n_moved += (taxa.sort_index() != study[1].sort_index()).sum()
    assert n_moved > 50


def test_refits_within_groups_are_of_such_bags(study):
    features, taxa, genetic, folds = study
    made, step = embedder(study, UNGUIDED), "within_coarsest"
    found = refits(made, study).set_index(["null", "permutation", "kind"])["value"].sort_index()
    question, names = questions(study)[step], np.array(made.bags.taxa)
    ((_, order),) = permuted_bags(question, 1, 7)
    ((_, places),) = dealt_specimens(question, made.images, alone(taxa), 1, 7)
    dealt = pd.Series(
        np.repeat(names, made.images.sizes), made.images.ids.get_level_values("id")[places]
    )
    others = {
        f"permuted_{step}": taxa.map(dict(zip(names, names[order], strict=True))),
        f"dealt_{step}": dealt,
    }
    for null, labels in others.items():
        moved = make_embedder(features, labels, UNGUIDED, seed=1, device=CPU)
        visual, _ = fit_folds(moved, genetic, folds)
        for kind in ("tips", "clades"):
            by_hand = score_within(
                (
                    Fold(genetic.filter(list(names)).data, one, (folds[kind] == k).to_numpy(bool))
                    for k, one in enumerate(visual[kind].astype(float), start=1)
                ),
                folds["coarsest_number"].to_numpy(),
            )
            assert found[null, 1, kind] == pytest.approx(by_hand, abs=1e-5)


def test_nulls_of_a_step_hold_its_score_alone(study):
    found = refits(embedder(study, UNGUIDED), study)
    assert list(found["null"].unique()) == [*NULLS, *sum(NULLS_WITHIN.values(), ())]
    for step in STEPS:
        of_step = found[found["null"].isin(NULLS_WITHIN[step])]
        assert set(zip(of_step["part"], of_step["metric"], strict=True)) == {WITHIN[step]}
        assert len(of_step) == 2 * 2 * len(questions(study)[step].kinds)
    assert not found.loc[found["null"].isin(NULLS), "metric"].str.contains("within").any()


def test_random_vectors_have_permuted_bags_only(study):
    found = refits(embedder(study, UNGUIDED | {"pooling": "random"}), study)
    wanted = ["permuted_bags", *(f"permuted_{step}" for step in STEPS)]
    assert list(found["null"].unique()) == wanted


def test_what_is_trained_is_not_trained_again_for_steps(study, monkeypatch):
    monkeypatch.setattr(Embedder, "fit", lambda *_: None)  # takes long
    assert set(refits(embedder(study, GUIDED), study)["null"]) == set(NULLS)


def test_ridge_is_refitted_as_unguided_vectors_are(study):
    features, taxa, genetic, folds = study
    variant = UNGUIDED | {"guidance": RIDGE}
    images = make_taxon_images(features, taxa, variant, seed=1)
    tree = ridge.place_folds(in_bag_order(genetic, images.bags), folds, RIDGE, 1)
    found = ridge.refit_nulls(images, alone(taxa), tree, permutations=1, seed=7)
    columns = ["null", "permutation", "kind", "part", "metric"]
    assert found[columns].equals(refits(embedder(study, UNGUIDED), study, 1)[columns])
    question, names = tree.questions[2], np.array(images.bags.taxa)
    ((_, order),) = permuted_bags(question, 1, 7)
    renamed = taxa.map(dict(zip(names, names[order], strict=True)))
    moved = make_taxon_images(features, renamed, variant, seed=1)
    visual, _ = ridge.fit_folds(moved.grams(), tree)
    by_hand = score_within(
        (
            Fold(tree.distances, one, (folds["tips"] == k).to_numpy(bool))
            for k, one in enumerate(visual["tips"].astype(float), start=1)
        ),
        question.groups,
    )
    (value,) = found.loc[found["null"] == "permuted_within_above", "value"]
    assert value == pytest.approx(by_hand, abs=1e-5)


# Rows


def test_rows_hold_the_score_of_each_step_and_its_nulls(study):
    _, _, genetic, folds = study
    made = embedder(study, UNGUIDED)
    visual, _ = fit_folds(made, genetic, folds)
    groups = {step: question.groups for step, question in questions(study).items()}
    distances, permuted = genetic.filter(list(folds.index)).data, refits(made, study, 3)
    for kind in ("tips", "clades"):
        of_kind = [
            Fold(distances, one.astype(float), (folds[kind] == k).to_numpy(bool), groups)
            for k, one in enumerate(visual[kind], start=1)
        ]
        null = permuted[permuted["kind"] == kind]
        rows = metrics_table(held_out_rows(kind, of_kind, null, None, 1))
        is_step = rows["metric"].isin([metric for _, metric in WITHIN.values()])
        if kind == "tips":  # the other rows are as they are without steps
            without = [fold._replace(groups={}) for fold in of_kind]
            others = metrics_table(held_out_rows(kind, without, null, None, 1))
            assert rows[~is_step].reset_index(drop=True).equals(others)
        for step in STEPS:
            here = rows[is_step & (rows["metric"] == WITHIN[step][1])]
            (score,) = of_role(here, "score").to_dict("records")
            beside = of_role(here, "expected").set_index("against")
            assert (here["part"] == "held_out_known").all() and here["fold"].isna().all()
            if kind == "clades" and step == "within_above":
                assert np.isnan(score["value"]) and score["n"] == 0 and beside.empty
                assert np.isnan(score["p"])
                continue
            assert score["value"] == score_within(of_kind, groups[step])
            assert (here["n"] == count_within(of_kind, groups[step])).all() and score["n"] > 9
            assert list(beside.index) == list(NULLS_WITHIN[step])
            assert score["p"] == beside["p"].max() and score["n_permutations"] == 3
            for name, row in beside.iterrows():
                values = null.loc[null["null"] == name, "value"]
                assert row["value"] == pytest.approx(values.mean())
                assert row["p"] == p_by_refit(score["value"], values, smaller_is_better=False)
                assert row["ci_low"] < row["value"] < row["ci_high"]


# What the steps tell apart


def p_values(features, taxa, genetic, taxonomy, permutations):
    """Return p of each step, of random tips that ridge has not seen."""
    folds = deal(genetic, taxonomy, "order").assign(clades=pd.NA)
    images = make_taxon_images(features, taxa, UNGUIDED | {"guidance": RIDGE}, seed=1)
    tree = ridge.place_folds(in_bag_order(genetic, images.bags), folds, RIDGE, 1)
    steps = [question for question in tree.questions if question.step is not None]
    visual, _ = ridge.fit_folds(images.grams(), tree)
    true = [
        Fold(tree.distances, one.astype(float), (folds["tips"] == k).to_numpy(bool))
        for k, one in enumerate(visual["tips"], start=1)
    ]
    draws = {"permutations": permutations, "seed": 1}
    null = ridge.refit_nulls(images, alone(taxa), tree._replace(questions=steps), **draws)
    null = null.set_index("null")["value"]
    return {
        question.step: max(
            p_by_refit(score_within(true, question.groups), null[name], smaller_is_better=False)
            for name in question.nulls
        )
        for question in steps
    }


def images_along_the_tree(n_taxa, seed):
    tree, genetic, taxonomy = simulate_tree(n_taxa, seed)
    traits = evolve_traits(tree, 41, 1.0, 0.0, seed).to_numpy()
    rng = np.random.default_rng([seed, 7])
    return *images_of(traits, genetic.ids, rng), genetic, taxonomy


def test_look_along_the_tree_goes_beyond_each_rank_and_means_of_subclasses_do_not():
    along, coarse = (
        p_values(*look(37, 2), permutations=5) for look in (images_along_the_tree, coarse_images)
    )
    assert along == dict.fromkeys(STEPS, 1 / 6) and min(coarse.values()) > 1 / 6


@pytest.mark.slow
def test_the_steps_hold_their_size_and_have_power():
    coarse, along = (
        pd.DataFrame([p_values(*look(37, seed), permutations=19) for seed in range(n)]) <= 0.05
        for look, n in ((coarse_images, 12), (images_along_the_tree, 4))
    )
    assert (coarse.sum() <= 2).all()  # of 12 at 5 %, 3 or more in 2 %
    assert along.all(axis=None)
