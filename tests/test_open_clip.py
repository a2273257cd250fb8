"""CLIP models in open_clip's files; a small one, written here, stands for those of a hub."""

import json
import logging
from pathlib import Path

import pytest
import timm
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from visgen.configuration.plan import Plan
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from visgen.features.backbones import forward, load_backbone
from visgen.features.open_clip import convert_open_clip
from visgen.features.open_clip_config import describe_tower
from visgen.features.options import OPEN_CLIP, OPEN_CLIP_CONFIG
from visgen.features.pretrained import fetch_pretrained
from visgen.features.towers import image_tower
from visgen.naming.card import about_names_seen
from visgen.naming.network import read_network, write_network

CONFIGS = Path(__file__).parents[1] / "config"
SCHEMA = "workflow/schemas/config.schema.yaml"

WIDTH, HEADS, LAYERS, PATCH, SIDE, JOINT = 24, 3, 2, 8, 40, 7
VISION = {"width": WIDTH, "head_width": WIDTH // HEADS, "layers": LAYERS, "patch_size": PATCH}
MODEL_CFG = {
    "embed_dim": JOINT,
    "vision_cfg": VISION | {"image_size": SIDE, "mlp_ratio": 2.0},
    "text_cfg": {"context_length": 5, "vocab_size": 11, "width": 13, "heads": 1, "layers": 1},
}
PREPROCESS_CFG = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]}
PREPROCESS_CFG |= {"interpolation": "bilinear", "resize_mode": "squash"}


class Block(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(WIDTH, 48), "c_proj": nn.Linear(48, WIDTH)})
        self.act = act

    def forward(self, tokens):
        normed = self.ln_1(tokens)
        tokens = tokens + self.attn(normed, normed, normed, need_weights=False)[0]
        return tokens + self.mlp["c_proj"](self.act(self.mlp["c_fc"](self.ln_2(tokens))))


class Tower(nn.Module):
    """CLIP's transformer for images (Radford et al. 2021), with the names that open_clip gives."""

    def __init__(self, act=functional.gelu):
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTH, PATCH, PATCH, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(WIDTH))
        self.positional_embedding = nn.Parameter(torch.randn((SIDE // PATCH) ** 2 + 1, WIDTH))
        self.ln_pre, self.ln_post = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.Sequential(*(Block(act) for _ in range(LAYERS)))
        self.proj = nn.Parameter(torch.randn(WIDTH, JOINT))

    def forward(self, images):
        patches = self.conv1(images).flatten(2).transpose(1, 2)  # (batch, patches, width)
        first = self.class_embedding.expand(len(images), 1, WIDTH)
        tokens = torch.cat([first, patches], dim=1) + self.positional_embedding
        return self.ln_post(self.transformer.resblocks(self.ln_pre(tokens))[:, 0])


def with_texts(tower):
    """Return tensors of a CLIP model: a tower, and some of the tower of texts."""
    state = {f"visual.{name}": tensor.detach() for name, tensor in tower.state_dict().items()}
    state |= {"transformer.resblocks.0.ln_1.weight": torch.ones(13)}
    state |= {"token_embedding.weight": torch.ones(11, 13), "ln_final.bias": torch.ones(13)}
    state |= {"positional_embedding": torch.ones(5, 13), "text_projection": torch.ones(13, JOINT)}
    return state | {"logit_scale": torch.tensor(4.6)}


def write(folder, state, model_cfg=MODEL_CFG, preprocess_cfg=PREPROCESS_CFG):
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "open_clip_model.safetensors")
    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    (folder / OPEN_CLIP_CONFIG).write_text(json.dumps(config))
    return folder / "open_clip_model.safetensors", folder / OPEN_CLIP_CONFIG


@pytest.fixture
def tower():
    torch.manual_seed(107)
    tower = Tower()
    for parameter in tower.parameters():  # so that no norm or bias is what any network begins with
        nn.init.normal_(parameter, std=0.5)
    return tower.eval()


@pytest.fixture
def converted(tower, tmp_path):
    path = tmp_path / "converted.safetensors"
    convert_open_clip(*write(tmp_path / "clip", with_texts(tower)), path)
    return path


def pictures(n_images=3, side=SIDE):
    return torch.randn(n_images, 3, side, side, generator=torch.Generator().manual_seed(13))


def look(network, images):
    with torch.inference_mode():
        return network(images) if isinstance(network, nn.Module) else forward(network, images)


def test_a_converted_tower_makes_the_features_of_the_model(tower, converted):
    backbone = load_backbone(OPEN_CLIP, converted)
    found, expected = look(backbone, pictures()), look(tower, pictures())
    assert found.shape == (3, WIDTH) and expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_quick_gelu_is_that_of_the_config(tmp_path):
    torch.manual_seed(109)
    tower = Tower(lambda x: x * torch.sigmoid(1.702 * x)).eval()
    files = write(tmp_path, with_texts(tower), MODEL_CFG | {"quick_gelu": True})
    convert_open_clip(*files, tmp_path / "quick.safetensors")
    convert_open_clip(*write(tmp_path, with_texts(tower)), tmp_path / "exact.safetensors")
    quick, exact = (
        load_backbone(OPEN_CLIP, tmp_path / f"{name}.safetensors") for name in ("quick", "exact")
    )
    torch.testing.assert_close(look(quick, pictures()), look(tower, pictures()), atol=1e-5, rtol=0)
    assert (look(exact, pictures()) - look(tower, pictures())).abs().max() > 1e-3


def test_preprocessing_is_that_of_the_config(converted):
    backbone = load_backbone(OPEN_CLIP, converted)
    assert backbone.image_size == SIDE
    assert backbone.framing.crop_mode == "squash" and backbone.framing.crop_pct == 1.0
    assert backbone.recipe["preprocessing"]["interpolation"] == "bilinear"
    found = backbone.transform(Image.new("RGB", (SIDE, SIDE), (255, 0, 51)))[:, 3, 5]
    wanted = [(1 - 0.48) / 0.27, (0 - 0.46) / 0.26, (0.2 - 0.41) / 0.28]
    torch.testing.assert_close(found, torch.tensor(wanted))


def test_a_converted_tower_takes_another_image_size(converted):
    backbone = load_backbone(OPEN_CLIP, converted, preprocessing={"image_size": 64})
    assert look(backbone, pictures(side=64)).isfinite().all()


def test_the_log_names_what_belongs_to_texts(tower, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        found = image_tower(with_texts(tower), tmp_path)
    assert {f"visual.{name}" for name in tower.state_dict()} - found.keys() == {"visual.proj"}
    assert "left out 7 tensors of texts and of the projection to them: visual.proj" in caplog.text
    for name in with_texts(tower).keys() - found.keys():
        assert name in caplog.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"visual.ln_pre.bias": None}, r"1 missing \(norm_pre.bias\)"),
        ({"visual.second.bias": torch.ones(3)}, r"1 unexpected \(second.bias\)"),
        ({"visual.ln_post.bias": torch.ones(5)}, r"1 of another shape \(norm.bias\)"),
        (
            {"audio.weight": torch.ones(3)},
            r"1 of \d+ tensors belong to no tower \('audio.weight'\)",
        ),
        ({"visual.ln_pre.bias": torch.full((WIDTH,), torch.nan)}, r"such as 'norm_pre.bias'"),
    ],
)
def test_what_does_not_fit_is_named(tower, tmp_path, change, said):
    state = {k: v for k, v in (with_texts(tower) | change).items() if v is not None}
    with pytest.raises(ValueError, match=rf"open_clip_model.safetensors: .*{said}"):
        convert_open_clip(*write(tmp_path, state), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_of_texts_alone_is_refused(tmp_path):
    files = write(tmp_path, {"text.ln_final.weight": torch.ones(3)})
    with pytest.raises(ValueError, match=r"holds no tensor of an image tower, named visual\.\.\."):
        convert_open_clip(*files, tmp_path / "out")


@pytest.mark.parametrize(
    ("vision", "preprocess", "said"),
    [
        ({"layers": [3, 4, 6, 3]}, {}, "layers: found [3, 4, 6, 3], expected one number"),
        ({"attentional_pool": True}, {}, "attentional_pool: found True, expected False"),
        ({"novelty": 3}, {}, "novelty: found 3, expected nothing of that name"),
        ({"image_size": [40, 48]}, {}, "image_size: found [40, 48], expected the side of a square"),
        ({"timm_model_name": "vit_none"}, {}, "found 'vit_none', expected a model of timm"),
        ({}, {"mean": None}, "preprocess_cfg.mean: found None, expected a number a channel"),
        ({}, {"resize_mode": "crop"}, "resize_mode: found 'crop', expected shortest or longest"),
    ],
)
def test_what_a_config_asks_for_beyond_is_named(tmp_path, vision, preprocess, said):
    model = MODEL_CFG | {"vision_cfg": MODEL_CFG["vision_cfg"] | vision}
    config = {"model_cfg": model, "preprocess_cfg": PREPROCESS_CFG | preprocess}
    with pytest.raises(ValueError) as caught:
        describe_tower(config, tmp_path / "c.json")
    assert str(caught.value).startswith(f"{tmp_path / 'c.json'}: ") and said in str(caught.value)


@pytest.mark.parametrize("text", ["no config", "[]", '{"model_cfg": {}}'])
def test_a_file_that_is_no_config_is_named(tower, tmp_path, text):
    weights, config = write(tmp_path, with_texts(tower))
    config.write_text(text)
    with pytest.raises(ValueError, match=r"open_clip_config\.json: (cannot be read|lacks prepro)"):
        convert_open_clip(weights, config, tmp_path / "out")


def test_the_networks_of_published_configs_are_those_that_timm_has(tmp_path):
    # ViT-L/14, as BioCLIP 2 is one, and ViT-B/16; on no device, so that nothing is drawn.
    for vision, name in (
        ({"layers": 24, "width": 1024, "patch_size": 14}, "vit_large_patch14_clip_224"),
        ({"layers": 12, "width": 768, "patch_size": 16}, "vit_base_patch16_clip_224"),
    ):
        config = {"model_cfg": {"vision_cfg": {"image_size": 224} | vision}}
        told = describe_tower(config | {"preprocess_cfg": PREPROCESS_CFG}, tmp_path)
        with torch.device("meta"):
            built = timm.create_model(told["architecture"], num_classes=0, **told["model_args"])
            known = timm.create_model(name, num_classes=0)
        assert str(built) == str(known)


def test_a_tower_of_timm_is_taken_as_it_is(tmp_path):
    torch.manual_seed(113)
    trunk = timm.create_model("test_vit", num_classes=0, img_size=48).eval()
    state = {f"visual.trunk.{name}": tensor for name, tensor in trunk.state_dict().items()}
    state |= {"visual.head.proj.weight": torch.ones(JOINT, 64), "text.logit": torch.ones(3)}
    vision = {"timm_model_name": "test_vit", "timm_pool": "", "timm_proj": "linear"}
    model = {"embed_dim": JOINT, "vision_cfg": vision | {"image_size": 48}}
    path = tmp_path / "converted.safetensors"
    convert_open_clip(*write(tmp_path, state, model), path)
    backbone = load_backbone(OPEN_CLIP, path)
    torch.testing.assert_close(look(backbone, pictures(side=48)), look(trunk, pictures(side=48)))


def test_a_file_of_open_clip_fits_a_model_of_timm_that_is_named(tower, tmp_path, caplog):
    weights, _ = write(tmp_path, with_texts(tower))
    arguments = {"embed_dim": WIDTH, "depth": LAYERS, "num_heads": HEADS}
    arguments |= {"mlp_ratio": 2.0, "patch_size": PATCH}
    with caplog.at_level(logging.INFO):
        backbone = load_backbone(
            "vit_base_patch16_clip_224",
            weights,
            model_args=arguments,
            preprocessing={"image_size": SIDE},
        )
    torch.testing.assert_close(look(backbone, pictures()), look(tower, pictures()))
    assert "logit_scale" in caplog.text


def test_a_pickle_is_read_as_weights_only(tower, tmp_path, converted):
    _, config = write(tmp_path, with_texts(tower))
    torch.save(with_texts(tower), tmp_path / "open_clip_pytorch_model.bin")
    convert_open_clip(tmp_path / "open_clip_pytorch_model.bin", config, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == converted.read_bytes()
    torch.save({"visual.proj": print}, tmp_path / "evil.bin")
    with pytest.raises(ValueError, match=r"evil\.bin: cannot be read as a model of open_clip"):
        convert_open_clip(tmp_path / "evil.bin", config, tmp_path / "out")


def test_a_naming_model_carries_the_tower_with_all_that_builds_it(converted, tmp_path):
    backbone = load_backbone(OPEN_CLIP, converted, preprocessing={"crop_mode": "border"})
    (tmp_path / "model").mkdir()
    carried = tmp_path / "model/network.safetensors"
    told = json.loads(json.dumps(write_network(carried, backbone, converted)))
    converted.unlink()
    again = read_network(carried, told)
    assert again.framing == backbone.framing and told["model"] == OPEN_CLIP
    assert torch.equal(look(again, pictures()), look(backbone, pictures()))


@pytest.mark.parametrize("name", ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"])
def test_a_repository_of_a_hub_may_be_in_open_clips_form(tower, tmp_path, hub, name):
    folder = hub("somebody/clip", lacks=["config.json", "open_clip_model.safetensors"])
    write(folder, with_texts(tower))
    if name.endswith(".bin"):
        torch.save(load_file(folder / "open_clip_model.safetensors"), folder / name)
        (folder / "open_clip_model.safetensors").unlink()
    fetch_pretrained("hf-hub:somebody/clip", tmp_path / "got.safetensors")
    backbone = load_backbone("hf-hub:somebody/clip", tmp_path / "got.safetensors")
    torch.testing.assert_close(look(backbone, pictures()), look(tower, pictures()))


def test_a_repository_of_another_form_is_refused(tmp_path, hub):
    folder = hub("somebody/other", lacks=[OPEN_CLIP_CONFIG])
    (folder / "config.json").write_text('{"model_type": "dinov3_vit"}')
    with pytest.raises(ValueError, match=r"hf-hub:somebody/other: found neither a config.json in"):
        fetch_pretrained("hf-hub:somebody/other", tmp_path / "got.safetensors")


def test_a_hub_that_is_not_reached_is_no_hub_without_the_file(tmp_path, hub):
    hub("somebody/clip")
    with pytest.raises(OSError):
        fetch_pretrained("hf-hub:somebody/clip", tmp_path / "got.safetensors")


def test_foundation_models_are_added_to_a_study_by_one_word_each():
    config = yaml.safe_load((CONFIGS / "quickstart.yaml").read_text())
    added = yaml.safe_load((CONFIGS / "foundation.yaml").read_text())
    assert added.keys() == {"backbones"}
    config["backbones"] |= added["backbones"]
    made = Plan(checked_config(config, load_schema(CONFIGS.parent / SCHEMA))).features
    for name, model in (("dinov3", "vit_small_patch16_dinov3.lvd1689m"), ("bioclip2", "bioclip-2")):
        assert made.weights_of(name)[0].endswith(f"%2F{model}.safetensors")
    assert timm.is_model_pretrained("vit_small_patch16_dinov3.lvd1689m")


@pytest.mark.parametrize(("weights", "is_said"), [("hub", 1), ("mine.pth", 1), ("bundled", 0)])
def test_the_card_says_that_weights_from_elsewhere_may_have_seen_the_names(weights, is_said):
    assert len(list(about_names_seen(weights))) == is_said


def test_dinov3_comes_through_timm(tmp_path, hub):
    small = {"embed_dim": 48, "depth": 2, "num_heads": 3, "img_size": 64}
    torch.manual_seed(127)
    network = timm.create_model("vit_small_patch16_dinov3", num_classes=0, **small).eval()
    folder = hub("timm/vit_small_patch16_dinov3.lvd1689m")
    save_file(network.state_dict(), folder / "model.safetensors")
    said = {"input_size": [3, 64, 64], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    said |= {"num_classes": 0, "classifier": "head", "first_conv": "patch_embed.proj"}
    config = {"architecture": "vit_small_patch16_dinov3", "model_args": small}
    (folder / "config.json").write_text(json.dumps(config | {"pretrained_cfg": said}))
    model = "hf-hub:timm/vit_small_patch16_dinov3.lvd1689m"
    fetch_pretrained(model, tmp_path / "got.safetensors")
    backbone = load_backbone(model, tmp_path / "got.safetensors")
    images = pictures(side=64)
    torch.testing.assert_close(look(backbone, images), look(network, images))
    assert backbone.n_features == 48
