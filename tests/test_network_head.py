"""Names by a network that was trained already: its head, what it has seen, and its files."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from naming_study import RANKS, centres, draw, labelled_study
from visgen.features.backbones import UNTRAINED, load_backbone
from visgen.naming.answering import Asked, answer
from visgen.naming.doubting import doubt_labels
from visgen.naming.head_files import describe_head, head_of
from visgen.naming.labelled import labelled_specimens
from visgen.naming.model import learn_names, study_lineages
from visgen.naming.network_head import network_head
from visgen.naming.out_of_fold import true_taxa
from visgen.naming.preparing import by_network
from visgen.naming.strangers import leave_out_groups
from visgen.naming.trained_network import RunFiles, TrainedNetwork, load_encoder, read_trained
from visgen.visual_genetic.regimes.files import write_checkpoint, write_pooled
from visgen.visual_genetic.regimes.network import FrozenNetwork, MetricNetwork

N_FEATURES, HIDDEN, SIZE = 7, 5, 3
TINY = {"dims": [4, 6, 8, 10], "depths": [1, 1, 1, 1]}


def frozen_network(n_taxa, seed=1):
    """Return a network that standardises features, as the regime frozen trains it."""
    network = FrozenNetwork(N_FEATURES, hidden=HIDDEN, size=SIZE, n_taxa=n_taxa, seed=seed)
    rng = np.random.default_rng(seed)
    network.register_buffer("mean", torch.from_numpy(rng.normal(size=N_FEATURES)).float())
    network.register_buffer("deviation", torch.from_numpy(rng.uniform(1, 2, N_FEATURES)).float())
    return network.eval().requires_grad_(False)


def arrays_of(network):
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


# --- the head -----------------------------------------------------------------------------------


def test_a_head_says_what_its_network_says_of_standardised_features():
    network, rng = frozen_network(4), np.random.default_rng(2)
    taxa = pd.Index(["a", "b", "c", "d", "e"])
    head = network_head(arrays_of(network), ["b", "a", "e", "d"], taxa, "species")
    x = rng.normal(size=(6, N_FEATURES)).astype(np.float32)
    images = np.array([0, 2, 1, 0, 2, 2])
    logits = head.logits(x, images, np.zeros((3, 2)))
    assert list(logits) == ["species"]
    seen = (torch.from_numpy(x) - network.mean) / network.deviation
    said = torch.log_softmax(network(seen)[1], dim=1).numpy()
    of_specimens = np.stack([said[images == specimen].mean(axis=0) for specimen in range(3)])
    np.testing.assert_allclose(logits["species"][:, [1, 0, 4, 3]], of_specimens, atol=1e-5)
    # Of a taxon that the network was not trained on it says that it is none.
    np.testing.assert_allclose(logits["species"][:, 2], np.log(1e-12))


def test_taxa_that_cannot_be_named_take_no_share():
    network, taxa = frozen_network(4), pd.Index(["a", "b", "d"])
    head = network_head(arrays_of(network), ["a", "b", "c", "d"], taxa, "species")
    x = np.random.default_rng(3).normal(size=(5, N_FEATURES)).astype(np.float32)
    logits = head.logits(x, np.arange(5), np.zeros((5, 2)))["species"]
    assert logits.shape == (5, 3)
    np.testing.assert_allclose(np.exp(logits).sum(axis=1), 1, atol=1e-6)


def test_a_network_of_other_taxa_is_refused():
    network = frozen_network(3)
    with pytest.raises(ValueError, match="the network knows 1 of the 2 taxa of genus that can be"):
        network_head(arrays_of(network), ["a", "x", "y"], pd.Index(["a", "b"]), "genus")


def test_a_head_is_kept_as_arrays_and_plain_values():
    head = network_head(arrays_of(frozen_network(3)), list("bca"), pd.Index(list("abc")), "genus")
    kept = head_of(*describe_head(head))
    assert (kept.rank, kept.n_taxa, kept.places.tolist()) == ("genus", 3, [1, 2, 0])
    x = np.random.default_rng(4).normal(size=(5, N_FEATURES)).astype(np.float32)
    asked = x, np.arange(5), np.zeros((5, 2))
    np.testing.assert_array_equal(kept.logits(*asked)["genus"], head.logits(*asked)["genus"])


# --- specimens that it has not learned from ------------------------------------------------------


class ByHeart(NamedTuple):
    """Knows its training specimens by heart, which the last feature marks, and guesses others."""

    means: np.ndarray

    def logits(self, x, images, looks):
        far = ((x[:, None, :-1] - self.means) ** 2).sum(axis=2)
        logits = np.where(x[:, -1:] > 0, -50 * far, -0.1 * far)  # sure of what it has seen
        sums = np.zeros((images.max() + 1, logits.shape[1]), np.float32)
        np.add.at(sums, images, logits)
        return {"species": sums / np.bincount(images)[:, None]}


def marked(labelled, seen):
    """Return specimens with a last feature that says what was learned from."""
    rng = np.random.default_rng(5)
    x = np.where(seen[labelled.images][:, None], labelled.x, labelled.x + rng.normal(size=(1, 1)))
    mark = seen[labelled.images].astype(np.float32) + 0.01 * rng.normal(size=len(x))
    return labelled._replace(x=np.column_stack([x, mark]).astype(np.float32))


def test_specimens_that_a_network_has_learned_from_calibrate_nothing():
    names, means = centres()
    labelled = labelled_specimens(*draw(names, means, [12] * 12, 1, spread=6.0), RANKS)
    seen = np.arange(len(labelled.taxa)) % 2 == 0
    own = marked(labelled, seen)._replace(fresh=~seen)
    lineages = study_lineages(own.taxa)
    head = ByHeart(means[names["species"].argsort()].astype(np.float32))
    model, found = learn_names(own, lambda *_: head, None, lineages=lineages, seed=1)
    assert list(found.specimens) == list(own.taxa.index[~seen])
    assert len(model.calibration.novelty["known"]) == (~seen).sum()
    assert model.calibration.rare.shape == (12,) and len(model.gallery.looks) == len(seen)
    new = labelled_specimens(*draw(names, means, [12] * 12, 7, spread=6.0), RANKS)
    new = marked(new, np.zeros(len(new.taxa), bool))
    answers = answer(model, new.x, new.images, Asked(0.9, 0.05, None))
    truth = true_taxa(new.taxa, lineages)[:, -1]
    held = answers.in_set[np.arange(len(truth)), truth].mean()
    assert 0.84 < held < 0.97  # n 144, calibrated by 36
    # Were they to calibrate, it would be surer than it may be.
    model, _ = learn_names(own._replace(fresh=None), lambda *_: head, None, seed=1)
    answers = answer(model, new.x, new.images, Asked(0.9, 0.05, None))
    assert answers.in_set[np.arange(len(truth)), truth].mean() < held
    # Doubt is of those alone that it was not taught.
    doubted = doubt_labels(own.taxa, found, model.pooling, lineages)
    assert set(doubted["specimen"]) <= set(found.specimens)


def test_groups_are_left_out_of_what_was_not_learned_from():
    labelled = labelled_study()
    lineage = true_taxa(labelled.taxa, study_lineages(labelled.taxa))[:, -1]
    lineages, every = study_lineages(labelled.taxa), np.ones(len(lineage), bool)
    fresh = np.arange(len(lineage)) % 3 == 0
    whole = leave_out_groups(labelled, lineage, lineages, seed=1)
    assert len(whole) == len(lineage)
    of_all = leave_out_groups(labelled._replace(fresh=every), lineage, lineages, seed=1)
    np.testing.assert_array_equal(whole, of_all)
    some = leave_out_groups(labelled._replace(fresh=fresh), lineage, lineages, seed=1)
    assert len(some) == fresh.sum() and np.isin(some, whole).all()


def test_a_network_that_has_learned_from_all_cannot_be_calibrated():
    labelled = labelled_study()
    network = TrainedNetwork(
        arrays_of(frozen_network(12)), sorted(set(labelled.taxa["species"])), pd.Series(), None
    )
    lineages, train = by_network(network, "species")(labelled)
    taught = labelled._replace(fresh=np.zeros(len(labelled.taxa), bool))
    with pytest.raises(ValueError, match=r"learned from all 84 labelled specimens, .* \(splits:"):
        learn_names(taught, train, None, lineages=lineages, seed=1)


# --- files ---------------------------------------------------------------------------------------


def write_run(folder, network, taxa, parts, pooled=None):
    """Write what a variant and its regime leave."""
    files = RunFiles(*(str(folder / name) for name in ("variant", "images.npz", "regime")), None)
    about = {"taxa": taxa, "regime": "frozen"}
    state = network.state_dict()
    plain = {name: tensor for name, tensor in state.items() if "." in name}
    kept = {name: tensor for name, tensor in plain.items() if not name.startswith("encoder.")}
    write_checkpoint(files.checkpoint, kept, about)
    write_checkpoint(files.regime, state, about)
    ids = np.array(list(parts), dtype=str)
    np.savez(files.images, id=ids, part=np.array([parts[name] for name in ids], dtype=str))
    if pooled is not None:
        files = files._replace(pooled=str(folder / "pooled.npz"))
        write_pooled(files.pooled, pooled)
    return files


def test_what_a_training_left_is_read(tmp_path):
    network = frozen_network(3)
    files = write_run(tmp_path, network, list("abc"), {"i1": "train", "i2": "val", "i3": "unseen"})
    found = read_trained(files)
    assert found.taxa == list("abc") and found.pooled is None
    assert found.part.to_dict() == {"i1": "train", "i2": "val", "i3": "unseen"}
    np.testing.assert_array_equal(found.tensors["deviation"], network.deviation.numpy())
    np.testing.assert_array_equal(found.tensors["head.bias"], network.head.bias.numpy())


def test_features_of_a_trained_encoder_are_those_of_clean_images(tmp_path):
    index = pd.MultiIndex.from_product([["i1", "i2"], [0, 1]], names=["id", "repeat"])
    pooled = pd.DataFrame(np.arange(8.0).reshape(4, 2), index)
    found = read_trained(
        write_run(tmp_path, frozen_network(3), list("abc"), {"i1": "train"}, pooled)
    )
    assert found.pooled.to_numpy().tolist() == [[0, 1], [4, 5]]
    assert list(found.pooled.index) == ["i1", "i2"]


def test_a_network_that_has_learned_nothing_is_refused(tmp_path):
    files = write_run(tmp_path, frozen_network(2), list("ab"), {})
    with pytest.raises(ValueError, match=r"variant: the network has learned nothing, .* omitted"):
        read_trained(files)


def test_a_backbone_sees_with_the_encoder_that_was_trained(tmp_path):
    options = {"model_args": TINY, "preprocessing": {"image_size": 32}}
    trained = MetricNetwork(
        load_backbone("test_convnext", UNTRAINED, seed=1, **options),
        hidden=HIDDEN, size=SIZE, n_taxa=2, seed=1,
    ).eval()  # fmt: skip
    files = write_run(tmp_path, trained, list("ab"), {"i1": "train"})
    backbone = load_backbone("test_convnext", UNTRAINED, seed=2, **options)
    picture = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = trained.features(picture)
        assert not torch.allclose(backbone.network(picture), expected)
        load_encoder(backbone, files.regime)
        torch.testing.assert_close(backbone.network(picture), expected)
    other = load_backbone(
        "test_convnext", UNTRAINED, seed=2, **options | {"model_args": TINY | {"dims": [4] * 4}}
    )
    with pytest.raises(ValueError, match="regime: its encoder is not test_convnext"):
        load_encoder(other, files.regime)
