from functools import cache

import numpy as np
import pandas as pd
import pytest
from naming_study import (
    NETWORK,
    RANKS,
    by_classifiers,
    by_prior,
    centres,
    draw,
    labelled_study,
    lineages_of,
)
from visgen.classification.confidence.lineage_sets import true_lineages
from visgen.naming.answering import Asked, answer
from visgen.naming.calibration import halves, taxa_seen
from visgen.naming.labelled import Labelled, labelled_specimens
from visgen.naming.model import Gallery, learn_names, nearest_in, unit_length
from visgen.naming.novelty import KNOWN
from visgen.naming.out_of_fold import FOLDS, ask_out_of_fold, deal_folds, true_taxa
from visgen.naming.parts import ask, fit_parts
from visgen.naming.prior_head import train_prior_head
from visgen.naming.relatives import calibrate_placement, interval_of
from visgen.prior.relatives import relatives_of, taxonomy_steps
from visgen.specimens.taxonomy import lineage

ASKED = Asked(0.9, 0.05, None)


@cache
def study():
    return labelled_study()


@cache
def learned(head):
    labelled = study()
    lineages = lineages_of(labelled)
    options = {"network": NETWORK} if head == "network" else {}
    train = by_classifiers(lineages, head, **options)
    train = by_prior(labelled, lineages) if head == "prior" else train
    return learn_names(labelled, train, None, seed=1)


def truth_of(taxa, lineages):
    return true_lineages(true_taxa(taxa, lineages), lineages)


@pytest.mark.parametrize("head", ["prior", "nearest_centroid", "lda", "network"])
def test_new_specimens_are_named_and_strangers_are_told(head):
    model, _ = learned(head)
    names, means = centres()
    new = labelled_specimens(*draw(names, means, [5] * 12, seed=2), RANKS)
    found = answer(model, new.x, new.images, ASKED)
    assert np.array_equal(found.best, truth_of(new.taxa, model.lineages))
    assert (found.verdict == KNOWN).mean() > 0.8
    strange, far = centres(n_families=1, n_genera=1, n_species=2, seed=5)
    assert np.linalg.norm(far[:, None] - means, axis=2).min() > 8
    strangers = labelled_specimens(*draw(strange, far, [3, 4], seed=2), RANKS)
    found = answer(model, strangers.x, strangers.images, ASKED)
    assert (found.verdict != KNOWN).all() and (found.p <= 0.05).all()


def test_a_prior_learns_the_means_of_its_taxa_though_one_is_not_shown():
    labelled = study()
    lineages = lineages_of(labelled)
    chosen = labelled.taxa["species"] != "G00 s1"  # not shown, as in a fold
    shown = labelled.of(chosen.to_numpy())
    parts = fit_parts(shown, truth_of(shown.taxa, lineages), by_prior(labelled, lineages))
    assert parts.known.tolist() == [0, *range(2, 12)]
    looks = parts.space.apply(shown.means)
    means = pd.DataFrame(looks).groupby(shown.taxa["species"].to_numpy()).mean().to_numpy()
    # Seven specimens each: relatives say little beside.
    assert parts.head.posterior.means[parts.known] == pytest.approx(means, abs=0.6)
    apart = np.linalg.norm(means[:, None] - means, axis=2)
    assert apart[~np.eye(11, dtype=bool)].min() > 5
    # The one that is not shown is expected between its two relatives.
    far = np.linalg.norm(parts.head.posterior.means[1] - means, axis=1)
    assert set(far.argsort()[:2]) == {0, 1}


def test_relatives_of_other_taxa_are_refused():
    labelled = study()
    lineages = lineages_of(labelled)
    above = lineage(labelled.taxa, RANKS, "species")
    for order in (above[::-1], above[:-1]):
        relatives = relatives_of("taxonomy", taxonomy_steps(order))
        with pytest.raises(
            ValueError, match=r"relatives by taxonomy: .* expected the 12 of species"
        ):
            fit_parts(
                labelled,
                truth_of(labelled.taxa, lineages),
                lambda _, looks, relatives=relatives: train_prior_head(
                    looks, lineages.taxa["species"], relatives, "species"
                ),
            )


def test_sets_hold_the_truth_as_often_as_they_say():
    names, means = centres()
    held, right, known = [], [], []
    for seed in range(4):
        labelled = labelled_specimens(*draw(names, means, [8] * 12, seed, spread=4.0), RANKS)
        lineages = lineages_of(labelled)
        model, _ = learn_names(labelled, by_prior(labelled, lineages), None, seed=seed)
        new = labelled_specimens(*draw(names, means, [11] * 12, seed + 100, spread=4.0), RANKS)
        found = answer(model, new.x, new.images, Asked(0.8, 0.1, None))
        truth, rows = truth_of(new.taxa, lineages), np.arange(len(new.taxa))
        held.append(found.in_set[rows, truth].mean())
        own = true_taxa(new.taxa, lineages)
        named = lineages.places[found.best][rows, found.node] == own[rows, found.node]
        right.append((named | (found.node < 0)).mean())
        known.append((found.verdict == KNOWN).mean())
        assert 0.4 < (found.best == truth).mean() < 0.9  # so that sets have to be larger than one
    assert 0.7 < np.mean(held) < 0.9
    assert np.mean(right) > 0.7
    assert 0.83 < np.mean(known) < 0.97


def test_what_is_said_of_a_specimen_out_of_fold_is_not_learned_from_its_images():
    labelled = study()
    lineages = lineages_of(labelled)
    train = by_prior(labelled, lineages)
    fold = deal_folds(truth_of(labelled.taxa, lineages), seed=1)
    learned_from = []

    def watch(shown, looks):
        learned_from.append((set(shown.taxa.index), shown.x, looks.images))
        return train(shown, looks)

    ask_out_of_fold(labelled, lineages, watch, seed=1)
    before = list(learned_from)
    learned_from.clear()
    wild = labelled.x.copy()
    wild[np.isin(labelled.images, np.flatnonzero(fold == 3))] = 1e3
    ask_out_of_fold(Labelled(labelled.taxa, labelled.images, wild), lineages, watch, seed=1)
    for number in range(FOLDS):
        names, x, looks = before[number]
        assert names == set(labelled.taxa.index[fold != number])
        same = number == 3
        assert np.array_equal(x, learned_from[number][1]) == same
        assert np.array_equal(looks, learned_from[number][2]) == same


def test_out_of_fold_every_specimen_is_asked_once_of_the_parts_of_its_fold():
    labelled = study()
    model, found = learned("nearest_centroid")
    fold = deal_folds(found.lineage, seed=1)
    assert np.bincount(fold).min() >= len(fold) // FOLDS
    for number in (0, 7):
        asked = labelled.of(fold == number)
        parts = fit_parts(
            labelled.of(fold != number),
            found.lineage[fold != number],
            by_classifiers(model.lineages),
        )
        said = ask(parts, asked.x, asked.images, model.lineages)
        for rank in RANKS:
            assert np.array_equal(found.said.logits[rank][fold == number], said.logits[rank])
        assert np.array_equal(found.said.to_taxa[fold == number], said.to_taxa)
        assert np.array_equal(found.said.to_all[fold == number], said.to_all)


def test_specimens_of_a_lineage_are_dealt_to_different_folds():
    code = np.repeat(np.arange(7), [1, 2, 3, 5, 10, 13, 7])
    fold = deal_folds(code, seed=2)
    for i in range(7):
        counts = np.bincount(fold[code == i], minlength=FOLDS)
        assert np.ptp(counts) <= 1
    assert np.ptp(np.bincount(fold, minlength=FOLDS)) <= 1


def gappy():
    """Return a study with a species of one specimen, and specimens with gaps in their ranks."""
    names, means = centres()
    features, labels = draw(names, means, [1, *[7] * 11], seed=3)
    own = labels.groupby("specimen")["species"].first()
    labels.loc[labels["species"] == "G01 s1", "species"] = None  # of a genus with species
    labels.loc[labels["genus"] == "G11", "species"] = None  # of one without
    labels.loc[labels["species"] == "G10 s0", ["family", "genus"]] = None
    labels.loc[labels["species"] == "G10 s1", "genus"] = None
    unlabelled = own.index[own == "G10 s2"][:2]
    labels.loc[labels["specimen"].isin(unlabelled), RANKS] = None
    return features, labels, unlabelled


@pytest.mark.parametrize("head", ["nearest_centroid", "lda", "network"])
def test_gaps_in_ranks_and_a_species_of_one_specimen_are_learned_with(head):
    features, labels, unlabelled = gappy()
    labelled = labelled_specimens(features, labels, RANKS)
    assert not set(unlabelled) & set(labelled.taxa.index)
    lineages = lineages_of(labelled)
    options = {"network": NETWORK, "transform": ["standardise"]} if head == "network" else {}
    train = by_classifiers(lineages, head, **options)
    model, found = learn_names(labelled, train, None, seed=1)
    alone = labelled.taxa["species"] == "G00 s0"
    open_ = (labelled.taxa["genus"] == "G01") & labelled.taxa["species"].isna()
    assert alone.sum() == 1 and open_.sum() == 7
    assert np.array_equal(found.seen, ~(alone | open_))
    assert np.array_equal(found.lineage < 0, open_)
    seen = taxa_seen(found, lineages)
    assert seen[alone].tolist() == [[True, True, False]]
    gaps = labelled.taxa.isna().to_numpy()
    assert np.array_equal(seen, ~gaps & (~alone.to_numpy()[:, None] | [True, True, False]))
    # The lone specimen calibrates what a new species scores, not what a known one does.
    n_other = len(labelled.taxa) - 1 - 7
    assert len(model.calibration.novelty[KNOWN]) == n_other
    calibrating = halves(len(labelled.taxa), seed=1)
    assert len(model.calibration.flat) == (found.seen & calibrating).sum()
    answered = answer(model, labelled.x, labelled.images, ASKED)
    assert np.isfinite(answered.odds).all()
    placed = found.lineage >= 0
    placed &= lineages.names["species"].notna().to_numpy()[found.lineage]
    assert (answered.best == found.lineage)[placed].mean() > 0.85
    if head != "network":  # which need not have learned the one specimen by heart
        assert np.array_equal(answered.best[alone], found.lineage[alone])


def test_a_species_of_one_specimen_does_not_take_away_how_sure_answers_are():
    names, means = centres(n_species=5)
    counts = [1 if i % 5 < 2 else 7 for i in range(len(names))]
    labelled = labelled_specimens(*draw(names, means, counts, seed=1), RANKS)
    model, _ = learn_names(labelled, by_classifiers(lineages_of(labelled)), None, seed=1)
    new = labelled_specimens(*draw(names, means, counts, seed=2), RANKS)
    found = answer(model, new.x, new.images, ASKED)
    truth = truth_of(new.taxa, model.lineages)
    right = found.best == truth
    assert right.mean() > 0.9
    assert found.odds.max(axis=1)[right].mean() > 0.8


def test_the_order_of_images_does_not_matter():
    features, labels = draw(*centres(), [3] * 12, seed=1)
    shuffled = labels.iloc[np.random.default_rng(4).permutation(len(labels))]
    found = []
    for table in (labels, shuffled):
        labelled = labelled_specimens(features.loc[table.index], table, RANKS)
        lineages = lineages_of(labelled)
        model, _ = learn_names(labelled, by_classifiers(lineages), None, seed=1)
        found.append(answer(model, labelled.x, labelled.images, ASKED))
    assert np.array_equal(found[0].odds, found[1].odds)
    assert np.array_equal(found[0].in_set, found[1].in_set)
    assert np.array_equal(found[0].novelty, found[1].novelty)


def test_the_order_of_the_specimens_that_are_asked_does_not_matter():
    model, _ = learned("prior")
    new = labelled_specimens(*draw(*centres(), [2] * 12, seed=6), RANKS)
    order = np.random.default_rng(5).permutation(len(new.images))
    code = np.random.default_rng(6).permutation(len(new.taxa))
    one = answer(model, new.x, new.images, ASKED)
    other = answer(model, new.x[order], code[new.images][order], ASKED)
    assert other.odds[code] == pytest.approx(one.odds, abs=1e-5)
    assert other.novelty[code] == pytest.approx(one.novelty, abs=1e-3)
    assert np.array_equal(other.verdict[code], one.verdict)


def test_too_few_specimens_and_species_of_one_are_refused():
    labelled = study()
    lineages = lineages_of(labelled)
    few = labelled.of(np.arange(len(labelled.taxa)) < 7)
    with pytest.raises(ValueError, match="7 labelled specimens, expected at least 10"):
        learn_names(few, by_classifiers(lineages), None, lineages=lineages, seed=1)
    alone = labelled.of(~labelled.taxa["species"].duplicated().to_numpy())
    with pytest.raises(ValueError, match=r"names of species cannot be learned .*coarser ranks"):
        learn_names(alone, by_classifiers(lineages), None, seed=1)
    labels = pd.DataFrame({"specimen": ["a"], "genus": [None]}, index=["i"])
    with pytest.raises(ValueError, match="no image has a label at genus"):
        labelled_specimens(pd.DataFrame(np.zeros((1, 2)), ["i"]), labels, ["genus"])


@pytest.mark.parametrize("block", [4, 17, 100])
@pytest.mark.parametrize("n", [1, 3, 17, 19])
def test_the_nearest_of_a_gallery_are_those_of_brute_force(n, block, monkeypatch):
    monkeypatch.setattr("visgen.naming.model.BLOCK", block)
    rng = np.random.default_rng(7)
    known, asked = rng.normal(size=(17, 5)), 3 * rng.normal(size=(11, 5))
    gallery = Gallery(unit_length(known).astype(np.float32), pd.DataFrame(index=range(17)))
    position, distance = nearest_in(gallery, asked, n)
    assert position.shape == distance.shape == (11, min(n, 17))
    for i, look in enumerate(asked):
        far = [1 - look @ k / np.sqrt((look @ look) * (k @ k)) for k in known]
        order = np.argsort(far)[:n]
        assert position[i].tolist() == order.tolist()
        assert distance[i] == pytest.approx(np.array(far)[order], abs=1e-6)


def test_a_specimen_of_the_gallery_is_nearest_to_itself():
    model, _ = learned("prior")
    labelled = study()
    looks = model.parts.space.apply(labelled.means)
    position, distance = nearest_in(model.gallery, looks, 2)
    assert position[:, 0].tolist() == list(range(len(labelled.taxa)))
    assert (distance >= 0).all() and distance[:, 0].max() < 1e-6 < distance[:, 1].min()


def tree_of(names, rank):
    """Return distances that count in how many ranks taxa of a rank differ, named."""
    above = lineage(names, RANKS, rank)
    steps = taxonomy_steps(above)
    index = pd.Index(steps.ids, name=rank)
    return pd.DataFrame(steps.data, index, steps.ids)


@pytest.mark.parametrize("rank", ["species", "genus"])
def test_relatives_are_as_far_as_a_slow_loop_finds(rank):
    labelled = study()
    _, found = learned("nearest_centroid")
    lineages = lineages_of(labelled)
    distances = tree_of(labelled.taxa, rank).drop(index="G00 s1", columns="G00 s1", errors="ignore")
    placement = calibrate_placement(found, lineages, distances, seed=1)
    names = lineages.names[rank].to_numpy()
    of_known, of_new = [], {}
    for i, own in enumerate(names[found.lineage]):
        if own not in distances:
            continue
        tips = [j for j, name in enumerate(names) if name in distances]
        nearest = min(tips, key=lambda j: found.said.to_taxa[i, j])
        of_known.append(distances.loc[own, names[nearest]])
        others = [j for j in tips if names[j] != own]
        nearest = min(others, key=lambda j: found.said.to_taxa[i, j])
        of_new.setdefault(own, set()).add(distances.loc[own, names[nearest]])
    assert placement.of_known.tolist() == sorted(of_known)
    assert len(placement.of_new) == len(of_new) == len(distances)
    assert set(placement.of_new) <= set().union(*of_new.values())
    assert placement.of_new.min() > 0 and (np.diff(placement.of_new) >= 0).all()
    assert [tip for tip in placement.tips if tip] == [n for n in names if n in distances]


def test_a_tree_of_one_taxon_places_nothing():
    _, found = learned("nearest_centroid")
    lineages = lineages_of(study())
    one = tree_of(study().taxa, "species").iloc[:1, :1]
    assert calibrate_placement(found, lineages, one, seed=1) is None


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(8)
    covered = []
    for _ in range(400):
        far = rng.gamma(2, size=(2, 29))
        low, high = interval_of(np.sort(far[0]), 0.8)
        assert low == 0
        covered.append((far[1] <= high).mean())
    assert np.mean(covered) == pytest.approx(0.8, abs=4 * np.std(covered) / 20)
    assert interval_of(far[0][:3], 0.8) == (0, np.inf)


def test_the_distance_of_a_specimen_of_a_known_species_is_in_its_interval():
    """Where several of ten are taken for another species, 0 is no interval."""
    names, means = centres()
    distances = tree_of(names, "species")
    covered = []
    for seed in range(3):
        labelled = labelled_specimens(*draw(names, means, [7] * 12, seed, spread=5.0), RANKS)
        lineages = lineages_of(labelled)
        model, _ = learn_names(labelled, by_prior(labelled, lineages), distances, seed=seed)
        new = labelled_specimens(*draw(names, means, [11] * 12, seed + 50, spread=5.0), RANKS)
        found = answer(model, new.x, new.images, ASKED)
        tips = model.placement.tips[found.said.to_taxa.argmin(axis=1)]
        own = lineages.names["species"].to_numpy()[truth_of(new.taxa, lineages)]
        far = np.array([distances.loc[a, b] for a, b in zip(own, tips, strict=True)])
        assert 0.15 < (far > 0).mean() < 0.6
        covered.append((far <= interval_of(model.placement.of_known, 0.9)[1]).mean())
    assert np.mean(covered) > 0.82
