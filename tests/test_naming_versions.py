"""Names that are learned from degraded versions of pictures too."""

import numpy as np
import pandas as pd
import pytest
from naming_study import RANKS, by_classifiers, by_prior, centres, draw, lineages_of
from visgen.features.tables import write_features
from visgen.naming.answering import Asked, answer
from visgen.naming.doubting import doubt_labels
from visgen.naming.labelled import Labelled, join_versions, labelled_specimens
from visgen.naming.model import learn_names
from visgen.naming.novelty import KNOWN
from visgen.naming.out_of_fold import ask_out_of_fold
from visgen.naming.study import read_study
from visgen.tables import write_table

ASKED = Asked(0.9, 0.05, None)


def faded(labelled, chosen=None):
    """Return what is left of specimens, or of some, when they lose most of what tells them."""
    some = labelled if chosen is None else labelled.of(chosen)
    shift = 12 * np.random.default_rng(9).normal(size=some.x.shape[1])
    return Labelled(some.taxa, some.images, (0.5 * some.x + shift).astype(np.float32))


def study(seed=1, count=7):
    names, means = centres()
    return labelled_specimens(*draw(names, means, [count] * len(names), seed, spread=1.0), RANKS)


def with_versions(labelled, chosen=None):
    return labelled._replace(versions=join_versions([faded(labelled, chosen)]))


# --- together ------------------------------------------------------------------------------------


def test_versions_stand_behind_the_specimens_that_they_are_of():
    labelled = study(count=2)
    chosen = np.arange(len(labelled.taxa)) % 3 == 1
    both = [faded(labelled), faded(labelled, chosen)]
    whole, origin = labelled._replace(versions=join_versions(both)).with_versions()
    n, some = len(labelled.taxa), np.flatnonzero(chosen)
    assert origin.tolist() == [*range(n), *range(n), *some]
    assert whole.versions is None
    pd.testing.assert_frame_equal(whole.taxa, labelled.taxa.iloc[origin])
    np.testing.assert_allclose(whole.means[:n], labelled.means)
    np.testing.assert_allclose(whole.means[n:], [*both[0].means, *both[1].means])


def test_some_specimens_keep_their_own_versions():
    labelled = with_versions(study(count=2), np.arange(24) % 3 != 0)
    kept = labelled.of(np.arange(24) % 2 == 0)
    assert set(kept.versions.taxa.index) == set(kept.taxa.index[[1, 2, 4, 5, 7, 8, 10, 11]])
    origin = kept.with_versions()[1]
    assert kept.taxa.index[origin[12:]].tolist() == kept.versions.taxa.index.tolist()


def test_without_versions_nothing_is_added():
    labelled = study(count=2)
    assert join_versions([]) is None
    whole, origin = labelled.with_versions()
    assert whole is labelled and origin.tolist() == list(range(24))


# --- out of fold ---------------------------------------------------------------------------------


def test_a_specimen_is_not_asked_of_what_has_learned_its_versions():
    labelled = with_versions(study())
    lineages, shown = lineages_of(labelled), []
    train = by_prior(labelled, lineages)

    def watch(specimens, looks):
        shown.append(specimens.taxa.index)
        return train(specimens, looks)

    found = ask_out_of_fold(labelled, lineages, watch, seed=1)
    n = len(labelled.taxa)
    assert len(found.specimens) == 2 * n and len(shown) == 10
    for names in shown:
        assert (names.value_counts() == 2).all()  # with its version, or not at all
    assert sum(n - names.nunique() for names in shown) == n
    assert found.origin.tolist() == [*range(n), *range(n)]


# --- what is learned -----------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["prior", "nearest_centroid"])
def models(request):
    """Return what was learned without and with versions, and what was said out of fold."""
    learned = []
    for labelled in (study(), with_versions(study())):
        lineages = lineages_of(labelled)
        by = by_prior(labelled, lineages) if request.param == "prior" else by_classifiers(lineages)
        learned.append((labelled, *learn_names(labelled, by, None, seed=1)))
    return learned


def test_versions_of_new_specimens_are_known_and_named(models):
    new = study(seed=2)
    asked = faded(new)
    right, flagged = [], []
    for _, model, _ in models:
        found = answer(model, asked.x, asked.images, ASKED)
        names = model.lineages.names["species"].to_numpy()[found.best]
        right.append((names == asked.taxa["species"].to_numpy()).mean())
        flagged.append((found.verdict != KNOWN).mean())
    assert right[0] < 0.5 < 0.65 < right[1]
    assert flagged[1] < 0.15 < 0.9 < flagged[0]


def test_specimens_as_they_are_stay_named(models):
    _, model, _ = models[1]
    new = study(seed=2)
    found = answer(model, new.x, new.images, ASKED)
    names = model.lineages.names["species"].to_numpy()[found.best]
    assert (names == new.taxa["species"].to_numpy()).mean() > 0.85
    assert (found.verdict == KNOWN).mean() > 0.85


def test_what_is_shown_and_doubted_are_specimens_alone(models):
    (own, model, found), (labelled, taught, of_both) = models
    assert taught.gallery.looks.shape == model.gallery.looks.shape
    pd.testing.assert_frame_equal(taught.gallery.taxa, own.taxa)
    assert of_both.specimens.equals(own.taxa.index) and found.specimens.equals(own.taxa.index)
    np.testing.assert_array_equal(taught.calibration.rare, model.calibration.rare)
    doubted = doubt_labels(labelled.taxa, of_both, taught.pooling, taught.lineages)
    assert not doubted[["specimen", "rank"]].duplicated().any()
    # Both kinds calibrate: what is promised holds of both together.
    assert len(taught.calibration.flat) == 2 * len(model.calibration.flat)


# --- files ---------------------------------------------------------------------------------------


def test_a_study_reads_versions_beside_its_own_features(tmp_path):
    names, means = centres(n_species=2)
    features, labels = draw(names, means, [2] * 8, seed=1)
    labels = labels.assign(**{rank: labels[rank] for rank in RANKS})
    taxonomy = labels[RANKS].drop_duplicates()
    given = {name: [] for name in ("chosen", "relatives", "tree", "networks", "pooled")}
    paths = {name: tmp_path / f"{name}.parquet" for name in ("own", "grey", "outline")}
    some = features.index[::3]
    for name, part in (
        ("own", features),
        ("grey", features.loc[some] + 9),
        ("outline", features[:0]),
    ):
        index = pd.MultiIndex.from_product([part.index, [0]], names=["id", "repeat"])
        write_features(paths[name], part.set_axis(index), {})
    write_table(tmp_path / "taxonomy.tsv", taxonomy)
    label_files = []
    for rank in RANKS:
        label_files.append(tmp_path / f"{rank}.parquet")
        labels.reset_index()[["id", "specimen", rank]].to_parquet(label_files[-1])
    given |= {
        "features": [paths["own"]],
        "versions": [paths["grey"], paths["outline"]],
        "labels": label_files,
        "taxonomy": tmp_path / "taxonomy.tsv",
    }
    learned = {"variant": None, "source": "taxonomy", "tree_rank": None, "classifiers": {}}
    study = read_study(
        given, RANKS, learned | {"augment": ["grey", "outline"], "seed": 1}, threads=1
    )
    versions = study.labelled.versions
    assert list(versions.taxa.index) == sorted(labels.loc[some, "specimen"].unique())
    np.testing.assert_allclose(versions.x, features.loc[np.sort(some)] + 9)
    assert study.described == (
        "prior, relatives by taxonomy; pictures that are made grey, outline are learned from too"
    )
