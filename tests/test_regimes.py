import copy
import hashlib
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from visgen.configuration.checks.visual_genetic import training_of
from visgen.features.backbones import forward, load_backbone
from visgen.features.folded_norms import refuse_folded_norms
from visgen.machine.taxon_batches import taxon_batches
from visgen.tables import read_table
from visgen.visual_genetic.cross_modal.network import build_projection
from visgen.visual_genetic.regimes import regime as regimes
from visgen.visual_genetic.regimes import steps, training
from visgen.visual_genetic.regimes.distortion import distort, standardise, to_shares
from visgen.visual_genetic.regimes.files import read_checkpoint, read_pooled, write_checkpoint
from visgen.visual_genetic.regimes.labels import label_images
from visgen.visual_genetic.regimes.losses import make_metric_loss
from visgen.visual_genetic.regimes.network import (
    FrozenNetwork,
    MetricNetwork,
    with_image_size,
)
from visgen.visual_genetic.regimes.pictures import ReadPictures, load_pictures
from visgen.visual_genetic.regimes.pooled import pool_features, project
from visgen.visual_genetic.regimes.regime import train_regime
from visgen.visual_genetic.regimes.results import write_regime
from visgen.visual_genetic.regimes.second_stage import head_accuracy
from visgen.visual_genetic.regimes.steps import sgd
from visgen.visual_genetic.regimes.view_features import pool_views
from visgen.visual_genetic.regimes.views import load_views
from visgen.visual_genetic.regimes.weight_balancing import max_norm_radius

MILD = {"rotation": 5.0, "scale": 0.05, "noise": 0.01}
PRETRAINING = {
    "epochs": 3,
    "batch_size": 8,
    "per_taxon": 3,
    "learning_rate": 0.02,
    "momentum": 0.9,
    "weight_decay": 0.05,
    "loss": "reciprocal",
    "loss_weight": 0.01,
    "distance": "plain",
    "epsilon": 0.001,
    "margin": 0.2,
    "precision": "float32",
}
BALANCING = {
    "beta": 0.9999,
    "weight_decay": 0.1,
    "epochs": 2,
    "learning_rate": 0.01,
    "norm_share": 0.1,
}
OPTIONS = {
    "regime": "naive",
    "seed": 5,
    "colour": "colour",
    "hidden": 23,
    "size": 11,
    "augmentation": MILD,
    "pretraining": PRETRAINING,
    "balancing": BALANCING,
    "background": (255, 255, 255),
    "max_pixels": 10**6,
    "workers": 0,
}
#: Options that pooling views does not take.
TRAINING = ("regime", "hidden", "size", "pretraining", "balancing")
#: Training images of each taxon; one has a single image.
COUNTS = {"Alpha": 7, "Beta": 4, "Gamma": 1}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Return 12 training images of three taxa told apart by colour, and 5 others."""
    folder = tmp_path_factory.mktemp("images")
    draw = np.random.default_rng(17)
    hues = {"Alpha": (200, 60, 60), "Beta": (60, 200, 60), "Gamma": (60, 60, 200), None: (99,) * 3}
    parts = [(taxon, "train") for taxon, n in COUNTS.items() for _ in range(n)]
    parts += [("Alpha", "val"), ("Beta", "val"), ("Gamma", "test"), ("Delta", "test")]
    parts += [(None, "train")]
    rows = []
    for i, (taxon, part) in enumerate(parts):
        pattern = draw.integers(-40, 40, (5, 5, 3)) + np.array(hues.get(taxon, (20, 20, 20)))
        path = folder / f"{i:02}.png"
        picture = Image.fromarray(pattern.clip(0, 255).astype(np.uint8))
        picture.resize((41 + i, 43), Image.Resampling.NEAREST).save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rows.append((f"i{i:02}", str(path), digest, taxon, part))
    return pd.DataFrame(rows, columns=["id", "path", "sha256", "taxon", "part"])


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("test_resnet", "none", preprocessing={"image_size": 32})


@pytest.fixture(scope="module")
def trained(images, backbone, tmp_path_factory):
    """Return the outcome of every regime."""
    store = tmp_path_factory.mktemp("store")
    return {
        regime: train_regime(
            images,
            backbone,
            store,
            **OPTIONS | {"regime": regime} | training_of(regime, OPTIONS),
        )
        for regime in ("control", "naive", "wd", "ltr")
    }


def read_all(images, backbone, **changes):
    options = {"colour": "colour", "background": (255, 255, 255), "max_pixels": 10**6, "workers": 0}
    return load_pictures(images, backbone, **options | changes)


@pytest.mark.parametrize("held_bytes", [10**6, 0])
def test_pictures_are_padded_with_the_background_of_the_study(tmp_path, held_bytes):
    path = tmp_path / "long.png"
    Image.new("RGB", (19, 190), (200, 10, 20)).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    whole = load_backbone(
        "test_resnet",
        "none",
        preprocessing={"image_size": 40, "crop_mode": "border", "crop_pct": 1.0},
    )
    table = pd.DataFrame({"path": [str(path)], "sha256": [digest]})
    pictures = read_all(table, whole, background=(0, 90, 90), held_bytes=held_bytes)
    found = pictures[0].permute(1, 2, 0).numpy()
    assert found.shape == (40, 40, 3)
    assert (found[:, [0, 39]] == (0, 90, 90)).all()
    assert (found[[0, 39], 20] == (200, 10, 20)).all()  # end to end


@pytest.fixture(scope="module")
def stored(trained, tmp_path_factory):
    """Return the files of the networks of two regimes."""
    folder = tmp_path_factory.mktemp("stored")
    for regime in ("wd", "ltr"):
        outcome = trained[regime]
        write_checkpoint(folder / regime, outcome.network.state_dict(), outcome.metadata)
    return {regime: folder / regime for regime in ("wd", "ltr")}


def view(images, path, network=None, **changes):
    """Return features of views, two an image; the trained weights come from the file alone."""
    network = network or load_backbone(
        "test_resnet", "none", seed=9, preprocessing={"image_size": 32}
    )
    options = {"n_views": 2, "batch_size": 8, "precision": "float32"}
    options |= {key: OPTIONS[key] for key in OPTIONS if key not in TRAINING}
    return pool_views(
        images, network, *read_checkpoint(path, with_encoder=True), **options | changes
    )


@pytest.fixture(scope="module")
def viewed(images, stored):
    return view(images, stored["wd"])


def weights(outcome, part=""):
    state = outcome.network.state_dict()
    return {name: t.numpy().tobytes() for name, t in state.items() if name.startswith(part)}


def same(one, other):
    assert weights(one) == weights(other)
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    pd.testing.assert_frame_equal(one.norms, other.norms, check_exact=True)
    pd.testing.assert_frame_equal(one.pooled, other.pooled, check_exact=True)


# Batches


def test_an_epoch_sees_every_image_once_and_repeats_one_a_taxon_at_most():
    taxa = np.repeat([0, 1, 2, 3], [101, 29, 7, 1])
    for per_taxon in (2, 3, 5):
        options = {"batch_size": 16, "per_taxon": per_taxon, "seed": 1}
        seen = np.concatenate(taxon_batches(taxa, **options, epoch=0))
        times = np.bincount(seen, minlength=138)
        assert times.min() == 1
        again = pd.Series(times - 1).groupby(taxa).sum()
        assert again.max() == 1
        assert again[3] == 1  # its only image, beside itself


def test_batches_hold_several_images_of_a_taxon_and_several_taxa():
    taxa = np.repeat(np.arange(13), [89, 53, *[11] * 11])
    batches = taxon_batches(taxa, batch_size=24, per_taxon=4, seed=3, epoch=2)
    assert len(batches) == math.ceil(263 / 24)
    for batch in batches:
        counts = np.bincount(taxa[batch], minlength=13)
        assert 20 < len(batch) < 28
        assert counts[counts > 0].min() >= 2
        assert (counts > 0).sum() >= 3
    # The common taxon is spread over the epoch.
    share = [np.mean(taxa[batch] == 0) for batch in batches]
    assert max(share) < 2.2 * 89 / 263


def test_batches_differ_between_epochs_and_seeds_only():
    taxa = np.repeat([0, 1], [17, 11])

    def order(seed, epoch):
        made = taxon_batches(taxa, batch_size=8, per_taxon=4, seed=seed, epoch=epoch)
        return np.concatenate(made).tolist()

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


# Pictures


def test_pictures_are_those_of_the_backbone_before_it_scales_them(images, backbone):
    held = read_all(images, backbone)
    assert held.values.shape == (17, 3, 32, 32)
    assert held.values.dtype == torch.uint8
    scale = backbone.recipe["preprocessing"]
    for row in (0, 4, 13):
        with Image.open(images["path"][row]) as picture:
            expected = backbone.transform(picture.convert("RGB"))
        found = standardise(to_shares(held[row][None]), scale["mean"], scale["std"])
        torch.testing.assert_close(found[0], expected)


@pytest.mark.parametrize("colour", ["colour", "grey"])
@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_in_files_are_those_in_memory(images, backbone, colour, workers):
    held = read_all(images, backbone, colour=colour, workers=workers)
    read = read_all(images, backbone, colour=colour, workers=workers, held_bytes=1000)
    assert isinstance(read, ReadPictures)
    assert len(read) == len(held) == 17
    rows = [np.array([3, 5, 3]), np.array([0, 16])]
    for one, other in zip(held.batches(rows), read.batches(rows), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(held[7], read[7])


def test_grey_is_luminance_in_three_channels(images, backbone):
    pixels = read_all(images, backbone).values.double()
    grey = read_all(images, backbone, colour="grey").values
    assert grey.shape == (17, 1, 32, 32)
    luminance = 0.299 * pixels[:, 0] + 0.587 * pixels[:, 1] + 0.114 * pixels[:, 2]
    assert (grey[:, 0] - luminance).abs().max() < 4  # resizing rounds before or after
    shown = standardise(to_shares(grey), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert shown.shape == (17, 3, 32, 32)
    assert torch.equal(shown[:, 0], shown[:, 2])


def test_an_image_that_changed_since_ingest_is_refused(images, backbone):
    swapped = images.assign(path=[*images["path"][1:], images["path"][0]])
    for held_bytes in (10**9, 1000):
        with pytest.raises(ValueError, match="its content has changed since ingest"):
            read_all(swapped, backbone, held_bytes=held_bytes)


def lacking(_):
    raise MemoryError


def test_lack_of_memory_for_a_picture_names_its_file(images, backbone):
    read = replace(read_all(images, backbone, held_bytes=1000), transform=lacking)
    with pytest.raises(MemoryError, match=rf"^{images['path'][3]}: MemoryError$"):
        read[3]


def test_an_unknown_colour_is_refused(images, backbone):
    with pytest.raises(ValueError, match="colour: found 'red', expected one of colour, grey"):
        read_all(images, backbone, colour="red")


# Augmentation


def checked(n_images=3, size=40):
    draw = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (n_images, 3, size, size), generator=draw, dtype=torch.uint8)


def test_pictures_without_distortion_stay_as_they_are():
    pictures = checked()
    none = {"rotation": 0.0, "scale": 0.0, "noise": 0.0}
    assert torch.equal(distort(pictures, **none, seed=1), pictures / 255)


def test_noise_has_the_standard_deviation_asked_for():
    grey = torch.full((7, 3, 61, 61), 128, dtype=torch.uint8)
    found = distort(grey, rotation=0.0, scale=0.0, noise=0.05, seed=1) - 128 / 255
    assert found.std().item() == pytest.approx(0.05, rel=0.02)
    assert found.mean().item() == pytest.approx(0, abs=0.001)
    assert not torch.equal(found[0], found[1])


def spot(x, y):
    picture = torch.zeros(1, 1, 101, 101, dtype=torch.uint8)
    picture[0, 0, y - 2 : y + 3, x - 2 : x + 3] = 255
    return picture


def centre(picture):
    ticks = torch.arange(101.0) - 50
    total = picture.sum()
    return torch.stack([(picture.sum(0) * ticks).sum(), (picture.sum(1) * ticks).sum()]) / total


def test_rotations_and_sizes_lie_within_their_limits_and_reach_them():
    pictures = spot(70, 50).repeat(211, 1, 1, 1)
    turned = distort(pictures, rotation=20.0, scale=0.0, noise=0.0, seed=1)[:, 0]
    places = torch.stack([centre(picture) for picture in turned])
    angles = torch.rad2deg(torch.atan2(places[:, 1], places[:, 0]))
    torch.testing.assert_close(places.norm(dim=1), torch.full((211,), 20.0), atol=0.3, rtol=0)
    assert angles.abs().max() == pytest.approx(20, abs=0.7)
    assert angles.mean() == pytest.approx(0, abs=2)
    resized = distort(pictures, rotation=0.0, scale=0.3, noise=0.0, seed=1)[:, 0]
    places = torch.stack([centre(picture) for picture in resized])
    assert places[:, 1].abs().max() < 0.1
    assert places[:, 0].min() == pytest.approx(20 * 0.7, abs=0.3)
    assert places[:, 0].max() == pytest.approx(20 * 1.3, abs=0.3)


def test_uncovered_corners_have_the_colour_beside_them():
    plain = torch.full((5, 3, 31, 31), 200, dtype=torch.uint8)
    found = distort(plain, rotation=45.0, scale=0.3, noise=0.0, seed=1)
    torch.testing.assert_close(found, torch.full_like(found, 200 / 255))


def test_distortion_depends_on_its_seed_only():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    one = distort(checked(), **MILD, seed=7)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one, distort(checked(), **MILD, seed=7))
    assert not torch.equal(one, distort(checked(), **MILD, seed=8))
    assert one.min() >= 0
    assert one.max() <= 1


# Network


def test_gradients_reach_every_parameter(backbone):
    # As timm starts it, the last scale of a block is zero, and no gradient passes it at first.
    started = {"model_args": {"zero_init_last": False}, "preprocessing": {"image_size": 32}}
    fresh = load_backbone("test_resnet", "none", **started)
    network = MetricNetwork(fresh, hidden=23, size=11, n_taxa=3, seed=1).train()
    pictures = torch.rand(10, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    taxa = torch.arange(10) % 3
    embeddings, logits = network(pictures)
    assert embeddings.shape == (10, 11)
    assert logits.shape == (10, 3)
    metric = make_metric_loss("reciprocal", distance="plain", epsilon=0.001, margin=0.2)
    (torch.nn.functional.cross_entropy(logits, taxa) + metric(embeddings, taxa)).backward()
    parameters = dict(network.named_parameters())
    assert len(parameters) > 20
    assert [n for n, p in parameters.items() if p.grad is None or not p.grad.any()] == []
    assert not any(p.requires_grad for p in backbone.network.parameters())


def test_the_network_starts_with_the_backbones_features_and_seeded_layers(backbone):
    pictures = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    first, again, other = (
        MetricNetwork(backbone, hidden=23, size=11, n_taxa=3, seed=seed).eval()
        for seed in (1, 1, 2)
    )
    with torch.inference_mode():
        assert torch.equal(first.features(pictures), forward(backbone, pictures))
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)
    assert not torch.equal(first.projection[0].weight, other.projection[0].weight)


def test_joined_layers_are_learned_too(images, tmp_path):
    joined = load_backbone("test_resnet", "none", preprocessing={"image_size": 32}, layers=[1, 3])
    outcome = train_regime(images, joined, tmp_path, **OPTIONS)
    assert outcome.pooled.shape == (17, joined.n_features)
    assert outcome.history["loss"].is_monotonic_decreasing


def test_biases_and_normalisation_layers_do_not_decay(backbone):
    network = MetricNetwork(backbone, hidden=23, size=11, n_taxa=3, seed=1)
    groups = sgd(network, momentum=0.9, weight_decay=0.05).param_groups
    decay = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    names = dict(network.named_parameters())
    assert len(decay) == len(names)
    for name, parameter in names.items():
        assert decay[id(parameter)] == (0.05 if parameter.ndim > 1 else 0.0), name


def test_another_image_size_reaches_the_backbone():
    entry = {"model": "test_resnet", "weights": "none", "preprocessing": {"crop_pct": 1.0}}
    sized = with_image_size(entry, 64)
    assert load_backbone(**sized).image_size == 64
    assert sized["preprocessing"] == {"crop_pct": 1.0, "image_size": 64}
    assert with_image_size(entry, None) == entry
    assert entry["preprocessing"] == {"crop_pct": 1.0}


def test_folded_batch_norms_are_refused_where_the_backbone_would_learn(images, backbone, tmp_path):
    folded = copy.deepcopy(backbone)
    norms = [m for m in folded.network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    refuse_folded_norms(folded.network, "a.key")  # untrained: statistics alike, no bias learned
    norms[-1].bias[2] = 0.5
    for regime in ("naive", "wd", "ltr"):
        with pytest.raises(ValueError, match=r"genetic.backbone: .* is folded into"):
            train_regime(images, folded, tmp_path, **OPTIONS | {"regime": regime})
    train_regime(images, folded, tmp_path, **OPTIONS | {"regime": "control"})
    norms[0].running_var[1] = 1.1
    refuse_folded_norms(folded.network, "a.key")


# Regimes


def test_loss_falls_and_taxa_are_found_on_eight_images(images, backbone, tmp_path):
    eight = pd.concat([images[:4], images[7:11]])
    options = {"epochs": 25, "loss_weight": 0.1, "weight_decay": 0.0}
    pretraining = {"pretraining": PRETRAINING | options}
    history = train_regime(eight, backbone, tmp_path, **OPTIONS | pretraining).history
    assert list(history["epoch"]) == list(range(1, 26))
    assert history["loss"].iloc[-1] < 0.6 * history["loss"].iloc[0]
    assert history["metric_loss"].iloc[-1] < history["metric_loss"].iloc[0]
    assert history["accuracy"].iloc[-5:].mean() > 0.9
    assert history["val_accuracy"].isna().all()  # there is no validation image
    assert (history["learning_rate"].diff()[1:] < 0).all()
    total = history["cross_entropy"] + 0.1 * history["metric_loss"]
    assert history["loss"].to_numpy() == pytest.approx(total.to_numpy(), rel=1e-5)


def test_control_leaves_the_encoder_untouched_and_trains_nothing(images, backbone, trained):
    control = trained["control"]
    start = backbone.network.state_dict()
    state = control.network.state_dict()
    assert all(torch.equal(state[f"encoder.{name}"], tensor) for name, tensor in start.items())
    assert control.history.empty
    assert set(control.norms["epoch"]) == {0}
    pictures = [backbone.transform(Image.open(path).convert("RGB")) for path in images["path"]]
    with torch.inference_mode():
        expected = forward(backbone, torch.stack(pictures)).numpy()
    np.testing.assert_allclose(control.pooled.xs(0, level="repeat"), expected, atol=1e-5)


def test_regimes_start_alike_and_end_apart(trained):
    starts = [outcome.norms.query("epoch == 0").to_numpy().tolist() for outcome in trained.values()]
    assert all(start == starts[0] for start in starts)
    embeddings = [
        project(outcome.network.projection, outcome.pooled.to_numpy())
        for outcome in trained.values()
    ]
    for i in range(4):
        for j in range(i):
            assert np.abs(embeddings[i] - embeddings[j]).max() > 1e-4
    # Naive weights do not decay; those of wd do.
    length = {
        name: outcome.network.projection[0].weight.norm() for name, outcome in trained.items()
    }
    assert length["wd"] < length["naive"]


def test_second_stage_touches_the_head_alone(images, backbone, trained, tmp_path):
    none = {"balancing": BALANCING | {"epochs": 0}, "regime": "ltr"}
    first = train_regime(images, backbone, tmp_path, **OPTIONS | none)
    for part in ("encoder.", "projection."):
        assert weights(first, part) == weights(trained["ltr"], part)
    assert weights(first, "head.") != weights(trained["ltr"], "head.")
    assert list(trained["ltr"].history["phase"]) == ["network"] * 3 + ["head"] * 2
    assert list(trained["wd"].history["phase"]) == ["network"] * 3


def test_norms_lie_within_the_radius_after_every_epoch(images, backbone, tmp_path, monkeypatch):
    radii, project_layers = [], training.project_layers

    def measured(layers, share):
        norms = [layer.weight.detach().norm(dim=1) for layer in layers]
        radii.append([max_norm_radius(values, share) for values in norms])
        project_layers(layers, share)
        for layer, radius in zip(layers, radii[-1], strict=True):
            assert layer.weight.detach().norm(dim=1).max() <= radius * (1 + 1e-6)

    monkeypatch.setattr(training, "project_layers", measured)
    outcome = train_regime(images, backbone, tmp_path, **OPTIONS | {"regime": "ltr"})
    assert len(radii) == 3
    assert all(len(of_layers) == 3 for of_layers in radii)
    norms = outcome.norms.query("phase == 'network' and epoch > 0").groupby("epoch")["norm"].max()
    assert (norms.to_numpy() <= np.array(radii)[:, 2] * (1 + 1e-6)).all()
    # The second stage keeps to the radius of the rows that it starts from.
    last = outcome.norms.query("phase == 'network' and epoch == 3")["norm"]
    limit = last.min() + 0.1 * (last.max() - last.min())
    assert outcome.norms.query("phase == 'head'")["norm"].max() <= limit * (1 + 1e-6)


def test_norms_name_taxa_and_their_training_images(trained):
    norms = trained["ltr"].norms
    assert len(norms) == 3 * (1 + 3 + 2)
    for _, rows in norms.groupby(["phase", "epoch"]):
        assert dict(zip(rows["taxon"], rows["n_images"], strict=True)) == COUNTS
    final = norms.query("phase == 'head' and epoch == 2")["norm"].to_numpy()
    head = trained["ltr"].network.head.weight.norm(dim=1).numpy()
    assert final == pytest.approx(head)


def test_pooled_features_are_of_all_images_and_of_views_of_training_images(images, trained, viewed):
    pooled = trained["wd"].pooled
    assert list(pooled.index) == [(name, 0) for name in images["id"]]
    learned = images.loc[(images["part"] == "train") & images["taxon"].notna(), "id"]
    assert list(viewed.index) == [(name, repeat) for repeat in (1, 2) for name in learned]
    clean, *views = pooled.loc[("i03", 0)], viewed.loc[("i03", 1)], viewed.loc[("i03", 2)]
    for one, other in ((clean, views[0]), (clean, views[1]), views):
        assert np.abs(one - other).max() > 0
        assert np.corrcoef(one, other)[0, 1] > 0.5


def test_undistorted_views_have_the_features_of_the_trained_network(images, trained, stored):
    still = view(images, stored["ltr"], n_views=1, augmentation=dict.fromkeys(MILD, 0.0))
    clean = trained["ltr"].pooled.loc[[(name, 0) for name in still.index.get_level_values("id")]]
    np.testing.assert_allclose(still, clean, atol=1e-5)


def test_views_depend_on_content_seed_and_repeat_alone(images, stored, viewed):
    few = view(images.iloc[4:].sample(frac=1, random_state=3), stored["wd"], n_views=1)
    assert few.to_numpy().tobytes() == viewed.loc[few.index].to_numpy().tobytes()
    other = view(images, stored["wd"], seed=6)
    assert (np.abs(other - viewed).max(axis=1) > 0).all()


def test_views_of_another_network_are_refused(images, stored):
    other = load_backbone("test_efficientnet", "none", preprocessing={"image_size": 32})
    with pytest.raises(RuntimeError, match="encoder"):
        view(images, stored["wd"], other)


def test_embeddings_do_not_depend_on_the_batch(images, trained):
    outcome = trained["naive"]
    projection, pooled = outcome.network.projection, outcome.pooled.to_numpy()
    together = project(projection, pooled)
    alone = np.concatenate([project(projection, row[None]) for row in pooled])
    assert together.tobytes() == alone.tobytes()
    assert together.shape == (17, 11)


def test_pooling_evaluates_and_leaves_the_network_as_it_was(images, backbone, trained):
    network = copy.deepcopy(trained["naive"].network).train()
    before = {name: t.clone() for name, t in network.state_dict().items()}
    options = {"colour": "colour", "background": (255,) * 3, "max_pixels": 10**6, "workers": 0}
    views = load_views(images, backbone, MILD, seed=5, **options)
    options = {"device": torch.device("cpu"), "dtype": torch.float32, "workers": 0}
    found = pool_features(network, views, [(12, 0), (13, 0)], batch_size=8, **options)
    expected = trained["naive"].pooled.loc[[("i12", 0), ("i13", 0)]].to_numpy()
    assert found.tobytes() == expected.tobytes()
    assert network.training
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
    # The head's accuracy on validation images is that of the trained network, in eval mode.
    accuracy = head_accuracy(trained["naive"].network, found, np.array([0, 1]))
    assert trained["naive"].history["val_accuracy"].iloc[-1] == accuracy


def test_pooled_features_do_not_depend_on_the_neighbours(images, backbone, tmp_path):
    options = OPTIONS | {"regime": "control"}
    many = train_regime(images, backbone, tmp_path, **options).pooled
    few = train_regime(images[3:], backbone, tmp_path, **options).pooled
    assert few.to_numpy().tobytes() == many.loc[few.index].to_numpy().tobytes()


def test_order_of_images_and_pictures_in_files_do_not_matter(
    images, backbone, trained, tmp_path, monkeypatch
):
    mixed = images.sample(frac=1, random_state=3)
    same(train_regime(mixed, backbone, tmp_path / "mixed", **OPTIONS), trained["naive"])
    load = load_pictures
    monkeypatch.setattr(
        "visgen.visual_genetic.regimes.views.load_pictures",
        lambda *given, **options: load(*given, **options, held_bytes=1000),
    )
    options = OPTIONS | {"workers": 2}
    same(train_regime(images, backbone, tmp_path / "read", **options), trained["naive"])


@pytest.mark.parametrize("n_epochs", [0, 1, 2])
def test_a_killed_training_goes_on_to_the_same_bytes(
    images, backbone, trained, tmp_path, monkeypatch, n_epochs
):
    options, epoch, done = OPTIONS | {"regime": "ltr"}, training.train_epoch, []

    def count_and_die(*arguments, **keywords):
        if len(done) == n_epochs:
            raise KeyboardInterrupt
        done.append(1)
        return epoch(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(training, "train_epoch", count_and_die)
        with pytest.raises(KeyboardInterrupt):
            train_regime(images, backbone, tmp_path, **options)
        # What is left is done, and no more.
        done[:] = []
        patch.setattr(training, "train_epoch", lambda *a, **k: done.append(1) or epoch(*a, **k))
        again = train_regime(images, backbone, tmp_path, **options)
    assert len(done) == 3 - n_epochs
    same(again, trained["ltr"])
    assert (again.checkpoint.folder / "checkpoint.pt").is_file()
    again.checkpoint.discard()
    assert not again.checkpoint.folder.exists()


def test_a_training_killed_in_its_second_stage_goes_on(
    images, backbone, trained, tmp_path, monkeypatch
):
    options = OPTIONS | {"regime": "ltr"}
    with monkeypatch.context() as patch:
        patch.setattr(regimes, "second_stage", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train_regime(images, backbone, tmp_path, **options)
    same(train_regime(images, backbone, tmp_path, **options), trained["ltr"])


@pytest.mark.parametrize(
    "change", [{"seed": 6}, {"augmentation": MILD | {"noise": 0.1}}, {"colour": "grey"}]
)
def test_another_recipe_gives_other_weights(images, backbone, trained, tmp_path, change):
    other = train_regime(images, backbone, tmp_path, **OPTIONS | change)
    assert weights(other) != weights(trained["naive"])
    assert other.checkpoint.folder.name != trained["naive"].checkpoint.folder.name


def test_the_backbone_and_the_global_generator_are_left_alone(images, backbone, tmp_path):
    before = {name: t.clone() for name, t in backbone.network.state_dict().items()}
    torch.manual_seed(3)
    state = torch.get_rng_state()
    train_regime(images, backbone, tmp_path, **OPTIONS | {"regime": "ltr"})
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[n], t) for n, t in backbone.network.state_dict().items())


@pytest.mark.parametrize("loss", ["reciprocal", "triplet", "contrastive", "none"])
@pytest.mark.parametrize("still", [MILD, {"rotation": 0.0, "scale": 0.0, "noise": 0.0}])
def test_one_image_a_species_is_no_number_lost(images, backbone, tmp_path, loss, still):
    singles = images.iloc[[0, 8, 11, 12]]  # three species with a training image each
    pretraining = PRETRAINING | {"loss": loss, "distance": "squared"}
    options = {"pretraining": pretraining, "augmentation": still, "regime": "ltr"}
    outcome = train_regime(singles, backbone, tmp_path, **OPTIONS | options)
    assert np.isfinite(outcome.history["loss"]).all()
    assert np.isfinite(outcome.pooled.to_numpy()).all()
    assert np.isfinite(outcome.norms["norm"]).all()


def test_a_loss_that_is_no_number_stops_the_training(images, backbone, tmp_path):
    wild = {"pretraining": PRETRAINING | {"learning_rate": 1e30}}
    with pytest.raises(ValueError, match=r"the loss is nan in epoch \d of 3; .*learning_rate may"):
        train_regime(images, backbone, tmp_path, **OPTIONS | wild)


@pytest.mark.parametrize("regime", ["best", "frozen"])
def test_a_regime_that_sees_no_image_or_is_unknown_is_refused(images, backbone, tmp_path, regime):
    message = f"regime: found '{regime}', expected one of control, naive, wd, ltr$"
    with pytest.raises(ValueError, match=message):
        train_regime(images, backbone, tmp_path, **OPTIONS | {"regime": regime})


def test_sums_are_kept_where_they_are_made_but_for_devices_without_float64(monkeypatch):
    devices = [torch.device(name) for name in ("cpu", "cuda", "mps")]
    assert [steps.summing_device(device).type for device in devices] == ["cpu", "cuda", "cpu"]
    asked = []
    monkeypatch.setattr(steps, "summing_device", lambda device: asked.append(device) or device)
    network = FrozenNetwork(7, hidden=5, size=3, n_taxa=2, seed=1)
    features, taxa = torch.ones(4, 7), torch.tensor([0, 1, 1, 1])
    means = steps.train_epoch(
        network,
        sgd(network, momentum=0.0, weight_decay=0.0),
        make_metric_loss("none", distance="plain", epsilon=0.001, margin=0.2),
        iter([(features[:1], taxa[:1]), (features[1:], taxa[1:])]),
        rates=[0.0, 0.0],
        loss_weight=0.0,
        dtype=torch.float32,
        seeds=[1, 2],
    )
    assert asked == [torch.device("cpu")] * 2
    # Means over images, whatever the size of their batch; all four have the same features.
    shares = network(features)[1].detach()[0].softmax(0)
    assert means["cross_entropy"] == pytest.approx(-(shares.log() @ torch.tensor([0.25, 0.75])))
    assert means["accuracy"] == (0.25 if shares[0] > shares[1] else 0.75)


def test_bfloat16_learns_too(images, backbone, tmp_path):
    half = {"pretraining": PRETRAINING | {"precision": "bfloat16"}, "regime": "ltr"}
    outcome = train_regime(images, backbone, tmp_path, **OPTIONS | half)
    assert outcome.history["loss"].iloc[2] < outcome.history["loss"].iloc[0]
    assert outcome.pooled.to_numpy().dtype == np.float32


# Labels and files


def test_taxa_without_training_images_have_no_row(images):
    made = images.assign(part=images["part"].where(images["taxon"] != "Beta", "unseen"))
    labels = label_images(made)
    assert labels.n_images == {"Alpha": 7, "Gamma": 1}
    assert list(made["taxon"][labels.train]) == ["Alpha"] * 7 + ["Gamma"]
    assert list(labels.codes[:7]) == [0] * 7
    assert (labels.codes[7:11] == -1).all()
    assert list(labels.val) == [12]


@pytest.mark.parametrize("known", [["Alpha"], []])
def test_fewer_than_two_taxa_train_nothing(images, backbone, tmp_path, known):
    made = images.assign(part=images["part"].where(images["taxon"].isin(known), "unseen"))
    outcome = train_regime(made, backbone, tmp_path, **OPTIONS | {"regime": "ltr"})
    assert outcome.metadata["taxa"] == known
    assert outcome.history.empty and len(outcome.pooled) == len(images)
    write_checkpoint(tmp_path / "network", outcome.network.state_dict(), outcome.metadata)
    views = view(made, tmp_path / "network")
    assert len(views) == 2 * sum(COUNTS[taxon] for taxon in known)


def test_results_come_back_and_are_the_same_bytes_twice(trained, tmp_path):
    names = {
        "checkpoint": "checkpoint.safetensors",
        "history": "history.tsv",
        "norms": "norms.tsv",
        "pooled": "pooled.npz",
    }
    outcome = trained["ltr"]
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        write_regime({k: tmp_path / folder / v for k, v in names.items()}, outcome)
    for name in names.values():
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    tensors, metadata = read_checkpoint(tmp_path / "first/checkpoint.safetensors")
    assert metadata["taxa"] == ["Alpha", "Beta", "Gamma"]
    assert [metadata[key] for key in ("n_features", "hidden", "size")] == [96, 23, 11]
    assert metadata["regime"] == "ltr"
    with safe_open(tmp_path / "first/checkpoint.safetensors", "pt") as stored:
        parts = {name.split(".")[0] for name in stored.keys()}  # noqa: SIM118
    assert parts == {"encoder", "projection", "head"}
    assert {name.split(".")[0] for name in tensors} == {"projection", "head"}
    pooled = read_pooled(tmp_path / "first/pooled.npz")
    pd.testing.assert_frame_equal(pooled, outcome.pooled, check_exact=True)
    network = build_projection(tensors, "none", 11)
    embeddings = project(network.projection, pooled.to_numpy())
    assert embeddings.tobytes() == project(outcome.network.projection, pooled.to_numpy()).tobytes()
    assert torch.equal(network.head.weight, outcome.network.head.weight)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "first/norms.tsv"), outcome.norms, check_dtype=False
    )


def test_a_regime_is_read_without_its_encoder(tmp_path):
    tensors = {"encoder.weight": torch.ones(2), "head.bias": torch.ones(3, dtype=torch.bfloat16)}
    write_checkpoint(tmp_path / "own", tensors, {"taxa": ["é"]})
    found, metadata = read_checkpoint(tmp_path / "own")
    assert list(found) == ["head.bias"]
    assert found["head.bias"].dtype == torch.float32
    assert metadata == {"taxa": ["é"]}
    whole, _ = read_checkpoint(tmp_path / "own", with_encoder=True)
    assert torch.equal(whole["encoder.weight"], tensors["encoder.weight"])
    assert set(whole) == set(tensors)
    save_file(tensors, tmp_path / "foreign", metadata={"format": "pt"})
    with pytest.raises(
        ValueError, match=r"foreign: found the metadata \['format'\], expected an entry"
    ):
        read_checkpoint(tmp_path / "foreign")


def test_pooled_features_come_back_by_name(tmp_path):
    values = np.arange(15, dtype=np.float32).reshape(3, 5)
    path = tmp_path / "pooled.npz"
    np.savez(path, id=np.array(["007", "007", "b"]), repeat=np.array([0, 1, 0]), values=values)
    assert read_pooled(path).loc[("007", 1)].tolist() == [5, 6, 7, 8, 9]
    np.savez(path, id=np.array(["a", "a", "b"]), repeat=np.array([0, 0, 0]), values=values)
    with pytest.raises(ValueError, match=r"\('a', .*0.*\) is there twice, expected once"):
        read_pooled(path)
    values[2, 1] = np.inf
    np.savez(path, id=np.array(["a", "a", "b"]), repeat=np.array([0, 1, 0]), values=values)
    with pytest.raises(ValueError, match=r"features of \('b', .*0.*\) are not finite"):
        read_pooled(path)


@pytest.mark.parametrize(("regime", "decay"), [("naive", 0.0), ("wd", 0.05), ("ltr", 0.05)])
def test_weights_decay_but_for_naive(images, backbone, tmp_path, monkeypatch, regime, decay):
    def train(*args, weight_decay, **options):
        raise InterruptedError(weight_decay)

    monkeypatch.setattr(regimes, "train_network", train)
    with pytest.raises(InterruptedError) as found:
        train_regime(images, backbone, tmp_path, **OPTIONS | {"regime": regime})
    assert found.value.args == (decay,)
