"""Joint lineages: which there are, what each rank says of them, weights, decisions."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad
from scipy.special import softmax
from visgen.classification.lineages import weights as weighing
from visgen.classification.lineages.answering import answer_jointly, rank_tables
from visgen.classification.lineages.deciding import least_costly, most_probable
from visgen.classification.lineages.joint import FLOOR, joint_logs, log_terms, marginals
from visgen.classification.lineages.known import known_lineages
from visgen.classification.lineages.weights import fit_weights
from visgen.classification.scores.lineages import impossible
from visgen.classification.scores.mistakes import lca_heights
from visgen.specimens.splits import calibrates
from visgen.specimens.taxonomy import lineage

RANKS = ["order", "family", "genus"]
ROWS = [
    ("O1", "F1", "G1"),
    ("O1", "F1", "G2"),
    ("O1", "F2", "G3"),
    ("O2", "F3", "G4"),
    ("O2", "F3", "G5"),
    ("O2", None, "G6"),  # a genus without a family
    ("O3", "F4", None),  # a family without a genus
    ("O1", "F1", None),  # a family whose genera are known: no lineage of its own
]


def taxonomy(rows=ROWS, ranks=RANKS):
    table = pd.DataFrame(rows, columns=list(ranks), dtype="str")
    above = {rank: lineage(table, list(ranks), rank) for rank in ranks}
    return above, {rank: pd.Index(above[rank].index) for rank in ranks}


def lineages(rows=ROWS, ranks=RANKS):
    above, taxa = taxonomy(rows, ranks)
    return known_lineages(taxa, above)


def odds_of(known, n_images, seed=1, sharp=1.0):
    rng = np.random.default_rng(seed)
    return {
        rank: softmax(sharp * rng.normal(size=(n_images, len(taxa))), axis=1)
        for rank, taxa in known.taxa.items()
    }


def test_lineages_are_the_taxa_without_finer_ones():
    names = lineages().names.fillna("–").to_numpy().tolist()
    assert names == [
        ["O1", "F1", "G1"],
        ["O1", "F1", "G2"],
        ["O1", "F2", "G3"],
        ["O2", "F3", "G4"],
        ["O2", "F3", "G5"],
        ["O2", "–", "G6"],
        ["O3", "F4", "–"],
    ]


def test_taxa_that_were_not_trained_on_are_in_no_lineage():
    above, taxa = taxonomy()
    taxa["genus"] = taxa["genus"].drop(["G3", "G6"])
    taxa["order"] = taxa["order"].drop("O3")
    names = known_lineages(taxa, above).names.fillna("–").to_numpy().tolist()
    assert ["O1", "F2", "–"] in names and ["–", "F4", "–"] in names
    assert not any("G3" in row or "G6" in row or "O3" in row for row in names)
    # What G6 stood for has no name left but that of its order, which has finer taxa.
    assert len(names) == 6


def test_two_species_of_a_genus_never_differ_above_it():
    # By itself, species b would be of family F2: two images against one.
    rows = [("F1", "G", "a")] * 5 + [("F2", "G", "b")] * 2 + [("F1", "G", "b")]
    names = lineages(rows, ["family", "genus", "species"]).names
    assert names.loc[names["species"].notna(), "family"].tolist() == ["F1", "F1"]


def test_no_lineage_is_impossible_whatever_the_labels_say():
    contradictory = [("F1", "G", "a")] * 5 + [("F2", "G", "b")] * 2 + [("F1", "G", "b")]
    above, taxa = taxonomy(contradictory, ["family", "genus", "species"])
    assert not impossible(known_lineages(taxa, above).names, above).any()
    above, taxa = taxonomy()
    taxa["order"] = taxa["order"].drop("O3")  # no image of F4 in training has its order
    assert not impossible(known_lineages(taxa, above).names, above).any()
    wrong = pd.DataFrame([["F2", "G", "a"]], columns=["family", "genus", "species"])
    assert impossible(wrong, taxonomy(contradictory, list(wrong))[0]).all()


def test_terms_are_logarithms_floored_at_a_hundredth_of_chance():
    known = lineages(ROWS[:5])
    odds = odds_of(known, 3)
    odds["genus"][1, 2] = 0.0
    terms = log_terms(odds, known)
    for i in range(3):
        for r, rank in enumerate(RANKS):
            for k, name in enumerate(known.names[rank]):
                p = odds[rank][i, known.taxa[rank].get_loc(name)]
                expected = np.log(max(p, FLOOR / len(known.taxa[rank])))
                assert terms[i, r, k] == pytest.approx(expected, rel=1e-5)


def floored(odds):
    return np.log(np.maximum(odds, FLOOR / odds.shape[1]))


def test_a_lineage_with_a_gap_is_compared_at_the_ranks_that_it_shares():
    known = lineages()
    complete = np.flatnonzero((known.places >= 0).all(axis=1))
    odds = odds_of(known, 23, sharp=2.0)
    total = log_terms(odds, known).sum(axis=1)
    for i in range(23):
        best = complete[total[i, complete].argmax()]
        for gappy, shared in ((5, [0, 2]), (6, [0, 1])):
            own, other = (
                sum(floored(odds[RANKS[r]])[i, known.places[k, r]] for r in shared)
                for k in (gappy, best)
            )
            assert total[i, gappy] - total[i, best] == pytest.approx(own - other, abs=1e-4)


def test_where_no_lineage_is_complete_a_gap_gets_the_most_that_a_taxon_has():
    rows = [("O1", None, "G1"), ("O2", "F2", None)]
    known = lineages(rows)
    odds = {"order": np.array([[0.5, 0.5]]), "family": np.ones((1, 1)), "genus": np.ones((1, 1))}
    assert np.allclose(log_terms(odds, known).sum(axis=1), np.log(0.5))


def test_joint_probabilities_are_the_weighted_product():
    known = lineages(ROWS[:5])
    odds, weights = odds_of(known, 7), np.array([0.3, 1.1, 0.0])
    p = np.exp(joint_logs(log_terms(odds, known), weights))
    for i in range(7):
        product = np.array([
            np.prod([odds[RANKS[r]][i, row[r]] ** weights[r] for r in range(3)])
            for row in known.places
        ])  # fmt: skip
        assert p[i] == pytest.approx(product / product.sum(), rel=1e-4)


def test_marginals_are_sums_over_the_lineages_of_a_taxon():
    known = lineages()
    p = softmax(np.random.default_rng(2).normal(size=(5, len(known))), axis=1)
    found = marginals(p, known)
    assert found["order"].sum(axis=1) == pytest.approx(np.ones(5))
    assert found["family"].sum(axis=1) == pytest.approx(1 - p[:, 5])  # G6 has no family
    assert found["family"][:, 0] == pytest.approx(p[:, 0] + p[:, 1])


def test_equal_weights_where_nothing_is_known():
    known = lineages(ROWS[:5])
    terms = log_terms(odds_of(known, 4), known)
    found = fit_weights(terms, np.full((4, 3), -1), known, np.arange(4))
    assert found.n == 0 and found.temperature == 1
    assert found.shares.tolist() == [1 / 3] * 3


def planted(n, exponents, seed=3):
    """Images whose truth is drawn from the joint probabilities under some exponents."""
    known = lineages(ROWS[:5])
    terms = log_terms(odds_of(known, n, seed, sharp=2.0), known)
    p = np.exp(joint_logs(terms, np.asarray(exponents)))
    drawn = (p.cumsum(axis=1) < np.random.default_rng(seed).random(n)[:, None]).sum(axis=1)
    return known, terms, known.places[np.minimum(drawn, len(known) - 1)]


@pytest.mark.parametrize("exponents", [(1.0, 0.2, 0.6), (0.1, 2.0, 1.0)])
def test_weights_are_found_again(exponents):
    known, terms, truth = planted(5003, exponents)
    found = fit_weights(terms, truth, known, np.arange(len(truth)))
    assert found.exponents == pytest.approx(exponents, abs=0.2)
    assert found.shares.sum() == pytest.approx(1)
    assert found.n == 5003


def test_ranks_that_say_the_opposite_count_next_to_nothing():
    known = lineages(ROWS[:5])
    truth = known.places[np.arange(5003) % 5]
    odds = odds_of(known, 5003)
    for r, rank in enumerate(RANKS):  # the true taxon is always the least probable one
        odds[rank][np.arange(5003), truth[:, r]] = 1e-6
    found = fit_weights(log_terms(odds, known), truth, known, np.arange(5003))
    assert np.isfinite(found.exponents).all() and (found.exponents < 0.01).all()
    assert found.shares.sum() == pytest.approx(1)


def test_few_specimens_that_are_all_right_make_nothing_sure():
    known = lineages(ROWS[:5])
    terms = log_terms(odds_of(known, 7, sharp=0.5), known)
    best = joint_logs(terms, np.ones(3)).argmax(axis=1)
    found = fit_weights(terms, known.places[best], known, np.arange(7))
    assert 0.05 < found.temperature < 1  # 0.01, the least, without the penalty


def test_few_specimens_leave_the_ranks_nearly_alike():
    known, terms, truth = planted(5, (2.0, 0.0, 0.0))
    few = fit_weights(terms, truth, known, np.arange(5)).shares
    assert np.ptp(few) < 0.3


def test_every_specimen_counts_once():
    known, terms, truth = planted(40, (0.5, 0.5, 0.5))
    once = fit_weights(terms, truth, known, np.arange(40))
    again = np.concatenate([np.arange(40), np.full(30, 7)])
    many = fit_weights(terms[again], truth[again], known, again)
    assert many.exponents == pytest.approx(once.exponents, rel=1e-3)


def test_images_known_at_some_ranks_count_at_these():
    known, terms, truth = planted(301, (1.0, 1.0, 1.0))
    coarse = truth.copy()
    coarse[:, 2] = -1
    found = fit_weights(terms, coarse, known, np.arange(301))
    assert found.n == 301
    truth[:, :] = coarse  # nothing else was looked at
    again = fit_weights(terms, truth, known, np.arange(301))
    assert again.exponents.tolist() == found.exponents.tolist()


def test_the_slope_of_the_loss_is_its_slope(monkeypatch):
    known, terms, truth = planted(17, (1.0, 0.5, 0.2))
    truth[3, 2], truth[5, 1] = -1, -1
    seen = {}

    def keep(fun, x0, **options):
        seen["fun"] = fun
        return original(fun, x0, **options)

    original = weighing.minimize
    monkeypatch.setattr(weighing, "minimize", keep)
    fit_weights(terms, truth, known, np.arange(17) // 2)
    at = np.array([1.3, 0.4, 0.9])
    error = check_grad(lambda x: seen["fun"](x)[0], lambda x: seen["fun"](x)[1], at)
    assert error < 1e-4


def test_least_cost_is_that_of_the_matrix_of_heights():
    known = lineages(ROWS[:5])
    above, _ = taxonomy(ROWS[:5])
    p = softmax(0.5 * np.random.default_rng(5).normal(size=(61, 5)), axis=1)
    genus = known.names["genus"]
    cost = np.array([
        lca_heights(genus, pd.Series([name] * 5), above["genus"]) for name in genus
    ])  # fmt: skip
    expected = (p @ cost.T).argmin(axis=1)
    assert least_costly(marginals(p, known), known).tolist() == expected.tolist()
    assert (expected != most_probable(np.log(p))).any()  # else nothing is tested


def study(seed=7, n=83, rows=ROWS, n_views=2):
    """Predictions at all ranks, specimens with two images each, and the taxonomy."""
    above, taxa = taxonomy(rows)
    rng = np.random.default_rng(seed)
    specimen = np.repeat(np.arange(n), n_views)
    place = rng.integers(len(rows), size=n)[specimen]
    tables = {}
    for r, rank in enumerate(RANKS):
        truth = pd.Series([rows[k][r] for k in place], dtype="str")
        logits = rng.normal(size=(len(truth), len(taxa[rank])))
        at = taxa[rank].get_indexer(truth)
        logits[np.flatnonzero(at >= 0), at[at >= 0]] += 1.5
        odds = softmax(logits, axis=1).astype(np.float32)
        table = pd.DataFrame({"part": np.where(specimen % 2, "val", "test")})
        table["id"] = [f"image {i:03d}" for i in range(len(truth))]
        table["truth"], table["predicted"] = truth, taxa[rank][odds.argmax(axis=1)]
        tables[rank] = pd.concat([table, pd.DataFrame(odds, columns=taxa[rank])], axis=1)
    names = pd.Series([f"s{i}" for i in specimen], tables["order"]["id"])
    return tables, names, above


def test_best_and_cheapest_lineages_never_contradict_themselves():
    tables, specimens, above = study()
    answers = answer_jointly(tables, above, specimens)
    alone = pd.DataFrame({rank: table["predicted"] for rank, table in tables.items()})
    assert impossible(alone, above).mean() > 0.2
    for named in (answers.best, answers.cheapest):
        found = rank_tables(answers, tables, named)
        together = pd.DataFrame({rank: table["predicted"] for rank, table in found.items()})
        assert not impossible(together, above).any()


def test_joint_answers_are_more_often_right_where_ranks_err_apart():
    tables, specimens, above = study(n=401)
    answers = answer_jointly(tables, above, specimens)
    for rank, table in rank_tables(answers, tables, answers.best).items():
        known = table["truth"].notna()
        right = (table["predicted"] == table["truth"])[known].mean()
        alone = (tables[rank]["predicted"] == tables[rank]["truth"])[known].mean()
        assert right > alone + 0.05


def test_weights_do_not_see_test_and_calibration_specimens():
    tables, specimens, above = study()
    first = answer_jointly(tables, above, specimens)
    part = tables["order"]["part"].to_numpy()
    half = calibrates(specimens.loc[tables["order"]["id"]]).to_numpy()
    changed = {}
    for rank, table in tables.items():
        truth = table["truth"].where((part == "val") & ~half, table["truth"].iloc[0])
        changed[rank] = table.assign(truth=truth)
    again = answer_jointly(changed, above, specimens)
    assert again.weights.exponents.tolist() == first.weights.exponents.tolist()
    assert again.best.tolist() == first.best.tolist()
    assert first.weights.n == specimens[(part == "val") & ~half].nunique()


def test_a_lineage_that_ends_early_names_nothing_below():
    tables, specimens, above = study()
    answers = answer_jointly(tables, above, specimens)
    genera = rank_tables(answers, tables, answers.best)["genus"]["predicted"]
    ends = answers.lineages.names["genus"].isna().to_numpy()[answers.best]
    assert ends.any() and genera.isna().tolist() == ends.tolist()


def test_summed_probabilities_name_the_largest():
    tables, specimens, above = study()
    answers = answer_jointly(tables, above, specimens)
    found = rank_tables(answers, tables, None)["family"]
    taxa = answers.lineages.taxa["family"]
    assert found["predicted"].tolist() == taxa[found[taxa].to_numpy().argmax(axis=1)].tolist()
    assert found["truth"].equals(tables["family"]["truth"])


def test_ranks_with_other_images_are_refused():
    tables, specimens, above = study()
    tables["genus"] = tables["genus"].iloc[::-1].reset_index(drop=True)
    with pytest.raises(
        ValueError, match="genus: predictions hold other images than those at order"
    ):
        answer_jointly(tables, above, specimens)
