import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from visgen.configuration.checks.models import check_models
from visgen.features.backbones import forward, load_backbone
from visgen.features.options import file_name, model_called
from visgen.features.pretrained import fetch_pretrained

ROOT = Path(__file__).parents[1]
SHARED = Path(__file__).parents[2] / "shared"
MOTHS = SHARED / "data/moths"
MOBILENET = SHARED / "weights/mobilenetv2_100.imagenet.safetensors"


def pictures(n_images, side, seed=11):
    return torch.randn(n_images, 3, side, side, generator=torch.Generator().manual_seed(seed))


def look(backbone, images):
    with torch.inference_mode():
        return forward(backbone, images)


@pytest.fixture
def trained():
    """A network with weights that no seed of load_backbone gives."""
    torch.manual_seed(101)
    network = timm.create_model("test_resnet")
    for buffer in network.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    return network.eval()


@pytest.fixture
def pth(trained, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(trained.state_dict(), path)
    return path


def test_same_seed_gives_the_same_network_and_another_seed_another():
    images = pictures(2, 160)
    first, again, other = (load_backbone("test_vit", "none", seed=seed) for seed in (5, 5, 7))
    assert torch.equal(look(first, images), look(again, images))
    assert not torch.allclose(look(first, images), look(other, images))
    assert first.recipe == again.recipe != other.recipe


def test_building_leaves_the_global_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(5)
    torch.manual_seed(3)
    load_backbone("test_resnet", "none", seed=13)
    assert torch.equal(torch.rand(5), expected)


def test_network_is_frozen_in_eval_mode_without_a_head():
    backbone = load_backbone("test_resnet", "none")
    assert not any(module.training for module in backbone.network.modules())
    assert not any(parameter.requires_grad for parameter in backbone.network.parameters())
    assert look(backbone, pictures(3, 160)).shape == (3, backbone.n_features)


def test_safetensors_and_pth_files_give_the_features_of_the_network(trained, pth, tmp_path):
    save_file(trained.state_dict(), tmp_path / "weights.safetensors")
    images = pictures(3, 160)
    with torch.inference_mode():
        expected = trained.forward_head(trained.forward_features(images), pre_logits=True)
    for path in (pth, tmp_path / "weights.safetensors"):
        assert torch.equal(look(load_backbone("test_resnet", path), images), expected)


def test_recipe_of_trained_weights_is_their_content(pth, tmp_path):
    other = tmp_path / "renamed.pth"
    other.write_bytes(pth.read_bytes())
    recipe = load_backbone("test_resnet", pth, seed=1).recipe
    assert recipe == load_backbone("test_resnet", other, seed=2).recipe
    state = torch.load(pth)
    torch.save({key: value + 1 for key, value in state.items()}, other)
    assert recipe != load_backbone("test_resnet", other).recipe


@pytest.mark.parametrize(
    "change",
    [{"preprocessing": {"crop_pct": 0.5}}, {"layers": [-1]}, {"model_args": {"in_chans": 3}}],
)
def test_recipe_tells_what_was_asked_for(change):
    plain = load_backbone("test_resnet", "none")
    assert load_backbone("test_resnet", "none", **change).recipe != plain.recipe


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_with_code_is_refused_and_not_executed(trained, tmp_path):
    state = trained.state_dict() | {"trap": Trap(tmp_path / "sprung")}
    torch.save(state, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match=r"evil\.pth: cannot be read as weights of the model"):
        load_backbone("test_resnet", tmp_path / "evil.pth")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["text.pth", "text.safetensors"])
def test_a_damaged_file_is_named(tmp_path, name):
    (tmp_path / name).write_text("no weights")
    with pytest.raises(ValueError, match=rf"{name}: cannot be read as weights of the model"):
        load_backbone("test_resnet", tmp_path / name)


def test_weights_that_are_no_numbers_are_named(trained, tmp_path):
    state = trained.state_dict()
    torch.save(state | {"conv1.0.weight": state["conv1.0.weight"] * torch.nan}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match=r"w\.pth: 1 of \d+ tensors hold NaN, such as 'conv1"):
        load_backbone("test_resnet", tmp_path / "w.pth")


def test_weights_of_another_model_are_refused(pth):
    with pytest.raises(
        ValueError, match=r"weights\.pth: weights do not fit the model: \d+ missing .* unexpected"
    ):
        load_backbone("test_vit", pth)


def test_weights_of_another_shape_are_refused(pth):
    state = torch.load(pth)
    state["conv1.0.weight"] = state["conv1.0.weight"][:, :2]
    torch.save(state, pth)
    with pytest.raises(ValueError, match=r"fit the model: 1 of another shape \(conv1\.0\.weight\)"):
        load_backbone("test_resnet", pth)


@pytest.mark.parametrize("head", ["absent", "of 7 taxa"])
def test_a_classification_head_in_the_file_is_ignored(pth, head):
    images = pictures(2, 160)
    expected = look(load_backbone("test_resnet", pth), images)
    state = torch.load(pth)
    del state["fc.weight"], state["fc.bias"]
    if head == "of 7 taxa":
        state |= {"fc.weight": torch.ones(7, 96), "fc.bias": torch.ones(7)}
    torch.save(state, pth)
    assert torch.equal(look(load_backbone("test_resnet", pth), images), expected)


@pytest.mark.parametrize(("model", "layers"), [("test_resnet", [1, 3, -1]), ("test_vit", [0, 4])])
def test_layers_are_means_over_their_maps(model, layers):
    backbone = load_backbone(model, "none", layers=layers)
    images = pictures(3, 160)
    with torch.inference_mode():
        _, maps = backbone.network.forward_intermediates(images)
    wanted = []
    for picture in range(3):
        values = []
        for layer in layers:
            for channel in maps[layer][picture].numpy():
                values.append(sum(channel.reshape(-1).tolist()) / channel.size)
        wanted.append(values)
    found = look(backbone, images).numpy()
    assert found.shape == (3, backbone.n_features) == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_statistics_are_blocks_layer_by_layer():
    options = {"layers": [1, "final"], "statistics": ["mean", "deviation"]}
    backbone = load_backbone("test_resnet", "none", **options)
    images = pictures(3, 160)
    with torch.inference_mode():
        last, maps = backbone.network.forward_intermediates(images)
    wanted = [
        statistic(part.numpy().astype(float), axis=(2, 3))
        for part in (maps[1], last)
        for statistic in (np.mean, np.std)
    ]
    names = [("1", "mean"), ("1", "deviation"), ("final", "mean"), ("final", "deviation")]
    sizes = [part.shape[1] for part in wanted]
    assert list(backbone.blocks) == [(*name, n) for name, n in zip(names, sizes, strict=True)]
    found = look(backbone, images).numpy()
    np.testing.assert_allclose(found, np.hstack(wanted), rtol=1e-4, atol=1e-5)


def test_the_mean_of_the_final_map_is_what_a_plain_network_pools():
    final = load_backbone("tf_efficientnet_lite0", "none", layers=["final"])
    own = load_backbone("tf_efficientnet_lite0", "none")
    images = pictures(2, 64)
    np.testing.assert_allclose(look(final, images), look(own, images), rtol=1e-4, atol=1e-6)
    assert final.blocks == (("final", "mean", 1280),) and own.blocks == (("own", "mean", 1280),)


def test_maps_with_channels_last_are_pooled_over_space():
    swin = load_backbone("swin_tiny_patch4_window7_224", "none", layers=[0, "final"])
    assert [block.n_features for block in swin.blocks] == [96, 768]
    assert look(swin, pictures(1, 224)).shape == (1, 864)


def test_a_final_layer_that_is_no_map_is_refused():
    with pytest.raises(ValueError, match=r"test_vit.*'final' has the shape .*expected maps"):
        load_backbone("test_vit", "none", layers=["final"])


def test_a_recipe_of_means_is_called_as_before_there_was_a_choice():
    assert "statistics" not in load_backbone("test_resnet", "none", layers=[1]).recipe
    both = load_backbone("test_resnet", "none", layers=[1], statistics=["mean", "deviation"])
    assert both.recipe["statistics"] == ["mean", "deviation"]


@pytest.mark.parametrize("model", ["test_vit", "test_resnet", "test_convnext"])
def test_image_size_is_free(model):
    backbone = load_backbone(model, "none", preprocessing={"image_size": 96})
    assert backbone.transform(Image.new("RGB", (53, 71))).shape == (3, 96, 96)
    assert look(backbone, pictures(2, 96)).shape == (2, backbone.n_features)


def test_weights_of_a_transformer_fit_another_image_size(tmp_path):
    torch.manual_seed(103)
    save_file(timm.create_model("test_vit").state_dict(), tmp_path / "vit.safetensors")
    backbone = load_backbone(
        "test_vit", tmp_path / "vit.safetensors", preprocessing={"image_size": 96}
    )
    assert look(backbone, pictures(2, 96)).isfinite().all()


def test_an_image_size_that_the_network_cannot_take_is_refused():
    with pytest.raises(ValueError, match=r"'test_vit' with images of 97 pixels: .*divisible by"):
        load_backbone("test_vit", "none", preprocessing={"image_size": 97})


def test_preprocessing_follows_the_changes():
    changes = {"image_size": 32, "mean": [0.0] * 3, "std": [0.5] * 3, "crop_pct": 1.0}
    backbone = load_backbone("test_resnet", "none", preprocessing=changes)
    found = backbone.transform(Image.new("RGB", (37, 41), (255, 0, 51)))
    expected = torch.tensor([2.0, 0.0, 0.4])[:, None, None].expand(3, 32, 32)
    torch.testing.assert_close(found, expected)


def test_an_unknown_model_is_answered_with_similar_names():
    with pytest.raises(ValueError, match=r"'test_resnat' is unknown to timm; similar: test_resn"):
        load_backbone("test_resnat", "none")


@pytest.mark.parametrize("layer", [23, -23])
def test_an_unknown_layer_is_refused(layer):
    with pytest.raises(ValueError, match=rf"test_resnet'.* the layers \[{layer}\]: .*out of"):
        load_backbone("test_resnet", "none", layers=[layer])


def test_an_unknown_argument_of_the_model_is_refused():
    with pytest.raises(ValueError, match=r"'test_resnet' cannot be built .*colour"):
        load_backbone("test_resnet", "none", model_args={"colour": 1})


def test_a_network_that_does_not_pool_is_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 96, 5, 5\), expected \(images, features\)"):
        load_backbone("test_resnet", "none", model_args={"global_pool": ""})


def test_an_encoder_without_pooling_is_refused(monkeypatch):
    # The encoders of this kind in timm have hundreds of millions of weights.
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: torch.nn.Identity())
    with pytest.raises(ValueError, match=r"'test_vit' is an encoder without a pooled output"):
        load_backbone("test_vit", "none")


def test_a_model_without_pretrained_weights_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no pretrained weights for the model 'vgg_none'"):
        fetch_pretrained("vgg_none", tmp_path / "w.safetensors")


def test_pretrained_weights_that_share_memory_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(timm, "is_model_pretrained", lambda _: True)
    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, **_: create(name, img_size=32))
    fetch_pretrained("coat_tiny", tmp_path / "weights.safetensors")
    load_backbone("coat_tiny", tmp_path / "weights.safetensors", preprocessing={"image_size": 32})


def test_pretrained_weights_come_from_the_hub(trained, tmp_path, hub):
    folder = hub(timm.get_pretrained_cfg("test_resnet").hf_hub_id)
    save_file(trained.state_dict(), folder / "model.safetensors")
    fetch_pretrained("test_resnet", tmp_path / "got.safetensors")
    found, expected = load_file(tmp_path / "got.safetensors"), trained.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


@pytest.mark.parametrize("prefix", ["hf-hub:", "hf_hub:"])
def test_a_model_on_the_hub_is_built_offline_as_its_owner_says(trained, tmp_path, hub, prefix):
    folder = hub("somebody/net.of_theirs")
    save_file(trained.state_dict(), folder / "model.safetensors")
    said = {"input_size": [3, 64, 64], "mean": [0.2, 0.3, 0.4], "std": [0.5] * 3, "crop_pct": 1.0}
    said |= {"pool_size": [2, 2], "classifier": "fc", "first_conv": "conv1.0", "num_classes": 1000}
    config = {"architecture": "test_resnet", "num_features": 96, "pretrained_cfg": said}
    (folder / "config.json").write_text(json.dumps(config))
    model = prefix + "somebody/net.of_theirs"
    path = tmp_path / f"{file_name(model)}.safetensors"
    assert path.parent == tmp_path
    fetch_pretrained(model_called(path.stem), path)
    shutil.rmtree(tmp_path / "hub")

    backbone = load_backbone(model, path)
    assert backbone.image_size == 64 and backbone.recipe["model"] == model
    assert backbone.recipe["preprocessing"]["mean"] == [0.2, 0.3, 0.4]
    images = pictures(3, 64)
    with torch.inference_mode():
        expected = trained.forward_head(trained.forward_features(images), pre_logits=True)
    assert torch.equal(look(backbone, images), expected)


def test_a_file_that_is_not_of_the_hub_is_refused_for_a_model_that_is(trained, tmp_path):
    save_file(trained.state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match=r"w\.safetensors: does not say which network it is of"):
        load_backbone("hf-hub:somebody/net", tmp_path / "w.safetensors")


# --- as SwAV has its weights ---


def as_swav_has_it(state):
    """Return a checkpoint as the authors of SwAV give it: no classifier, two heads, a prefix."""
    state = {key: value for key, value in state.items() if not key.startswith("fc.")}
    heads = {
        "projection_head.0.weight": torch.ones(7, 11),
        "projection_head.1.running_mean": torch.ones(7),
        "projection_head.1.num_batches_tracked": torch.tensor(3),
        "prototypes.weight": torch.ones(13, 7),
    }
    return {f"module.{key}": value for key, value in (state | heads).items()}


@pytest.fixture
def swav(tmp_path):
    torch.manual_seed(107)
    network = timm.create_model("resnet18").eval()
    path = tmp_path / "swav.pth.tar"
    torch.save(as_swav_has_it(network.state_dict()), path)
    return network, path


def test_weights_of_swav_load_as_they_are_published(swav, caplog):
    network, path = swav
    with caplog.at_level("INFO"):
        backbone = load_backbone("resnet18", path, preprocessing={"image_size": 64})
    images = pictures(2, 64)
    with torch.inference_mode():
        expected = network.forward_head(network.forward_features(images), pre_logits=True)
    assert torch.equal(look(backbone, images), expected)
    (line,) = [record.getMessage() for record in caplog.records if "visgen" in record.name]
    assert line.startswith(f"{path}: left out 4 tensors of pretraining, which make no features: ")
    assert "projection_head.1.num_batches_tracked" in line and "prototypes.weight" in line


def test_weights_without_heads_of_pretraining_load_without_a_word(pth, caplog):
    with caplog.at_level("INFO"):
        load_backbone("test_resnet", pth)
    assert not [record for record in caplog.records if "visgen" in record.name]


@pytest.mark.parametrize("name", ["module.projector.weight", "module.prototype", "head.weight"])
def test_other_names_in_weights_of_swav_are_refused(swav, name):
    state = torch.load(swav[1])
    torch.save(state | {name: torch.ones(3)}, swav[1])
    unexpected = name.removeprefix("module.")
    with pytest.raises(ValueError, match=rf"fit the model: 1 unexpected \({unexpected}\)"):
        load_backbone("resnet18", swav[1])


@pytest.mark.skipif(
    not (MOBILENET.is_file() and MOTHS.is_dir()),
    reason="the MobileNetV2 weights and the moth data are not beside the checkout",
)
def test_photographs_of_one_species_are_more_alike_than_others():
    backbone = load_backbone(
        "mobilenetv2_100",
        MOBILENET,
        model_args={"pad_type": "same"},
        preprocessing={"mean": [0.5] * 3, "std": [0.5] * 3, "crop_pct": 1.0, "image_size": 128},
    )
    meta = pd.read_csv(MOTHS / "meta.csv")
    meta = meta[meta["species"].duplicated(keep=False)].sort_values("species")
    assert len(meta) == 22
    images = [
        backbone.transform(Image.open(MOTHS / "images" / name).convert("RGB"))
        for name in meta["filename"]
    ]
    features = look(backbone, torch.stack(images)).numpy()
    features -= features.mean(axis=0)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    similarity = features @ features.T
    species = meta["species"].to_numpy()
    same = species[:, None] == species
    pairs = ~np.eye(len(species), dtype=bool)
    assert similarity[same & pairs].mean() > similarity[~same].mean() + 0.3


def test_a_model_that_timm_does_not_have_is_refused_with_names_like_it():
    old = {name for name in ("tv_resnet50", "vit_base_patch8_224_in21k") if timm.is_model(name)}
    known = {*timm.list_models(), "resnet18.a1_in1k", *old}
    check_models({name: {"model": name} for name in known})
    for model, similar in (("resnet81", "resnet"), ("resnet18.a7_in1k", "resnet18.a1_in1k")):
        message = f"config key backbones.net.model: found {model!r}, which timm does not have; "
        with pytest.raises(ValueError, match=f"{message}similar: .*{similar}"):
            check_models({"net": {"model": model}})
