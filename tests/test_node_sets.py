"""Sets that are nodes of the taxonomy, coverage over deals, and accuracy by the share answered."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from scipy.stats import betabinom
from visgen.classification.confidence.answered import SHARES, answered_curve
from visgen.classification.confidence.lineage_confidence import measure_lineages
from visgen.classification.confidence.lineage_sets import FLAT, NODES, true_lineages
from visgen.classification.confidence.mean_coverage import Deal, by_group, mean_coverage_range
from visgen.classification.confidence.node_sets import (
    labels_outside,
    node_paths,
    node_ranks,
    node_scores,
)
from visgen.classification.confidence.redeals import REDEALT, ask_redealt, redeal
from visgen.classification.confidence.set_coverage import (
    VALID_MEAN,
    Strangeness,
    coverage_range,
    score_strangeness,
)
from visgen.classification.lineages.known import known_lineages
from visgen.metrics import EXPECTED, SCORE, metrics_table, of_role
from visgen.specimens.splits import calibrates
from visgen.specimens.taxonomy import lineage

RANKS = ["order", "family", "genus"]
ROWS = [
    ("O1", "F1", "G1"),
    ("O1", "F1", "G2"),
    ("O1", "F2", "G3"),
    ("O2", "F3", "G4"),
    ("O2", "F3", "G5"),
    ("O2", None, "G6"),
    ("O3", "F4", None),
]


def taxonomy(rows=ROWS):
    table = pd.DataFrame(rows, columns=RANKS, dtype="str")
    return {rank: lineage(table, RANKS, rank) for rank in RANKS}


def lineages(rows=ROWS):
    above = taxonomy(rows)
    return known_lineages({rank: pd.Index(above[rank].index) for rank in RANKS}, above)


KNOWN = lineages()
NAMES = KNOWN.names.fillna("").to_numpy().tolist()


def drawn(n, seed=1):
    p = softmax(1.5 * np.random.default_rng(seed).normal(size=(n, len(KNOWN))), axis=1)
    return p, p.argmax(axis=1)


def nodes_of(best):
    """Return the nodes above a lineage, fine to coarse, as sets of lineages, by a slow loop."""
    nodes = [{best}]
    for r in reversed(range(3)):
        name = NAMES[best][r]
        if name:
            nodes.append({k for k in range(len(KNOWN)) if NAMES[k][r] == name})
    return [*nodes, set(range(len(KNOWN)))]


def test_scores_are_the_probability_of_the_largest_node_without_the_lineage():
    p, best = drawn(29)
    scores = node_scores(node_paths(p, best, KNOWN), KNOWN)
    for i in range(29):
        for k in range(len(KNOWN)):
            without = [sum(p[i, sorted(node)]) for node in nodes_of(best[i]) if k not in node]
            assert scores[i, k] == pytest.approx(max(without, default=0.0))


@pytest.mark.parametrize("limit", [0.0, 0.2, 0.5, 0.8, 0.97, np.inf])
def test_lineages_no_stranger_than_a_limit_are_the_smallest_node_above_it(limit):
    p, best = drawn(31, seed=2)
    paths = node_paths(p, best, KNOWN)
    sets, finest = node_scores(paths, KNOWN) <= limit, node_ranks(paths, limit, KNOWN)
    for i in range(31):
        nodes = nodes_of(best[i])
        above = [node for node in nodes if sum(p[i, sorted(node)]) > limit] or nodes[-1:]
        assert set(np.flatnonzero(sets[i])) == above[0]
        if finest[i] < 0:
            assert above[0] == nodes[-1]
        else:
            name = NAMES[best[i]][finest[i]]
            assert name
            assert {k for k in range(len(KNOWN)) if NAMES[k][finest[i]] == name} == above[0]


def test_a_node_that_is_the_same_at_two_ranks_has_the_finest():
    best = np.array([NAMES.index(["O1", "F2", "G3"])])
    p = np.full((1, len(KNOWN)), 0.1)
    p[0, best] = 1 - 0.1 * (len(KNOWN) - 1)
    assert node_ranks(node_paths(p, best, KNOWN), 0.3, KNOWN).tolist() == [2]


def test_a_new_species_of_a_known_family_lies_in_its_family():
    p, best = drawn(17, seed=3)
    best[:] = NAMES.index(["O1", "F1", "G1"])
    paths = node_paths(p, best, KNOWN)
    family = KNOWN.taxa["family"].get_loc("F1")
    truth = np.tile([0, family, -1], (17, 1))  # the genus is labelled and was not trained on
    found = labels_outside(paths, truth, np.ones((17, 3), bool), KNOWN)
    assert found == pytest.approx(p[:, best[0]])
    foreign = labels_outside(paths, np.tile([1, 2, -1], (17, 1)), np.ones((17, 3), bool), KNOWN)
    assert foreign == pytest.approx(
        p[:, [NAMES.index(n) for n in NAMES if n[0] == "O1"]].sum(axis=1)
    )


def test_true_lineages_end_at_the_finest_known_taxon():
    at = [KNOWN.taxa[rank].get_loc for rank in RANKS]
    truth = np.array([
        [at[0]("O1"), at[1]("F1"), at[2]("G2")],
        [at[0]("O3"), at[1]("F4"), -1],  # a family without genera
        [at[0]("O1"), at[1]("F1"), -1],  # one of two genera, or a third
        [at[0]("O2"), -1, at[2]("G6")],
        [-1, -1, -1],
    ])  # fmt: skip
    found = true_lineages(truth, KNOWN)
    expected = [["O1", "F1", "G2"], ["O3", "F4", ""], None, ["O2", "", "G6"], None]
    assert found.tolist() == [-1 if name is None else NAMES.index(name) for name in expected]


# Deals: calibration and test specimens that change places.


def pool_of(n=211, seed=5, n_candidates=7):
    rng = np.random.default_rng(seed)
    candidates = rng.random((n, n_candidates))
    truth = rng.integers(n_candidates, size=n)
    return Strangeness(candidates[np.arange(n), truth], truth, candidates)


def test_redealt_coverage_is_that_of_the_sets_of_each_deal():
    pool, specimen = pool_of(n=61), np.random.default_rng(1).permutation(61) + 100
    deals = redeal(pool, specimen, 23, seed=3)
    group = np.array([0, 0, 1, 1, 1, 0, 0])
    for united in (False, True):
        asked = ask_redealt(pool, specimen, deals, group, united=united, confidence=0.8)
        for (first, second), found in zip(deals, asked, strict=True):
            assert len(first) == 23 and len(second) == 38
            limits = []
            for g in (0, 1):
                own = np.sort(pool.own[first][group[pool.truth[first]] == g])
                place = int((len(own) + 1) * 0.2 + 1e-9)
                limits.append(own[-place] if place else np.inf)
            limits = [max(limits)] * 2 if united else limits
            limit = np.array(limits)[group]
            assert found.size.tolist() == (pool.candidates[second] <= limit).sum(axis=1).tolist()
            held = pool.own[second] <= limit[pool.truth[second]]
            assert found.covered.tolist() == held.tolist()
            assert found.deal.test.tolist() == specimen[second].tolist()


def test_deals_do_not_depend_on_the_order_of_the_pool():
    pool, specimen = pool_of(n=31), np.arange(31)
    order = np.random.default_rng(2).permutation(31)
    shuffled = Strangeness(pool.own[order], pool.truth[order], pool.candidates[order])
    once = [set(specimen[first]) for first, _ in redeal(pool, specimen, 11, seed=1)]
    again = [
        set(specimen[order][first]) for first, _ in redeal(shuffled, specimen[order], 11, seed=1)
    ]
    assert once == again


def test_nothing_is_dealt_where_nothing_is_left_to_test():
    pool = pool_of(n=13)
    assert redeal(pool, np.arange(13), 0, seed=1) == redeal(pool, np.arange(13), 13, seed=1) == []


def test_the_range_of_one_deal_is_that_of_the_beta_binomial_law():
    group = np.zeros(200, int)
    deal = Deal(np.arange(97), group[:97], np.arange(97, 200), group[97:])
    found = mean_coverage_range([deal], 0.9, seed=1)
    assert found == pytest.approx(coverage_range([103], [97], 0.9), abs=0.015)
    ranks = 9  # of (97 + 1) · 0.1
    law = betabinom(103, 98 - ranks, ranks)
    assert found == pytest.approx((law.ppf(0.025) / 103, law.ppf(0.975) / 103), abs=0.015)


def test_a_mean_over_deals_of_other_specimens_has_a_narrower_range():
    group = np.zeros(1000, int)
    apart = [
        Deal(np.arange(50) + 200 * i, group[:50], np.arange(50, 200) + 200 * i, group[:150])
        for i in range(5)
    ]
    same = [apart[0]] * 5
    one, mean, copies = (mean_coverage_range(deals, 0.8, 1) for deals in (apart[:1], apart, same))
    assert np.ptp(mean) == pytest.approx(np.ptp(one) / np.sqrt(5), rel=0.15)
    assert np.ptp(copies) == pytest.approx(np.ptp(one), rel=0.15)


def test_deals_by_group_have_their_own_test_specimens():
    rare = np.array([True, False, False])
    pooled = Deal(np.arange(5), np.zeros(5, int), np.array([7, 8, 9]), np.zeros(3, int))
    apart = pooled._replace(
        calibration_group=np.array([0, 0, 0, 1, 1]), test_group=rare.astype(int)
    )
    found = by_group((pooled, apart), FLAT, rare, True)
    assert found["mondrian", "tail"].test.tolist() == [7]
    assert found["conformal", "head"].test.tolist() == [8, 9]
    assert found["mondrian", "tail"].is_usable(0.7) is False  # two specimens, three are needed
    assert found["mondrian", "head"].is_usable(0.75) is True
    assert list(by_group((pooled, apart), FLAT, rare, False)) == [("conformal", "all")]


# Sets of candidates, some of whose specimens no set can hold.


def test_unconditional_coverage_counts_every_test_specimen():
    calibration = Strangeness(np.linspace(0.1, 0.9, 9), np.zeros(9, int))
    candidates = np.array([[0.5, 2.0], [0.95, 0.1], [2.0, 0.3], [np.inf, np.inf]])
    test = Strangeness(np.array([0.5, 0.95, 0.3, np.inf]), np.array([0, 0, 1, -1]), candidates)
    rows, _ = score_strangeness(
        calibration, test, np.zeros(2, bool), names=FLAT, united=False, confidence=0.9, seed=1
    )
    found = of_role(metrics_table(rows), SCORE).set_index("metric")
    # Of taxon 0, which calibrated, one of two is held; of all four also that of taxon 1.
    assert found.loc["coverage", ["value", "n"]].tolist() == [1 / 2, 2]
    assert found.loc["unconditional_coverage", ["value", "n"]].tolist() == [2 / 4, 4]
    assert found.loc["outside", "value"] == 1 / 3


def test_united_sets_hold_what_either_group_asks_for():
    rng = np.random.default_rng(4)
    truth = np.repeat([0, 1], 20)
    own = np.where(truth, rng.random(40) + 1, rng.random(40))
    candidates = 2 * rng.random((31, 2))
    test = Strangeness(candidates[:, 0], np.zeros(31, int), candidates)
    rows, _ = score_strangeness(
        Strangeness(own, truth), test, np.array([False, True]),
        names=NODES, united=True, confidence=0.8, seed=1,
    )  # fmt: skip
    found = of_role(metrics_table(rows), SCORE).set_index(["evaluator", "metric"])["value"]
    limit = np.sort(own[truth == 1])[-4]  # ⌊21 · 0.2⌋
    assert found["mondrian_nodes", "head_coverage"] == (candidates[:, 0] <= limit).mean()
    assert found["mondrian_nodes", "set_size"] == (candidates <= limit).sum(axis=1).mean()


def test_united_sets_need_enough_of_every_group():
    """Else a set is all there is, and holds the truth of the head for sure."""
    rng = np.random.default_rng(8)
    truth = np.repeat([0, 1], [40, 2])
    own, candidates = rng.random(42), rng.random((31, 2))
    test = Strangeness(candidates[:, 0], np.zeros(31, int), candidates)
    rows, omitted = score_strangeness(
        Strangeness(own, truth), test, np.array([False, True]),
        names=NODES, united=True, confidence=0.8, seed=1,
    )  # fmt: skip
    assert {row["evaluator"] for row in rows} == {NODES[0]}
    omitted = [row for row in omitted if row["evaluator"] == NODES[1]]
    assert [row["group"] for row in omitted] == ["all", "head", "tail"]
    assert all(row["reason"].startswith("2 calibration specimens") for row in omitted)


def test_deals_with_too_few_of_a_group_have_no_size_and_no_united_sets():
    pool = pool_of(n=61)
    group = np.array([0, 0, 0, 0, 0, 0, 1])
    deals = redeal(pool, np.arange(61), 23, seed=3)
    n_rare = [(group[pool.truth[first]] == 1).sum() for first, _ in deals]
    few = [n < 4 for n in n_rare]  # ⌊5 · 0.2⌋ = 1
    assert 5 < sum(few) < 45
    apart, united = (
        ask_redealt(pool, np.arange(61), deals, group, united=united, confidence=0.8)
        for united in (False, True)
    )
    assert [np.isnan(found.size).all() for found in apart] == few
    assert len(united) == len(deals) - sum(few)


# Accuracy by the share answered.


def test_the_surest_answers_come_first():
    rng = np.random.default_rng(6)
    sure = rng.random(73)
    right = rng.random(73) < sure
    curve = answered_curve(sure, right).set_index("share")
    order = np.argsort(-sure)
    for share in SHARES:
        n = int(share * 73 + 1e-9)
        assert curve.loc[share, "accuracy"] == pytest.approx(right[order[:n]].mean())
        assert curve.loc[share, "confidence"] == sure[order[n - 1]]
    assert curve.loc[1.0, "n_images"] == 73


def test_answers_as_sure_count_at_their_mean_rate():
    curve = answered_curve(np.full(20, 0.5), np.arange(20) < 5)
    assert curve["accuracy"].to_numpy() == pytest.approx(np.full(len(curve), 0.25))


def test_images_without_a_name_are_not_answered():
    sure = np.append(np.linspace(0.9, 0.3, 13), np.full(7, np.nan))
    curve = answered_curve(sure, np.arange(20) < 11)
    assert curve["share"].max() == 0.65 and curve["n_images"].max() == 13
    assert curve["accuracy"].iloc[-1] == pytest.approx(11 / 13)
    assert answered_curve(np.full(5, np.nan), np.zeros(5, bool)).empty


def test_no_image_makes_no_curve():
    assert answered_curve(np.array([]), np.array([], bool)).empty


# Everything together.


def study(n=241, seed=7, skill=1.5, rows=ROWS[:5], unknown=0):
    """Predictions of two seeds at all ranks, one image a specimen; `unknown` ones are new."""
    above, predictions = taxonomy(rows), {}
    ids = [f"image {i:03d}" for i in range(n)]
    specimens = pd.Series([f"s{i:03d}" for i in range(n)], ids)
    for split in (1, 2):
        rng = np.random.default_rng(seed + split)
        place = rng.integers(len(rows), size=n)
        part = np.where(rng.random(n) < 0.5, "val", "test")
        new = np.flatnonzero(part == "test")[:unknown]
        for r, rank in enumerate(RANKS):
            taxa = pd.Index(above[rank].index)
            truth = np.array([rows[k][r] for k in place], object)
            logits = rng.normal(size=(n, len(taxa)))
            at = taxa.get_indexer(truth)
            logits[np.flatnonzero(at >= 0), at[at >= 0]] += skill
            if rank == "genus":
                truth[new] = "a new genus"
            odds = softmax(logits, axis=1).astype(np.float32)
            labels = {"part": part, "id": ids, "truth": truth, "predicted": taxa[odds.argmax(1)]}
            table = pd.concat([pd.DataFrame(labels), pd.DataFrame(odds, columns=taxa)], axis=1)
            predictions[split, rank] = table
    n_train = {
        (split, rank): pd.Series(np.arange(len(above[rank])) + 10, above[rank].index)
        for split in (1, 2)
        for rank in RANKS
    }
    return predictions, above, specimens, n_train


def measured(tail=12, confidence=0.8, **options):
    return measure_lineages(*study(**options), tail=tail, confidence=confidence, simulations=20)


@pytest.fixture(scope="module")
def result():
    return measured()


def test_a_rank_at_which_the_answer_has_no_name_is_still_scored():
    predictions, above, specimens, n_train = study(skill=30.0, rows=ROWS)
    for seed in (1, 2):  # one specimen of F4, which has no genus, is labelled as one
        table = predictions[seed, "genus"]
        at = table.index[(table["part"] == "test") & table["truth"].isna()][0]
        table.loc[at, "truth"] = "G1"
    found = measure_lineages(
        predictions, above, specimens, n_train, tail=1, confidence=0.8, simulations=7
    )
    scores = metrics_table(found.scores)
    assert scores.loc[scores["metric"].isin(["ece", "brier"]), "value"].notna().all()


def test_a_specimen_in_two_parts_of_a_given_split_is_dealt_once():
    predictions, above, specimens, n_train = study()
    predictions = {key: table for key, table in predictions.items() if key[0] == 1}
    table = predictions[1, "genus"]
    ids = {part: table.loc[table["part"] == part, "id"].tolist() for part in ("val", "test")}
    calibrating = [i for i in ids["val"] if calibrates(specimens.loc[[i]]).all()]
    specimens[ids["test"][:11]] = specimens[calibrating[:11]].to_numpy()
    found = measure_lineages(predictions, above, specimens, n_train, tail=12, confidence=0.8)
    scores = of_role(metrics_table(found.scores), SCORE)
    n = scores[(scores["part"] == REDEALT) & (scores["metric"] == "coverage")]["n"]
    assert (n == len(ids["test"]) - 11).all()


def test_every_answer_is_a_lineage_with_its_probabilities(result):
    answers, known = result.answers, {tuple(row) for row in ROWS[:5]}
    assert set(map(tuple, answers[RANKS].to_numpy())) <= known
    odds = answers[[f"p:{rank}" for rank in RANKS]].to_numpy()
    assert (np.diff(odds, axis=1) <= 1e-6).all()  # a genus is no likelier than its family
    predictions, *_ = study()
    for seed in (1, 2):
        test = predictions[seed, "genus"].query("part == 'test'")["id"].tolist()
        assert answers.loc[answers["seed"] == seed, "id"].tolist() == test


def test_the_trusted_taxon_is_one_of_the_lineage(result):
    named = result.answers.dropna(subset="trusted_rank")
    assert len(named) > 0 and set(named["trusted_rank"]) <= set(RANKS)
    for _, row in named.iterrows():
        assert row["trusted_taxon"] == row[row["trusted_rank"]]


def test_named_shares_are_those_of_the_answers(result):
    """The single table of images and the scores of specimens tell the same."""
    scores = of_role(metrics_table(result.scores), SCORE)
    kind = scores[(scores["evaluator"] == NODES[1]) & (scores["seed"] == 1)]
    answers = result.answers[result.answers["seed"] == 1]
    place = answers["trusted_rank"].map(RANKS.index, na_action="ignore").fillna(-1)
    for r, rank in enumerate(RANKS):
        row = kind[(kind["rank"] == rank) & (kind["metric"] == "named")].iloc[0]
        assert row["value"] == pytest.approx((place >= r).mean())
    depth = kind[kind["metric"] == "depth"].iloc[0]["value"]
    assert depth == pytest.approx((place + 1).mean())


def test_sets_hold_what_they_promise_over_deals(result):
    scores = metrics_table(result.scores)
    redealt = scores[scores["part"] == REDEALT]
    ranges = of_role(redealt, EXPECTED, VALID_MEAN).set_index(["evaluator", "metric"])
    means = of_role(redealt, SCORE).groupby(["evaluator", "metric"])["value"].mean()
    for metric in ("coverage", "head_coverage", "tail_coverage"):
        low, high = ranges.loc[(FLAT[1], metric), ["ci_low", "ci_high"]]
        assert low - 0.01 < means[FLAT[1], metric] < high + 0.01
        low = ranges.loc[(NODES[1], metric), "ci_low"]
        assert low - 0.01 < means[NODES[1], metric]
    low, high = ranges.loc[(FLAT[0], "coverage"), ["ci_low", "ci_high"]]
    assert low == pytest.approx(0.8, abs=0.02) and low < high < low + 0.03
    assert (of_role(redealt, SCORE)["n_permutations"] == 50).all()


def test_new_taxa_are_held_by_nodes_alone():
    scores = of_role(metrics_table(measured(unknown=41, skill=3.0).scores), SCORE)
    mean = scores[scores["rank"] == "all"].groupby(["evaluator", "metric"])["value"].mean()
    n = scores[scores["rank"] == "all"].groupby(["evaluator", "metric"])["n"].min()
    assert n[FLAT[0], "unconditional_coverage"] == n[FLAT[0], "coverage"] + 41
    assert mean[FLAT[0], "unconditional_coverage"] < mean[FLAT[0], "coverage"] - 0.15
    assert mean[NODES[0], "unconditional_coverage"] > mean[FLAT[0], "unconditional_coverage"] + 0.03


def test_new_families_without_a_genus_are_test_specimens_too():
    predictions, *known = study(skill=3.0)
    test = np.flatnonzero(predictions[1, "genus"]["part"] == "test")
    for seed in (1, 2):
        rows = np.flatnonzero(predictions[seed, "genus"]["part"] == "test")[:41]
        predictions[seed, "family"].loc[rows, "truth"] = "a new family"
        predictions[seed, "genus"].loc[rows, "truth"] = None
    found = measure_lineages(predictions, *known, tail=1, confidence=0.8, simulations=7)
    scores = of_role(metrics_table(found.scores), SCORE)
    scores = scores[(scores["seed"] == 1) & (scores["part"] == "test") & (scores["rank"] == "all")]
    n = scores.set_index(["evaluator", "metric"])["n"]
    assert n[FLAT[0], "unconditional_coverage"] == n[FLAT[0], "coverage"] + 41 == len(test)


def test_seeds_with_one_rank_have_no_joint_answer():
    predictions, above, specimens, n_train = study()
    genera = {key: table for key, table in predictions.items() if key[1] == "genus"}
    found = measure_lineages(genera, above, specimens, n_train, tail=12, confidence=0.8)
    assert found.scores == [] and found.answers.empty and found.answered.empty


def test_too_few_calibration_specimens_name_nothing():
    found = measured(n=19, confidence=0.95)
    assert found.answers["trusted_rank"].isna().all()
    assert any(
        "calibration specimens, confidence 0.95 needs 19" in r["reason"] for r in found.omitted
    )


def test_calibration_specimens_are_one_a_specimen_of_the_calibrating_half():
    predictions, above, specimens, n_train = study()
    found = measure_lineages(predictions, above, specimens, n_train, tail=1, confidence=0.8)
    scores = of_role(metrics_table(found.scores), SCORE)
    n = scores[(scores["metric"] == "n_calibration") & (scores["seed"] == 1)]["value"].iloc[0]
    part = predictions[1, "genus"].set_index("id")["part"]
    assert n == (calibrates(specimens) & (part == "val").to_numpy()).sum()
