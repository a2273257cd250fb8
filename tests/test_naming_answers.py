from functools import cache

import numpy as np
import pandas as pd
import pytest
from naming_study import (
    RANKS,
    by_prior,
    centres,
    draw,
    labelled_study,
    lineages_of,
)
from visgen.naming.answering import Answers, Asked, answer, deepest_rank, finest_named
from visgen.naming.model import learn_names
from visgen.naming.novelty import KNOWN, NO_SUCH, levels
from visgen.naming.parts import Said
from visgen.naming.tabulating import NEAREST, finest_names, tabulate
from visgen.prior.relatives import taxonomy_steps
from visgen.specimens.columns import check_ranks
from visgen.specimens.taxonomy import lineage
from visgen.tables import read_table, write_table

ASKED = Asked(0.9, 0.05, None)
COLUMNS = [
    *("specimen", "trusted_rank", "trusted_taxon", "novelty", "novelty_p", "novelty_score"),
    *("family", "p:family", "genus", "p:genus", "species", "p:species", "set_size", "set"),
    *(f"{what}_{k}" for k in range(1, NEAREST + 1) for what in ("nearest", "taxon", "distance")),
]
RELATIVES = ["relative", "relative_low", "relative_high"]


@cache
def learned():
    """Return a model with a tree of species."""
    labelled = labelled_study()
    lineages = lineages_of(labelled)
    steps = taxonomy_steps(lineage(labelled.taxa, RANKS, "species"))
    tree = pd.DataFrame(steps.data, pd.Index(steps.ids, name="species"), steps.ids)
    return learn_names(labelled, by_prior(labelled, lineages), tree, seed=1)[0]


def asked_about(n=3):
    """Return features of images, and the number of the specimen of each: one to three images."""
    features, labels = draw(*centres(), [n] * 12, seed=2)
    code = pd.factorize(labels["specimen"])[0]
    return features.to_numpy(), code


def answers_of(odds, in_set=None, verdict=None, node=None):
    """Return answers made up by hand of the learned model."""
    model, n = learned(), len(odds)
    looks = np.random.default_rng(3).normal(size=(n, model.gallery.looks.shape[1]))
    to_taxa = np.arange(float(n * 12)).reshape(n, 12)[:, ::-1]
    return Answers(
        Said({}, looks, to_taxa, np.full(n, 5.0)),
        odds,
        odds.argmax(axis=1),
        np.full(n, 0.25),
        np.full(n, 2) if node is None else np.array(node),
        np.zeros((n, 12), bool) if in_set is None else in_set,
        np.array([KNOWN] * n if verdict is None else verdict, object),
        np.linspace(0, 1, n),
    )


def odds_of(*rows):
    """Return odds of twelve lineages of which some are given."""
    found = np.zeros((len(rows), 12))
    for i, row in enumerate(rows):
        found[i, list(row)] = list(row.values())
    return found


def test_columns_are_as_documented_and_come_back_from_a_file(tmp_path):
    x, code = asked_about()
    names = [f"specimen {i:02d}" for i in range(36)]
    without = learned()._replace(placement=None)
    table = tabulate(without, answer(without, x, code, ASKED), names, ASKED)
    assert list(table) == COLUMNS
    table = tabulate(learned(), answer(learned(), x, code, ASKED), names, ASKED)
    assert list(table) == COLUMNS + RELATIVES
    only = Asked(0.9, 0.05, np.arange(12) < 7)
    restricted = tabulate(learned(), answer(learned(), x, code, only), names, only)
    assert list(restricted) == [*COLUMNS, *RELATIVES, "ruled_out"]
    write_table(tmp_path / "specimens.tsv", restricted)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "specimens.tsv"), restricted, check_dtype=False
    )


@pytest.mark.parametrize(
    "column", [c for c in COLUMNS if c not in RANKS and not c.startswith("p:")] + RELATIVES
)
def test_no_rank_can_have_the_name_of_another_column(column):
    for rank in (column, "n_images", "oddities", "ruled_out"):
        with pytest.raises(ValueError, match=f"a rank cannot be called '{rank}'"):
            check_ranks(["family", rank])


def test_probabilities_are_those_of_the_taxa_of_the_most_probable_lineage():
    answers = answers_of(odds_of({0: 0.4, 1: 0.3, 4: 0.2, 7: 0.1}, {9: 0.35, 7: 0.4, 8: 0.25}))
    table = tabulate(learned(), answers, ["a", "b"], ASKED)
    assert table[RANKS].to_numpy().tolist() == [["F0", "G00", "G00 s0"], ["F1", "G10", "G10 s1"]]
    found = table[[f"p:{rank}" for rank in RANKS]].to_numpy()
    assert found == pytest.approx(np.array([[0.9, 0.7, 0.4], [1.0, 0.65, 0.4]]))


def test_sets_are_written_most_probable_first_and_counted():
    in_set = np.zeros((3, 12), bool)
    in_set[0, [1, 5, 6]] = in_set[1, 2] = True
    answers = answers_of(odds_of({1: 0.2, 5: 0.5, 6: 0.3}, {2: 1.0}, {0: 0.6, 1: 0.4}), in_set)
    table = tabulate(learned(), answers, ["a", "b", "c"], ASKED)
    assert table["set"].fillna("–").tolist() == ["G01 s2; G10 s0; G00 s1", "G00 s2", "–"]
    assert table["set_size"].tolist() == [3, 1, 0]


def test_a_long_set_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr("visgen.naming.tabulating._WRITTEN", 2)
    in_set = np.arange(12)[None] < 5
    table = tabulate(learned(), answers_of(odds_of({3: 0.6, 1: 0.4}), in_set), ["a"], ASKED)
    assert table["set"].tolist() == ["G01 s0; G00 s1; and 3 more"]
    assert table["set_size"].tolist() == [5]


def test_the_trusted_taxon_is_the_name_at_the_trusted_rank():
    answers = answers_of(odds_of(*[{5: 1.0}] * 4), node=[2, 1, 0, -1])
    table = tabulate(learned(), answers, list("abcd"), ASKED)
    assert table["trusted_rank"].fillna("–").tolist() == ["species", "genus", "family", "–"]
    assert table["trusted_taxon"].fillna("–").tolist() == ["G01 s2", "G01", "F0", "–"]


def test_of_a_new_genus_no_genus_is_trusted():
    words = np.array([*levels(RANKS), NO_SUCH, None], object)
    assert deepest_rank(words, RANKS).tolist() == [2, 1, 0, -1, -1, 2]


def test_a_verdict_cuts_the_trusted_rank(monkeypatch):
    x, code = asked_about()
    calm = Asked(0.9, 1e-3, None)  # too few specimens to call anything new
    plain = answer(learned(), x, code, calm)
    assert not plain.verdict.any() and (plain.node == 2).mean() > 0.8
    words = np.resize(np.array([*levels(RANKS), NO_SUCH, None], object), 36)
    monkeypatch.setattr("visgen.naming.answering.verdicts", lambda *_: (words, np.zeros(36)))
    cut = answer(learned(), x, code, ASKED)
    assert np.array_equal(cut.node, np.minimum(plain.node, np.resize([2, 1, 0, -1, -1, 2], 36)))


def test_a_new_species_of_no_genus_is_trusted_where_its_lineage_has_a_name():
    model = learned()
    places = model.lineages.places.copy()
    places[3, 1] = -1  # a family and a species, no genus
    places[4, :2] = -1
    lineages = type(model.lineages)(model.lineages.names, places, model.lineages.taxa)
    rank = np.array([2, 1, 0, -1, 1, 2, 1])
    best = np.array([3, 3, 3, 3, 4, 4, 5])
    assert finest_named(best, rank, lineages).tolist() == [2, 0, 0, -1, -1, 2, 1]


def test_the_nearest_known_specimens_stand_beside():
    model = learned()
    x, code = asked_about(1)
    answers = answer(model, x, code, ASKED)
    table = tabulate(model, answers, range(12), ASKED)
    looks = answers.said.looks / np.linalg.norm(answers.said.looks, axis=1, keepdims=True)
    far = 1 - looks @ model.gallery.looks.T
    for k in range(1, 6):
        position = far.argsort(axis=1)[:, k - 1]
        assert table[f"nearest_{k}"].tolist() == model.gallery.taxa.index[position].tolist()
        assert table[f"taxon_{k}"].tolist() == model.gallery.taxa["species"].iloc[position].tolist()
        expected = far[np.arange(12), position]
        assert table[f"distance_{k}"].to_numpy() == pytest.approx(expected, abs=1e-6)


def test_a_small_gallery_is_shown_whole():
    model = learned()
    few = model.gallery._replace(looks=model.gallery.looks[:2], taxa=model.gallery.taxa.iloc[:2])
    table = tabulate(model._replace(gallery=few), answers_of(odds_of({0: 1.0})), ["a"], ASKED)
    assert "nearest_2" in table and "nearest_3" not in table


def test_the_finest_name_is_the_last_that_is_there():
    taxa = pd.DataFrame([("A", "B", "C"), ("A", "B", None), ("A", None, None)], dtype="str")
    assert finest_names(taxa).tolist() == ["C", "B", "A"]


def test_relatives_are_told_but_of_no_such_specimen():
    model = learned()
    verdict = [KNOWN, "new species", None, NO_SUCH]
    answers = answers_of(odds_of(*[{5: 1.0}] * 4), verdict=verdict)
    table = tabulate(model, answers, list("abcd"), ASKED)
    nearest = model.placement.tips[answers.said.to_taxa.argmin(axis=1)]
    assert table["relative"].fillna("–").tolist() == [*nearest[:3], "–"]
    # Of 84 known specimens each looks like its own; new ones are as far as eleven of twelve.
    of_new = np.sort(model.placement.of_new)[-1]  # ⌊13 · 0.1⌋ = 1
    assert table["relative_high"].tolist()[:3] == [0, of_new, of_new]
    assert table["relative_low"].tolist()[:3] == [0, 0, 0]
    assert table.loc[3, RELATIVES].isna().all()


def test_a_restriction_renormalises_and_says_what_it_ruled_out():
    x, code = asked_about()
    allowed = np.arange(12) % 3 > 0
    free = answer(learned(), x, code, ASKED)
    found = answer(learned(), x, code, Asked(0.9, 0.05, allowed))
    left = free.odds[:, allowed].sum(axis=1, keepdims=True)
    assert found.taken == pytest.approx(1 - left[:, 0])
    assert found.odds[:, allowed] == pytest.approx(free.odds[:, allowed] / left)
    assert (found.odds[:, ~allowed] == 0).all()
    assert allowed[found.best].all() and not found.in_set[:, ~allowed].any()
    # What is said of novelty is of all that is known.
    assert np.array_equal(found.novelty, free.novelty)
    assert np.array_equal(found.verdict, free.verdict)
    of_ruled_out = ~allowed[free.best]
    assert found.taken[of_ruled_out].min() > 0.5 > found.taken[~of_ruled_out].max()
    table = tabulate(learned(), found, range(36), Asked(0.9, 0.05, allowed))
    assert table["ruled_out"].to_numpy() == pytest.approx(found.taken)


def test_a_set_holds_what_is_as_probable_as_the_calibration_says():
    x, code = asked_about()
    found = answer(learned(), x, code, ASKED)
    limit = np.sort(learned().calibration.flat)
    l = int((len(limit) + 1) * 0.1 + 1e-9)  # noqa: E741
    assert np.array_equal(found.in_set, -found.odds <= limit[-l])
    assert found.in_set.any()


def test_a_specimen_of_several_images_is_named_by_its_mean_image():
    """By a prior: densities are of the mean image."""
    x, code = asked_about()
    assert np.bincount(code).max() == 3
    means = np.stack([x[code == i].mean(axis=0) for i in range(36)])
    whole = answer(learned(), x, code, ASKED)
    of_means = answer(learned(), means, np.arange(36), ASKED)
    assert whole.odds == pytest.approx(of_means.odds, abs=1e-5)
    assert whole.novelty == pytest.approx(of_means.novelty, abs=1e-3)
