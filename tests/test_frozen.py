import numpy as np
import pandas as pd
import pytest
import torch
from visgen.visual_genetic.cross_modal.network import build_projection
from visgen.visual_genetic.recognition.labelled_images import study_images
from visgen.visual_genetic.regimes import training
from visgen.visual_genetic.regimes.files import read_checkpoint, read_pooled
from visgen.visual_genetic.regimes.frozen import standardise_features, train_frozen
from visgen.visual_genetic.regimes.pooled import project
from visgen.visual_genetic.regimes.results import HISTORY, write_regime
from visgen.visual_genetic.regimes.second_stage import head_accuracy

N_FEATURES = 13
COUNTS = {"Alpha": 29, "Beta": 17, "Gamma": 7}
PRETRAINING = {
    "epochs": 5,
    "batch_size": 8,
    "per_taxon": 3,
    "learning_rate": 0.05,
    "momentum": 0.9,
    "weight_decay": 0.005,
    "loss": "reciprocal",
    "loss_weight": 0.01,
    "distance": "plain",
    "epsilon": 0.001,
    "margin": 0.2,
}
OPTIONS = {
    "seed": 5,
    "hidden": 23,
    "size": 11,
    "pretraining": PRETRAINING,
    "device": torch.device("cpu"),
}


@pytest.fixture(scope="module")
def study():
    """Return images of three taxa and one without a name, and features of scales far apart."""
    rng = np.random.default_rng(17)
    parts = ["train", "train", "train", "val", "test"]
    rows = [(taxon, parts[i % 5]) for taxon, n in COUNTS.items() for i in range(n)]
    rows += [(None, "train"), (None, "train"), ("Delta", "test")]
    labels = pd.DataFrame(rows, columns=["species", "part"])
    labels.index = [f"i{i:02}" for i in rng.permutation(len(labels))]
    images = study_images(labels, labels["part"], "species", [])
    centres = {taxon: 2 * rng.standard_normal(N_FEATURES) for taxon in (*COUNTS, "Delta")}
    values = [centres.get(taxon, 50 * np.ones(N_FEATURES)) for taxon in images["taxon"]]
    values = np.array(values) + 0.5 * rng.standard_normal((len(images), N_FEATURES))
    values = 1000 + 10.0 ** np.linspace(-2, 2, N_FEATURES) * values
    values[:, 4] = 0.7  # the same in all
    features = pd.DataFrame(values.astype(np.float32), images["id"])
    return images, features.sample(frac=1, random_state=3)


def train(study, store, **changes):
    return train_frozen(*study, store, **OPTIONS | changes)


@pytest.fixture(scope="module")
def trained(study, tmp_path_factory):
    return train(study, tmp_path_factory.mktemp("store"))


def weights(outcome):
    return {name: t.numpy().tobytes() for name, t in outcome.network.state_dict().items()}


def learned(images):
    return images.loc[(images["part"] == "train") & images["taxon"].notna(), "id"]


def test_features_are_standardised_by_training_images(study, trained):
    images, features = study
    values = trained.pooled.xs(0, level="repeat")
    assert list(values.index) == list(images["id"])
    known = values.loc[learned(images)].to_numpy().astype(float)
    varying = np.arange(N_FEATURES) != 4
    assert known.mean(0) == pytest.approx(0, abs=1e-2)  # of float32 at a thousand
    assert known.std(0)[varying] == pytest.approx(1, rel=1e-3)
    assert (values[4] == 0).all()
    of_training = features.loc[learned(images)].to_numpy().astype(float)
    centred = features.loc[images["id"]].to_numpy() - of_training.mean(0)
    expected = centred[:, varying] / of_training.std(0)[varying]
    np.testing.assert_allclose(values.to_numpy()[:, varying], expected, rtol=1e-5, atol=1e-5)


def test_other_images_do_not_matter(study, trained, tmp_path):
    """Those of test, validation and without a label change nothing that is learned."""
    images, features = study
    others = features.copy()
    rows = ~others.index.isin(learned(images))
    others[rows] = 3 * others[rows] + 7
    outcome = train((images, others), tmp_path)
    assert weights(outcome) == weights(trained)
    own = [(name, 0) for name in learned(images)]
    pd.testing.assert_frame_equal(
        outcome.pooled.loc[own], trained.pooled.loc[own], check_exact=True
    )


def test_a_feature_without_deviation_is_only_centred():
    values = np.array([[3.0, 0, 1e8], [3, 0, 1e8], [5, 2, 1e8 + 8]], np.float32)
    found, mean, deviation = standardise_features(values, np.array([0, 1]))
    assert found.tolist() == [[0, 0, 0], [0, 0, 0], [2, 2, 8]]
    assert mean.tolist() == [3, 0, 1e8] and deviation.tolist() == [1, 1, 1]
    assert found.dtype == mean.dtype == deviation.dtype == np.float32


def test_taxa_are_told_apart_after_training(study, trained, tmp_path):
    images, _ = study
    history = trained.history
    assert list(history.columns) == HISTORY and history["phase"].eq("network").all()
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert history["loss"].iloc[-1] < 0.3 * history["loss"].iloc[0]
    assert history["val_accuracy"].iloc[-1] == 1
    chosen = images["part"].isin(["val", "test"]) & images["taxon"].isin(list(COUNTS))
    codes = images.loc[chosen, "taxon"].map(dict(zip(COUNTS, range(3), strict=True)))
    values = trained.pooled.loc[[(name, 0) for name in images.loc[chosen, "id"]]]
    vectors, codes = np.array(values), codes.to_numpy()
    assert head_accuracy(trained.network, vectors, codes) > 0.95
    still = train(study, tmp_path, pretraining=PRETRAINING | {"epochs": 0})
    assert head_accuracy(still.network, vectors, codes) < 0.7
    # What the checkpoint knows of raw features.
    state = trained.network.state_dict()
    raw = study[1].loc[values.index.get_level_values("id")].to_numpy()
    again = (raw - state["mean"].numpy()) / state["deviation"].numpy()
    np.testing.assert_allclose(again, values, atol=1e-2)


def test_norms_name_taxa_and_their_training_images(study, trained):
    images, _ = study
    n_images = images[images["id"].isin(learned(images))]["taxon"].value_counts().to_dict()
    assert len(trained.norms) == 3 * (1 + 5)
    for _, rows in trained.norms.groupby("epoch"):
        assert dict(zip(rows["taxon"], rows["n_images"], strict=True)) == n_images
    last = trained.norms.query("epoch == 5")["norm"].to_numpy()
    assert last == pytest.approx(trained.network.head.weight.norm(dim=1).numpy())


def test_weights_decay(study, trained, tmp_path):
    none = train(study, tmp_path, pretraining=PRETRAINING | {"weight_decay": 0.0})
    lengths = [outcome.network.projection[0].weight.norm() for outcome in (trained, none)]
    assert lengths[0] < lengths[1]


def test_order_of_images_and_features_does_not_matter_and_another_seed_does(
    study, trained, tmp_path
):
    images, features = study
    torch.manual_seed(3)
    state = torch.get_rng_state()
    mixed = images.sample(frac=1, random_state=1), features.sample(frac=1, random_state=2)
    again = train(mixed, tmp_path)
    assert torch.equal(torch.get_rng_state(), state)
    assert weights(again) == weights(trained)
    pd.testing.assert_frame_equal(again.pooled, trained.pooled, check_exact=True)
    assert weights(train(study, tmp_path, seed=6)) != weights(trained)


@pytest.mark.parametrize("n_epochs", [0, 1, 4])
def test_a_killed_training_goes_on_to_the_same_bytes(
    study, trained, tmp_path, monkeypatch, n_epochs
):
    epoch, done = training.train_epoch, []

    def count_and_die(*arguments, **keywords):
        if len(done) == n_epochs:
            raise KeyboardInterrupt
        done.append(1)
        return epoch(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(training, "train_epoch", count_and_die)
        with pytest.raises(KeyboardInterrupt):
            train(study, tmp_path)
        # What is left is done, and no more.
        done[:] = []
        patch.setattr(training, "train_epoch", lambda *a, **k: done.append(1) or epoch(*a, **k))
        again = train(study, tmp_path)
    assert len(done) == 5 - n_epochs
    assert weights(again) == weights(trained)
    pd.testing.assert_frame_equal(again.history, trained.history, check_exact=True)
    pd.testing.assert_frame_equal(again.norms, trained.norms, check_exact=True)
    again.checkpoint.discard()
    assert not again.checkpoint.folder.exists()


@pytest.mark.parametrize("change", [{"hidden": 19}, {"pretraining": PRETRAINING | {"epochs": 4}}])
def test_other_options_have_another_checkpoint(study, trained, tmp_path, change):
    other = train(study, tmp_path, **change)
    assert other.checkpoint.folder.name != trained.checkpoint.folder.name


def test_images_without_features_are_refused(study, tmp_path):
    images, features = study
    message = "features: found none of 2 of 56 images, such as 'i07'"
    with pytest.raises(ValueError, match=message):
        train((images, features.drop(["i07", "i31"])), tmp_path)


def test_a_loss_that_is_no_number_stops_the_training(study, tmp_path):
    wild = PRETRAINING | {"learning_rate": 1e30}
    with pytest.raises(
        ValueError, match=r"in epoch \d of 5; .*pretraining\.learning_rate may help"
    ):
        train(study, tmp_path, pretraining=wild)


@pytest.mark.parametrize("known", [["Alpha"], []])
def test_fewer_than_two_taxa_train_nothing(study, tmp_path, known):
    images, features = study
    kept = images["taxon"].isin(known)
    outcome = train((images.assign(part=images["part"].where(kept, "unseen")), features), tmp_path)
    assert outcome.metadata["taxa"] == known
    assert outcome.history.empty and len(outcome.norms) == len(known)
    assert len(outcome.pooled) == len(images) and np.isfinite(outcome.pooled.to_numpy()).all()


def test_results_come_back_and_are_the_same_bytes_twice(study, trained, tmp_path):
    names = {
        "checkpoint": "checkpoint.safetensors",
        "history": "history.tsv",
        "norms": "norms.tsv",
        "pooled": "pooled.npz",
    }
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        paths = {key: tmp_path / folder / name for key, name in names.items()}
        write_regime(paths, train(study, tmp_path / folder))
    for name in names.values():
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    tensors, about = read_checkpoint(paths["checkpoint"])
    assert about["taxa"] == list(COUNTS) and about["regime"] == "frozen"
    assert [about[key] for key in ("n_features", "hidden", "size")] == [N_FEATURES, 23, 11]
    pooled = read_pooled(paths["pooled"])
    pd.testing.assert_frame_equal(pooled, trained.pooled, check_exact=True)
    network = build_projection(tensors, "none", 11)
    embeddings = project(network.projection, pooled.to_numpy())
    assert embeddings.tobytes() == project(trained.network.projection, pooled.to_numpy()).tobytes()
