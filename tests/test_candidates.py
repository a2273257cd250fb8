from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from naming_study import RANKS, by_classifiers, by_prior, centres, draw, lineages_of
from scipy.stats import multivariate_normal
from visgen.distances.matrices import write_distances
from visgen.naming import candidate_names
from visgen.naming.answering import Asked, answer
from visgen.naming.candidate_looks import find_candidates, score_candidates
from visgen.naming.candidate_names import Offered, read_offered, unlabelled_taxa
from visgen.naming.candidates import Candidates, told_candidates
from visgen.naming.labelled import labelled_specimens
from visgen.naming.model import learn_names, study_lineages
from visgen.naming.prior_head import log_densities
from visgen.naming.tabulating import tabulate
from visgen.prior.relatives import taxonomy_steps
from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import lineage, tabulate_taxa

ASKED = Asked(0.8, 0.1, None)
NOTHING = {"tree": [], "distances": [], "sequences": [], "relatives": [], "source": None}

# --- which taxa are candidates -----------------------------------------------------------------

LABELLED = pd.DataFrame(
    [("Arcidae", "Arca", "Arca noae"), ("Arcidae", "Arca", "Arca zebra"),
     ("Pinnidae", "Pinna", "Pinna nobilis")],
    columns=RANKS,
    dtype="str",
)  # fmt: skip


def offered(**given):
    lineages, taxonomy = study_lineages(LABELLED), tabulate_taxa(LABELLED, RANKS)
    return read_offered(lineages, taxonomy, {"Arca old": "Arca new"}, **NOTHING | given)


def test_names_without_labelled_specimens_are_candidates_of_their_genus():
    names = ["Arca noae", "Arca tetragona", "Pinna rudis", "Lima lima", "Arca"]
    above = unlabelled_taxa(names, study_lineages(LABELLED), tabulate_taxa(LABELLED, RANKS))
    assert above.index.name == "species"
    assert above.fillna("?").T.to_dict("list") == {
        "Arca": ["?", "?"],  # no species of the genus, by its name alone
        "Arca tetragona": ["Arcidae", "Arca"],
        "Lima lima": ["?", "?"],
        "Pinna rudis": ["Pinnidae", "Pinna"],
    }


def test_the_taxonomy_goes_before_the_first_word_of_a_name():
    moved = pd.DataFrame([("Limidae", "Lima", "Arca moved")], columns=RANKS, dtype="str")
    taxonomy = tabulate_taxa(pd.concat([LABELLED, moved]), RANKS)
    above = unlabelled_taxa(["Arca moved"], study_lineages(LABELLED), taxonomy)
    assert above.loc["Arca moved"].tolist() == ["Limidae", "Lima"]


def test_of_too_many_those_with_a_place_above_are_kept(monkeypatch):
    monkeypatch.setattr(candidate_names, "MOST", 3)
    names = ["A b", "B c", "Pinna a", "Arca z", "Lima lima"]
    above = unlabelled_taxa(names, study_lineages(LABELLED), tabulate_taxa(LABELLED, RANKS))
    assert above.index.tolist() == ["A b", "Arca z", "Pinna a"]


def test_tips_and_sequences_are_spelled_as_the_study_has_them(tmp_path):
    (tmp_path / "t.nwk").write_text(
        "(((Arca_Noae:1,Arca_old:2):1,Pinna_nobilis:3):1,(Lima_lima:1,Arca_zebra:1):2);"
    )
    (tmp_path / "s.fasta").write_text(">1 arca NOAE\nACGT\n>2 lima LIMA\nAC\n>3 Pinna rudis\nA\n")
    found = offered(tree=[tmp_path / "t.nwk"], sequences=[tmp_path / "s.fasta"], source="tree")
    assert found.above.index.tolist() == ["Arca new", "Lima lima", "Pinna rudis"]
    assert found.distances.loc["Arca new"].to_dict() == {
        "Arca noae": 3, "Arca new": 0, "Pinna nobilis": 6, "Lima lima": 7, "Arca zebra": 7,
    }  # fmt: skip
    assert found.relatives is found.distances


def test_a_table_of_distances_and_an_alignment_do_as_well(tmp_path):
    names = ["Arca noae", "Arca zebra", "Pinna nobilis", "Lima lima"]
    values = np.abs(np.subtract.outer([1.0, 2, 5, 7], [1, 2, 5, 7]))
    write_distances(tmp_path / "d.tsv", DistanceMatrix(values, names))
    (tmp_path / "s.fasta").write_text(">1 Lima lima\nACGT\n")
    by_table = offered(distances=[tmp_path / "d.tsv"])
    assert by_table.distances.loc["Lima lima"].tolist() == [6, 5, 2, 0]
    assert by_table.relatives is None
    by_genes = offered(
        sequences=[tmp_path / "s.fasta"], source="alignment", relatives=[tmp_path / "d.tsv"]
    )
    assert by_genes.distances is None
    assert by_genes.relatives.loc["Lima lima"].tolist() == [6, 5, 2, 0]


def test_without_a_tree_or_sequences_there_is_no_candidate():
    found = offered()
    assert found.above.empty and found.distances is None and found.relatives is None
    assert find_candidates(None, found) is None


# --- how well they fit -------------------------------------------------------------------------


class Study(NamedTuple):
    """A model that never saw one species of each genus, and specimens of these."""

    model: object
    asked: object
    unseen: pd.DataFrame


@cache
def study(head):
    names, means = centres(n_species=4, n_genera=3)
    features, labels = draw(names, means, [7] * 24, seed=3)
    everyone = labelled_specimens(features, labels, RANKS)
    unseen = names[names["species"].str.endswith("s3")]
    is_new = everyone.taxa["species"].isin(unseen["species"]).to_numpy()
    labelled = everyone.of(~is_new)
    lineages = lineages_of(labelled)
    steps = taxonomy_steps(lineage(names, RANKS, "species"))
    tree = pd.DataFrame(steps.data, pd.Index(steps.ids, name="species"), steps.ids)
    known = lineages.taxa["species"]
    train = by_prior(labelled, lineages) if head == "prior" else by_classifiers(lineages)
    model, _ = learn_names(labelled, train, tree.loc[known, known], lineages=lineages, seed=1)
    above = lineage(names, RANKS, "species").loc[unseen["species"].sort_values()]
    offer = Offered(above, tree, tree if head == "prior" else None)
    return Study(model._replace(candidates=find_candidates(model, offer)), everyone, unseen)


def answers(head, new_only=True):
    model, everyone, unseen = study(head)
    is_new = everyone.taxa["species"].isin(unseen["species"]).to_numpy()
    asked = everyone.of(is_new) if new_only else everyone
    return asked.taxa, answer(model, asked.x, asked.images, ASKED)


def test_what_candidates_are_expected_to_look_like_is_near_their_genus_and_less_sure():
    model, _, _ = study("prior")
    looks = model.gallery.looks * model.parts.space.length
    candidates = model.candidates
    assert candidates.expected.all() and len(candidates.names) == 6
    genus = model.gallery.taxa["genus"].to_numpy()
    own = np.stack([looks[genus == name.split()[0]].mean(axis=0) for name in candidates.names])
    away = candidates.means[:, None] - own[None]
    assert ((away**2).sum(axis=2).argmin(axis=1) == np.arange(6)).all()
    known = model.parts.head.posterior.variances
    assert candidates.variances.min() > known.max()  # nobody has seen them


def test_scores_are_log_odds_beyond_the_best_known_taxon():
    model, _, _ = study("prior")
    _, found = answers("prior")
    scores = score_candidates(model, model.candidates, found.said, found.best, found.node)
    i, k = 3, 2
    means, variances = model.candidates.means[k], 1 + model.candidates.variances[k]
    head = model.parts.head.posterior
    n_axes = len(means)

    def density(mean, spread):
        return multivariate_normal(mean, spread * np.eye(n_axes)).logpdf(found.said.looks[i])

    best = max(density(mean, 1 + v) for mean, v in zip(head.means, head.variances, strict=True))
    temperature = model.pooling.temperatures["species"]
    assert scores[i, k] == pytest.approx((density(means, variances) - best) / temperature, abs=1e-4)


def test_candidates_of_the_right_genus_come_first():
    taxa, found = answers("prior")
    model = study("prior").model
    scores = score_candidates(model, model.candidates, found.said, found.best, found.node)
    first = model.candidates.names[scores.argmax(axis=1)]
    assert (first == taxa["species"]).mean() > 0.7  # one of six by chance


def test_only_what_is_called_new_has_candidates():
    _, found = answers("prior", new_only=False)
    model = study("prior").model
    table = tabulate(model, found, [str(i) for i in range(len(found.best))], ASKED)
    is_new = table["novelty"].isin(["new species", "new genus", "new family"])
    assert is_new.any() and not is_new.all()
    assert (table["candidates"].notna() == is_new).all()
    assert (table["candidate_gain"].notna() == is_new).all()
    assert table.loc[is_new, "candidates"].str.count("; ").eq(4).all()


NOBODY = -np.inf


def unexpected(places, far):
    """Return candidates of which nobody knows what to expect, and what specimens are like."""
    model, _, _ = study("classifier")
    assert not model.candidates.expected.any()
    n = len(places)
    gaps = np.full((n, len(model.lineages)), np.nan)
    candidates = Candidates(
        np.array(list("xyzw")[:n], object), np.array(places), gaps, gaps[:, :2], gaps[:, 0]
    )
    candidates.far[:, 1] = far
    _, found = answers("classifier")
    to_taxa = np.full((3, len(model.lineages)), 9.0)
    to_taxa[:, 1] = 1  # looks most like the second lineage, of the first genus
    return model, candidates, found.said._replace(to_taxa=to_taxa)


def test_without_expected_looks_those_near_the_nearest_relative_come_first():
    model, candidates, said = unexpected([[0, 0], [-1, -1], [0, 0], [0, 1]], [5, 2, np.nan, np.nan])
    node = np.array([1, 0, -1])  # trusted: the genus, the family, nothing
    scores = score_candidates(model, candidates, said, np.full(3, 1), node)
    assert scores.tolist() == [
        [-5, -2, -6, NOBODY],
        [-5, -2, -6, -6],
        [-5, -2, NOBODY, NOBODY],
    ]
    texts, gains = told_candidates(candidates, scores, np.array([True, True, False]))
    assert texts == ["y; x; z", "y; x; z; w", None]
    assert np.isnan(gains).all()


def test_without_a_tree_those_of_the_trusted_taxon_are_told():
    model, candidates, said = unexpected([[0, 0], [0, 1], [-1, -1]], [np.nan] * 3)
    node = np.array([1, 0, 2])  # of a species, which is known, no candidate is a part
    scores = score_candidates(model._replace(placement=None), candidates, said, np.full(3, 1), node)
    assert np.isfinite(scores).tolist() == [
        [True, False, False], [True, True, False], [False, False, False],
    ]  # fmt: skip
    texts, _ = told_candidates(candidates, scores, np.array([True] * 3))
    assert texts == ["x", "x; y", None]


def test_at_most_five_are_told():
    candidates = study("prior").model.candidates
    scores = np.array([[1.0, 7, 3, 2, 5, -np.inf], [0.0, 2, 1, 5, 4, 3], [0, 1, 2, 3, 4, 5]])
    texts, gains = told_candidates(candidates, scores, np.array([True, True, False]))
    names = candidates.names
    assert texts[0].split("; ") == list(names[[1, 4, 2, 3, 0]])
    assert texts[1].split("; ") == list(names[[3, 4, 5, 1, 2]])
    assert texts[2] is None
    assert gains[:2].tolist() == [7, 5] and np.isnan(gains[2])


def test_candidates_that_the_source_knows_nothing_of_have_no_expected_look():
    model, _, _ = study("prior")
    tree = pd.DataFrame(np.zeros((0, 0)))
    offer = Offered(pd.DataFrame({"family": ["F0"], "genus": [None]}, ["x"]), None, tree)
    found = find_candidates(model, offer)
    assert not found.expected.any() and found.places.tolist() == [[0, -1]]


def test_log_densities_are_those_of_normal_distributions():
    rng = np.random.default_rng(1)
    looks, means, variances = rng.normal(size=(3, 5)), rng.normal(size=(7, 5)), rng.random(7)
    slow = [
        [
            multivariate_normal(m, (1 + v) * np.eye(5)).logpdf(x)
            for m, v in zip(means, variances, strict=True)
        ]
        for x in looks
    ]
    constant = 5 / 2 * np.log(2 * np.pi)
    np.testing.assert_allclose(log_densities(looks, means, variances), np.array(slow) + constant)


def test_a_source_by_which_none_is_nearer_than_another_expects_nothing(caplog):
    model, _, unseen = study("prior")
    names = sorted([*model.lineages.taxa["species"], *unseen["species"]])
    star = pd.DataFrame(1 - np.eye(len(names)), names, names)
    above = lineage(unseen, RANKS, "species")
    found = find_candidates(model, Offered(above, None, star))
    assert not found.expected.any()
    assert "nothing is expected of candidates: relatives by candidates: every pair" in caplog.text
