"""Which specimens a prior is learned from."""

import itertools

import numpy as np
import pandas as pd
import pytest
from visgen.prior.training import Specimens, keep_some, mean_specimens, thin_out

TAXA = np.repeat([f"Arca {letter}" for letter in "abcdefgh"], 3).astype(object)
TRAINING = Specimens(np.arange(24).astype(str), np.zeros((24, 2), np.float32), TAXA)


def test_images_of_a_specimen_are_one():
    ids = ["1a", "1b", "2", "3", "4"]
    features = pd.DataFrame([[0.0, 1], [2, 3], [5, 5], [7, 7], [9, 9]], index=ids)
    labels = pd.DataFrame(
        {"specimen": ["s1", "s1", "s2", "s3", "s4"], "species": ["x", "x", "y", None, "x"]}, ids
    )
    found = mean_specimens(features, labels, "species")
    assert found.names.tolist() == ["s1", "s4", "s2"] and found.taxa.tolist() == ["x", "x", "y"]
    assert found.x.tolist() == [[1, 2], [9, 9], [5, 5]]


def test_a_specimen_under_two_names_is_one_of_each():
    features = pd.DataFrame([[0.0], [2.0]], index=["a", "b"])
    labels = pd.DataFrame({"specimen": "s", "species": ["x", "y"]}, ["a", "b"])
    found = mean_specimens(features, labels, "species")
    assert found.taxa.tolist() == ["x", "y"] and found.x.tolist() == [[0], [2]]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_of_a_share_of_the_taxa_one_specimen_is_kept(share):
    kept = thin_out(TRAINING, share, 1)
    sizes = pd.Series(TAXA[kept]).value_counts()
    assert sorted(sizes) == [1] * round(8 * share) + [3] * (8 - round(8 * share))
    assert (kept == thin_out(TRAINING, share, 1)).all()


def test_other_seeds_draw_other_taxa():
    drawn = {
        tuple(pd.Series(TAXA[thin_out(TRAINING, 0.5, s)]).value_counts().sort_index())
        for s in range(5)
    }
    assert len(drawn) > 1


def test_more_specimens_hold_the_fewer_and_others_keep_all():
    focal = np.array(["Arca a", "Arca b"], object)
    kept = [keep_some(TRAINING, focal, number, 1) for number in range(4)]
    for number, some in enumerate(kept):
        sizes = pd.Series(TAXA[some]).value_counts()
        assert (sizes.drop(focal, errors="ignore") == 3).all()
        assert all(sizes.get(taxon, 0) == number for taxon in focal)
    assert all((more >= fewer).all() for fewer, more in itertools.pairwise(kept))
