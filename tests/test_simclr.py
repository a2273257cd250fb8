import copy
import hashlib
import math

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from visgen.features.backbones import forward, load_backbone
from visgen.features.framing import Framing
from visgen.features.simclr import training
from visgen.features.simclr.network import Projected, contrastive_accuracy, nt_xent
from visgen.features.simclr.results import history_row, write_weights
from visgen.features.simclr.training import train_simclr
from visgen.features.simclr.views import Normaliser, ViewPairs, view_transform
from visgen.machine.checkpoints import open_checkpoint
from visgen.machine.schedule import Batches, share_of_rate

FRAMING = Framing(32, "center", 1.0, "bicubic")
VIEWS = {"crop": 0.3, "flip": 0.5, "colour": 0.4, "hue": 0.05, "grey": 0.1}
OPTIONS = {
    "epochs": 2,
    "batch_size": 7,
    "temperature": 0.5,
    "projector": {"hidden": 23, "size": 11},
    "learning_rate": 0.003,
    "weight_decay": 0.01,
    "augmentation": VIEWS,
    "precision": "float32",
    "seed": 5,
    "background": (255, 255, 255),
    "max_pixels": 10**6,
    "workers": 0,
}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Return a table of 13 images, each of another colour and pattern."""
    folder = tmp_path_factory.mktemp("images")
    draw = np.random.default_rng(17)
    rows = []
    for i in range(13):
        pattern = draw.integers(0, 256, (3, 3, 3), dtype=np.uint8)
        path = folder / f"{i:02}.png"
        Image.fromarray(pattern).resize((37 + i, 41), Image.Resampling.NEAREST).save(path)
        rows.append((str(path), hashlib.sha256(path.read_bytes()).hexdigest()))
    return pd.DataFrame(rows, columns=["path", "sha256"])


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("test_resnet", "none", preprocessing={"image_size": 32})


@pytest.fixture(scope="module")
def trained(images, backbone, tmp_path_factory):
    return train_simclr(images, backbone, tmp_path_factory.mktemp("store"), **OPTIONS)


def weights(pretraining):
    return {name: t.numpy().tobytes() for name, t in pretraining.network.state_dict().items()}


def projections(n_images=5, size=7, seed=3):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(2, n_images, size, generator=draw)


def view_pairs(images, **changes):
    transform = view_transform(32, **VIEWS | changes)
    paths, digests = tuple(images["path"]), tuple(images["sha256"])
    return ViewPairs(paths, digests, transform, FRAMING, 5, (255, 255, 255), 10**6)


@pytest.mark.parametrize(("crop_mode", "size"), [("border", (190, 190)), ("center", (190, 23))])
def test_views_are_drawn_from_the_padded_picture_so_that_one_may_show_it_all(
    tmp_path, crop_mode, size
):
    path = tmp_path / "long.png"
    Image.new("RGB", (190, 23), (200, 10, 20)).save(path)
    digest, given = hashlib.sha256(path.read_bytes()).hexdigest(), []

    def watched(image):
        given.append(image)
        return torch.zeros(3, 64, 64, dtype=torch.uint8)

    framing = Framing(64, crop_mode, 1.0, "bicubic")
    ViewPairs((path,), (digest,), watched, framing, 5, (0, 90, 90), 10**6)[0, 0]
    assert [image.size for image in given] == [size] * 2
    n_red = (np.asarray(given[0])[..., 0] == 200).sum()
    assert n_red == 190 * 23
    corner = given[0].getpixel((0, 0))
    assert corner == ((0, 90, 90) if crop_mode == "border" else (200, 10, 20))


def test_loss_is_that_of_a_plain_loop():
    first, second = projections()
    views = [view / view.norm() for view in (*first, *second)]
    terms = []
    for i, view in enumerate(views):
        similar = [math.exp(float(view @ other) / 0.3) for other in views]
        partner = similar[(i + 5) % 10]
        terms.append(-math.log(partner / (sum(similar) - similar[i])))
    assert nt_xent(0.3)(first, second).item() == pytest.approx(sum(terms) / 10, rel=1e-5)


def test_views_without_meaning_have_the_loss_of_chance():
    first, second = projections(n_images=101, size=997)
    assert nt_xent(0.5)(first, second).item() == pytest.approx(math.log(201), abs=0.02)


def test_accuracy_is_the_share_of_views_next_to_their_partner():
    first = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.1]])
    second = torch.tensor([[3.0, 0.1], [0.1, 2.0], [0.0, -1.0]])
    # Both views of the first and second image find each other; the third's do not.
    assert contrastive_accuracy(first, second).item() == pytest.approx(4 / 6)
    assert contrastive_accuracy(second, first).item() == pytest.approx(4 / 6)


def test_gradient_reaches_every_parameter(backbone):
    # As timm starts it, the last scale of a block is zero, and no gradient passes it at first.
    started = {"model_args": {"zero_init_last": False}, "preprocessing": {"image_size": 32}}
    encoder = load_backbone("test_resnet", "none", **started).network
    encoder.requires_grad_(True).train()
    network = Projected(encoder, backbone.n_features, hidden=23, size=11, seed=1)
    out = network(torch.rand(10, 3, 32, 32, generator=torch.Generator().manual_seed(1)))
    assert out.shape == (10, 11)
    nt_xent(0.5)(*out.chunk(2)).backward()
    parameters = dict(network.named_parameters())
    assert len(parameters) > 20
    assert [name for name, p in parameters.items() if p.grad is None or not p.grad.any()] == []


def test_every_image_is_seen_once_an_epoch_in_batches_of_one_size():
    batches = list(Batches(n_images=101, batch_size=25, epochs=3, seed=1))
    assert [len(batch) for batch in batches[:5]] == [21, 20, 20, 20, 20]
    for epoch in range(3):
        seen = [key for batch in batches[5 * epoch : 5 * epoch + 5] for key in batch]
        assert sorted(seen) == [(epoch, row) for row in range(101)]
    assert batches[0] != [(0, row) for _, row in batches[5]]  # another order in each epoch
    for start in (0, 4, 5, 7, 15):
        rest = Batches(n_images=101, batch_size=25, epochs=3, seed=1, start=start)
        assert list(rest) == batches[start:]
        assert len(rest) == len(batches[start:])


def test_few_images_are_one_batch():
    assert [len(batch) for batch in Batches(7, 256, 2, 1)] == [7, 7]


def test_rate_rises_to_its_largest_value_and_falls_to_zero():
    shares = [share_of_rate(step, 100, 10) for step in range(100)]
    assert shares[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert shares[10] == 1
    assert (np.diff(shares[10:]) < 0).all()
    assert shares[55] == pytest.approx(0.5)
    assert 0 < shares[-1] < 0.001
    assert share_of_rate(0, 100, 0) == 1


def test_means_of_an_epoch_weigh_its_steps_by_their_images():
    row = history_row(3, [[3, 1.0, 0.5, 0.1], [2, 2.0, 1.0, 0.2]])
    chance = (3 * math.log(5) + 2 * math.log(3)) / 5
    assert row == pytest.approx([3, 1.4, chance, 0.7, (3 / 5 + 2 / 3) / 5, 0.2])


def test_views_depend_on_epoch_image_and_number_only(images):
    pairs = view_pairs(images)
    turned = view_pairs(images[::-1])
    first, second = pairs[2, 4]
    assert first.shape == second.shape == (3, 32, 32)
    assert first.dtype == torch.uint8
    assert not torch.equal(first, second)
    assert not torch.equal(first, pairs[3, 4][0])
    torch.manual_seed(99)  # of the process, which does not matter
    state = torch.get_rng_state()
    assert all(map(torch.equal, turned[2, 8], (first, second)))
    assert torch.equal(torch.get_rng_state(), state)


def test_views_without_alterations_are_the_picture(images):
    none = {"crop": 1.0, "flip": 0.0, "colour": 0.0, "hue": 0.0, "grey": 0.0}
    square = images[4:5]  # 41 x 41 pixels
    first, second = view_pairs(square, **none)[0, 0]
    picture = Image.open(square["path"].iloc[0]).resize((32, 32), Image.Resampling.BICUBIC)
    expected = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    # The crop's aspect ratio is drawn even where its area is not.
    assert (first.float() - expected.float()).abs().mean() < 40
    assert (second.float() - expected.float()).abs().mean() < 40


def test_views_are_scaled_as_the_backbone_scales_its_images(images):
    scale = {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7]}
    backbone = load_backbone("test_resnet", "none", preprocessing=scale | {"image_size": 41})
    picture = Image.open(images["path"][4]).convert("RGB")  # 41 x 41 pixels: nothing is resized
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    found = Normaliser(scale["mean"], scale["std"], torch.device("cpu"))(pixels)
    recipe = backbone.recipe["preprocessing"]
    assert (recipe["mean"], recipe["std"]) == (scale["mean"], scale["std"])
    backbone = load_backbone(
        "test_resnet", "none", preprocessing=scale | {"image_size": 41, "crop_pct": 1.0}
    )
    torch.testing.assert_close(found[0], backbone.transform(picture))


def test_loss_falls_and_partners_are_found(images, backbone, tmp_path):
    mild = {"crop": 0.8, "flip": 0.5, "colour": 0.1, "hue": 0.0, "grey": 0.0}
    options = {"epochs": 12, "batch_size": 13, "temperature": 0.2, "augmentation": mild}
    history = train_simclr(images, backbone, tmp_path, **OPTIONS | options).history
    assert list(history["epoch"]) == list(range(1, 13))
    assert history["chance_loss"].to_numpy() == pytest.approx(math.log(25))
    assert history["loss"].iloc[-1] < history["loss"].iloc[0] - 0.5
    assert history["loss"].iloc[-1] < history["chance_loss"].iloc[-1] - 0.5
    assert history["top1"].iloc[-3:].mean() > history["top1"].iloc[0] + 0.2


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_and_order_of_images_do_not_matter(images, backbone, trained, tmp_path, workers):
    mixed = images.sample(frac=1, random_state=3)
    again = train_simclr(mixed, backbone, tmp_path, **OPTIONS | {"workers": workers})
    assert weights(again) == weights(trained)
    pd.testing.assert_frame_equal(again.history, trained.history, check_exact=True)


@pytest.mark.parametrize(
    "change", [{"seed": 6}, {"temperature": 0.2}, {"augmentation": VIEWS | {"crop": 0.9}}]
)
def test_another_recipe_gives_other_weights(images, backbone, trained, tmp_path, change):
    other = train_simclr(images, backbone, tmp_path, **OPTIONS | change)
    assert weights(other) != weights(trained)
    assert other.checkpoint.folder.name != trained.checkpoint.folder.name


def test_the_backbone_and_the_global_generator_are_left_alone(images, backbone, tmp_path):
    before = {name: t.clone() for name, t in backbone.network.state_dict().items()}
    torch.manual_seed(3)
    state = torch.get_rng_state()
    train_simclr(images, backbone, tmp_path, **OPTIONS | {"epochs": 1})
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[n], t) for n, t in backbone.network.state_dict().items())
    assert not any(p.requires_grad for p in backbone.network.parameters())


@pytest.mark.parametrize("n_steps", [1, 2, 3, 4])
def test_a_killed_training_goes_on_to_the_same_bytes(
    images, backbone, trained, tmp_path, monkeypatch, n_steps
):
    done, accuracy = [], training.contrastive_accuracy

    def count_and_die(*arguments):
        if len(done) == n_steps:
            raise KeyboardInterrupt
        done.append(1)
        return accuracy(*arguments)

    options = OPTIONS | {"checkpoint_seconds": 0.0}  # four steps in all
    with monkeypatch.context() as patch:
        patch.setattr(training, "contrastive_accuracy", count_and_die)
        if n_steps < 4:
            with pytest.raises(KeyboardInterrupt):
                train_simclr(images, backbone, tmp_path, **options)
        else:
            train_simclr(images, backbone, tmp_path, **options)
        # What is left is done, and no more.
        done[:] = []
        patch.setattr(training, "contrastive_accuracy", lambda *a: done.append(1) or accuracy(*a))
        again = train_simclr(images, backbone, tmp_path, **options)
    assert len(done) == 4 - n_steps
    assert weights(again) == weights(trained)
    pd.testing.assert_frame_equal(again.history, trained.history, check_exact=True)
    assert (again.checkpoint.folder / "checkpoint.pt").is_file()
    again.checkpoint.discard()
    assert not again.checkpoint.folder.exists()


def test_checkpoints_are_written_no_oftener_than_asked(images, backbone, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(training.open_checkpoint(tmp_path, {}, 1).__class__, "write",
                        lambda _, state: written.append(state["step"]))  # fmt: skip
    train_simclr(images, backbone, tmp_path, **OPTIONS)
    assert written == [4]  # at the end
    train_simclr(images, backbone, tmp_path, **OPTIONS | {"checkpoint_seconds": 0.0})
    assert written == [4, 1, 2, 3, 4]


def test_a_damaged_checkpoint_is_named(tmp_path):
    checkpoint = open_checkpoint(tmp_path, {"seed": 1}, 60.0)
    assert checkpoint.read() is None
    checkpoint.write({"step": 3, "network": {"w": torch.ones(2)}})
    assert checkpoint.read()["step"] == 3
    path = checkpoint.folder / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"checkpoint\.pt: found a damaged checkpoint; remove it"):
        checkpoint.read()


def test_weights_come_back_with_the_features_of_the_trained_network(trained, tmp_path):
    write_weights(tmp_path / "weights.safetensors", trained)
    backbone = load_backbone(
        "test_resnet", tmp_path / "weights.safetensors", preprocessing={"image_size": 64}
    )
    pictures = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = trained.network(pictures)
        assert torch.equal(forward(backbone, pictures), expected)
    with safe_open(tmp_path / "weights.safetensors", "pt") as file:
        assert '"n_images": 13' in file.metadata()["simclr"]
        assert not any("projector" in name for name in file.keys())  # noqa: SIM118


def test_the_same_training_writes_the_same_file(images, backbone, trained, tmp_path):
    write_weights(tmp_path / "first", trained)
    write_weights(tmp_path / "second", train_simclr(images, backbone, tmp_path, **OPTIONS))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.parametrize("model", ["test_vit", "test_convnext"])
def test_other_kinds_of_network_learn_at_one_size_and_are_used_at_another(images, tmp_path, model):
    backbone = load_backbone(model, "none", preprocessing={"image_size": 32})
    trained = train_simclr(images, backbone, tmp_path, **OPTIONS | {"precision": "bfloat16"})
    write_weights(tmp_path / "weights.safetensors", trained)
    file = tmp_path / "weights.safetensors"
    assert load_backbone(model, file, preprocessing={"image_size": 64}).n_features > 1


def test_folded_batch_norms_are_refused(images, backbone, tmp_path):
    folded = copy.deepcopy(backbone)
    norm = next(m for m in folded.network.modules() if isinstance(m, torch.nn.BatchNorm2d))
    norm.bias[1] = 0.5
    with pytest.raises(ValueError, match=r"simclr.initial_weights: .* is folded into"):
        train_simclr(images, folded, tmp_path, **OPTIONS)


def test_too_few_images_are_refused(images, backbone, tmp_path):
    with pytest.raises(ValueError, match="simclr: found 1 images, expected 2 or more"):
        train_simclr(images[:1], backbone, tmp_path, **OPTIONS)


def test_an_image_that_is_there_twice_is_refused(images, backbone, tmp_path):
    twice = pd.concat([images, images[3:4]])
    with pytest.raises(ValueError, match=f"sha256 '{images['sha256'][3]}' is there twice"):
        train_simclr(twice, backbone, tmp_path, **OPTIONS)


def test_an_image_that_changed_since_ingest_is_refused(images, backbone, tmp_path):
    swapped = images.assign(path=[*images["path"][1:], images["path"][0]])
    with pytest.raises(ValueError, match="its content has changed since ingest"):
        train_simclr(swapped, backbone, tmp_path, **OPTIONS)


def test_an_image_that_vanished_is_named(images, backbone, tmp_path):
    gone = images.assign(path=[*images["path"][:12], str(tmp_path / "gone.png")])
    with pytest.raises(ValueError, match=r"gone\.png: missing_file"):
        train_simclr(gone, backbone, tmp_path, **OPTIONS)


def lacking(_):
    raise MemoryError


def test_lack_of_memory_for_a_view_names_its_file(images):
    paths, digests = tuple(images["path"]), tuple(images["sha256"])
    pairs = ViewPairs(paths, digests, lacking, FRAMING, 1, (255, 255, 255), 10**6)
    with pytest.raises(MemoryError, match=rf"^{images['path'][3]}: MemoryError$"):
        pairs[0, 3]


def test_a_loss_that_is_no_number_stops_the_training(images, backbone, tmp_path):
    with pytest.raises(ValueError, match=r"the loss is nan in step \d+ of .* simclr.learning_rate"):
        train_simclr(images, backbone, tmp_path, **OPTIONS | {"learning_rate": 1e30})
