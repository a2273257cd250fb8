import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from naming_study import NETWORK as SMALL
from naming_study import RANKS, by_classifiers, by_prior, centres, draw, labelled_study, lineages_of
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_tensors
from visgen.features.backbones import UNTRAINED, forward, load_backbone
from visgen.naming import files
from visgen.naming.answering import Asked, answer
from visgen.naming.candidate_looks import find_candidates
from visgen.naming.candidate_names import Offered
from visgen.naming.classifier_head import ClassifierHead
from visgen.naming.files import ABOUT, GALLERY, NETWORK, PICTURES, TENSORS, read_model, write_model
from visgen.naming.labelled import labelled_specimens
from visgen.naming.model import learn_names
from visgen.naming.network import read_network, write_network
from visgen.naming.tabulating import tabulate
from visgen.prior.relatives import taxonomy_steps
from visgen.specimens.taxonomy import lineage
from visgen.tables import read_table

ASKED = Asked(0.9, 0.05, None)
ABOUT_STUDY = {"dataset": "Mollusques d’été", "images": {"batch_size": 3}}
HEADS = {
    "prior": {},
    "nearest_centroid": {"transform": ["signed_sqrt", "l2"]},
    "random_forest": {
        "trees": 2,
        "max_features": "sqrt",
        "min_samples_leaf": 1,
        "class_weight": "none",
    },
    "nearest_neighbours": {"neighbours": 3, "transform": ["whiten"]},
    "network": {"transform": ["standardise"], "network": SMALL | {"hierarchy": "masked"}},
}


def renamed(labelled):
    """Return specimens with odd names, the same in their order."""
    odd = ["NA", "0012", "a/b\\c", "..", "=1+1", '"x"', "é ł", "{}", "1e5", "True"]
    names = [f"{odd[i % len(odd)]} {i:03d}" for i in range(len(labelled.taxa))]
    taxa = labelled.taxa.set_axis(pd.Index(names, name="specimen"))
    return labelled._replace(taxa=taxa.replace({"F0": "NA", "F1": "007", "G10 s0": "G\"10' ×"}))


@cache
def learned(head, odd=False):
    labelled = labelled_study(3, n_species=2)
    labelled = renamed(labelled) if odd else labelled
    lineages = lineages_of(labelled)
    train = by_prior(labelled, lineages)
    if head != "prior":
        train = by_classifiers(lineages, head, **HEADS[head])
    steps = taxonomy_steps(lineage(labelled.taxa, RANKS, "species"))
    tree = pd.DataFrame(steps.data, pd.Index(steps.ids, name="species"), steps.ids).iloc[1:, 1:]
    return learn_names(labelled, train, tree, seed=1)[0]


def written(folder, model, about=ABOUT_STUDY):
    folder.mkdir(exist_ok=True)
    (folder / NETWORK).write_bytes(b"weights")
    write_model(folder, model, about)
    return folder


def table_of(model):
    features, labels = draw(*centres(n_species=2), [2] * 8, seed=2)
    code, names = pd.factorize(labels["specimen"])
    return tabulate(model, answer(model, features.to_numpy(), code, ASKED), names, ASKED)


@pytest.mark.parametrize("head", HEADS)
def test_what_is_read_answers_as_what_was_written_bit_by_bit(tmp_path, head):
    model = learned(head)
    found, told = read_model(written(tmp_path, model))
    pd.testing.assert_frame_equal(table_of(found), table_of(model), check_exact=True)
    assert ABOUT_STUDY.items() <= told.items()


def test_without_a_tree_there_is_no_placement(tmp_path):
    model = learned("prior")._replace(placement=None)
    found, _ = read_model(written(tmp_path, model))
    assert found.placement is None
    assert "relative" not in table_of(found)


@pytest.mark.parametrize("head", ["prior", "nearest_centroid"])
def test_candidates_come_back(tmp_path, head):
    model = learned(head)
    known = list(model.lineages.taxa["species"])
    names = [*known, "NA", '"x\ty"']
    at = np.arange(len(names)) ** 1.5
    tree = pd.DataFrame(np.abs(np.subtract.outer(at, at)), names, names)
    above = pd.DataFrame({"family": ["F0", None], "genus": ["G00", None]}, ["NA", '"x\ty"'])
    found = find_candidates(model, Offered(above, tree, tree))
    assert found.expected.all() == (head == "prior")
    model = model._replace(candidates=found)
    again, _ = read_model(written(tmp_path, model))
    for one, other in zip(again.candidates, found, strict=True):
        np.testing.assert_array_equal(one, other)
    table = table_of(again)
    pd.testing.assert_frame_equal(table, table_of(model), check_exact=True)
    assert "candidates" in table and "candidates" not in table_of(learned(head))


def test_labelled_pictures_come_back(tmp_path):
    rows = [("NA", "0" * 64, "007"), ("a\tb.png", "1e5", "True")]
    pictures = pd.DataFrame(rows, columns=["id", "sha256", "specimen"], dtype="str")
    model = learned("prior")._replace(pictures=pictures)
    pd.testing.assert_frame_equal(read_model(written(tmp_path, model))[0].pictures, pictures)


def test_the_same_model_has_the_same_bytes_and_one_that_was_read_too(tmp_path):
    model = learned("random_forest")
    once, twice = written(tmp_path / "1", model), written(tmp_path / "2", model)
    again = written(tmp_path / "3", read_model(once)[0])
    assert sorted(path.name for path in once.iterdir()) == sorted(
        [TENSORS, ABOUT, GALLERY, PICTURES, NETWORK]
    )
    for path in once.iterdir():
        for other in (twice, again):
            assert path.read_bytes() == (other / path.name).read_bytes()


def test_odd_names_come_back(tmp_path):
    model = learned("nearest_centroid", odd=True)
    found, _ = read_model(written(tmp_path, model))
    pd.testing.assert_frame_equal(found.gallery.taxa, model.gallery.taxa)
    pd.testing.assert_frame_equal(found.lineages.names, model.lineages.names)
    assert "NA" in found.lineages.taxa["family"] and "G\"10' ×" in found.lineages.taxa["species"]
    table, expected = table_of(found), table_of(model)
    pd.testing.assert_frame_equal(table, expected, check_exact=True)
    assert set(table["family"]) == {"NA", "007"}


def test_gaps_come_back(tmp_path):
    features, labels = draw(*centres(n_species=2), [3] * 8, seed=3)
    labels.loc[labels["genus"] == "G11", "species"] = None
    labels.loc[labels["species"] == "G10 s0", "family"] = None
    labelled = labelled_specimens(features, labels, RANKS)
    model, _ = learn_names(labelled, by_classifiers(lineages_of(labelled)), None, seed=1)
    found, _ = read_model(written(tmp_path, model))
    assert found.lineages.names.isna().to_numpy().sum() == 1
    pd.testing.assert_frame_equal(found.gallery.taxa, model.gallery.taxa)
    pd.testing.assert_frame_equal(found.lineages.names, model.lineages.names)
    pd.testing.assert_frame_equal(table_of(found), table_of(model), check_exact=True)


# --- damaged -----------------------------------------------------------------------------------


@cache
def whole(folder):
    return written(folder, learned("nearest_centroid"))


@pytest.fixture
def model(tmp_path, tmp_path_factory):
    return Path(shutil.copytree(whole(tmp_path_factory.getbasetemp() / "whole"), tmp_path / "m"))


def refusal(folder):
    with pytest.raises(ValueError) as caught:
        read_model(folder)
    assert type(caught.value) is ValueError and "\n" not in str(caught.value)
    return str(caught.value)


def change(folder, **told):
    about = json.loads((folder / ABOUT).read_text()) | told
    (folder / ABOUT).write_text(json.dumps({k: v for k, v in about.items() if v is not None}))


def test_a_folder_without_a_model_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        assert f"{folder}: found no naming model (no model.json); a study makes" in refusal(folder)


@pytest.mark.parametrize("name", [TENSORS, GALLERY, PICTURES, NETWORK])
def test_a_missing_file_is_named(model, name):
    (model / name).unlink()
    assert f"{model / name}: found a damaged naming model (it is missing)" in refusal(model)


@pytest.mark.parametrize("name", [TENSORS, GALLERY, PICTURES])
@pytest.mark.parametrize("damage", ["cut", "longer", "turned"])
def test_other_bytes_are_noticed(model, name, damage):
    content = (model / name).read_bytes()
    turned = content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
    changed = {"cut": content[:-7], "longer": content + b"\n", "turned": turned}
    (model / name).write_bytes(changed[damage])
    assert f"{model / name}: found a damaged naming model (other bytes)" in refusal(model)


def test_another_network_is_noticed(model):
    (model / NETWORK).write_bytes(b"other weights")
    assert "(not the network that it was learned with)" in refusal(model)


@pytest.mark.parametrize("form", [2, "1", None, 0])
def test_another_format_is_refused(model, form):
    change(model, format=form)
    assert refusal(model).endswith(f"found a naming model of format {form!r}, this version reads 1")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b"7", b'"model"'])
def test_what_is_no_description_is_refused(model, content):
    (model / ABOUT).write_bytes(content)
    assert f"{model / ABOUT}: found a damaged naming model (no JSON" in refusal(model)


@pytest.mark.parametrize(
    "told",
    [
        {"digests": None},
        {"digests": []},
        {"digests": {}},
        {"ranks": None},
        {"taxa": {"family": []}},
        {"taxa": {rank: ["x"] for rank in RANKS}},
        {"lineages": [[0, 0]]},
        {"lineages": "many"},
        {"head": None},
        {"head": {"kind": "oracle"}},
        {"head": {"kind": "prior", "rank": "species"}},
        {"head": {"kind": "classification", "classifiers": {"family": {"form": 9}}}},
        {"temperatures": None},
        {"rank_weights": {}},
        {"placement": {}},
        {"candidates": ["x"]},
    ],
    ids=str,
)
def test_a_description_that_does_not_fit_is_refused_in_one_line(model, told):
    change(model, **told)
    assert "found a damaged naming model (" in refusal(model)


def test_missing_arrays_are_named(model, monkeypatch):
    monkeypatch.setattr(files, "digest_of", lambda _: "same")
    change(model, digests=dict.fromkeys([TENSORS, GALLERY, PICTURES, NETWORK], "same"))
    whole = load_file(model / TENSORS)
    for name in ("space.axes", "around.n", "calibration.flat", "gallery.looks", "weights.shares"):
        save_file({n: a for n, a in whole.items() if n != name}, model / TENSORS)
        assert f"KeyError: '{name}'" in refusal(model)


def test_files_that_a_description_names_beside_are_not_opened(model, tmp_path):
    """A digest of a file elsewhere is neither asked for nor believed."""
    about = json.loads((model / ABOUT).read_text())
    (tmp_path / "outside").write_bytes(b"x")
    change(model, digests=about["digests"] | {"../outside": "0", "/etc/passwd": "0"})
    read_model(model)
    change(model, digests={"../outside": "0"})
    assert f"{model / TENSORS}: found a damaged naming model (other bytes)" in refusal(model)


def test_nothing_is_executed(model, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("unpickled")

    monkeypatch.setattr("pickle.load", refuse)
    monkeypatch.setattr("pickle.loads", refuse)
    monkeypatch.setattr("pickle.Unpickler", refuse)
    monkeypatch.setattr("builtins.eval", refuse)
    read_model(model)
    for path in model.iterdir():
        assert path.suffix in {".json", ".safetensors", ".tsv"}


# --- networks ----------------------------------------------------------------------------------

TINY = {"dims": [4, 6, 8, 10], "depths": [1, 1, 1, 1]}


def network(model="test_convnext", weights=UNTRAINED, size=32, args=TINY, **more):
    return load_backbone(
        model, weights, model_args=args, preprocessing={"image_size": size}, **more
    )


def assert_sees_alike(one, other):
    pictures = torch.randn((3, 3, one.image_size, one.image_size))
    with torch.inference_mode():
        assert torch.equal(forward(one, pictures), forward(other, pictures))
    assert one.framing == other.framing and one.blocks == other.blocks
    said = [str(sees.transform).replace("[", "(").replace("]", ")") for sees in (one, other)]
    assert said[0] == said[1]


@pytest.mark.parametrize(
    "more", [{}, {"layers": [1, "final"], "statistics": ["mean", "deviation"]}, {"seed": 5}]
)
def test_a_network_comes_back_with_how_it_sees(tmp_path, more):
    backbone = network(**more)
    told = write_network(tmp_path / NETWORK, backbone, UNTRAINED)
    assert_sees_alike(backbone, read_network(tmp_path / NETWORK, json.loads(json.dumps(told))))


def test_how_a_network_sees_is_kept_where_it_was_changed(tmp_path):
    changes = {"image_size": 64, "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7]}
    changes |= {"interpolation": "bilinear", "crop_pct": 0.8, "crop_mode": "border"}
    backbone = load_backbone("test_convnext", UNTRAINED, model_args=TINY, preprocessing=changes)
    told = write_network(tmp_path / NETWORK, backbone, UNTRAINED)
    assert_sees_alike(backbone, read_network(tmp_path / NETWORK, json.loads(json.dumps(told))))


def test_a_network_of_a_fixed_size_comes_back(tmp_path):
    args = {"embed_dim": 12, "depth": 1, "num_heads": 2, "dynamic_img_size": False}
    backbone = network("test_vit", size=48, args=args)
    told = write_network(tmp_path / NETWORK, backbone, UNTRAINED)
    assert_sees_alike(backbone, read_network(tmp_path / NETWORK, json.loads(json.dumps(told))))


def test_weights_of_half_precision_in_a_file_come_back(tmp_path):
    state = {k: v.to(torch.bfloat16) for k, v in network().network.state_dict().items()}
    torch.save(state, tmp_path / "half.pth")
    backbone = network(weights=tmp_path / "half.pth")
    told = write_network(tmp_path / NETWORK, backbone, tmp_path / "half.pth")
    assert_sees_alike(backbone, read_network(tmp_path / NETWORK, told))


def test_weights_that_share_memory_are_written(tmp_path):
    backbone = network()
    stages = backbone.network.stages
    stages[1].blocks[0].norm.bias = stages[1].blocks[0].conv_dw.bias
    stages[2].blocks[0].norm.weight.data = torch.ones(29)[::2][: TINY["dims"][2]]
    told = write_network(tmp_path / NETWORK, backbone, UNTRAINED)
    assert_sees_alike(backbone, read_network(tmp_path / NETWORK, told))


def test_a_network_of_a_hub_says_itself_how_it_is_built(tmp_path):
    backbone = network()
    said = {
        "architecture": "test_convnext",
        "pretrained_cfg": {"input_size": [3, 32, 32]},
        "model_args": TINY,
    }
    source = tmp_path / "hub.safetensors"
    state = {k: v.contiguous() for k, v in backbone.network.state_dict().items()}
    save_tensors(state, source, {"timm": json.dumps(said)})
    of_hub = load_backbone("hf-hub:someone/something", source)
    told = write_network(tmp_path / NETWORK, of_hub, source)
    assert_sees_alike(of_hub, read_network(tmp_path / NETWORK, told))


def test_a_network_that_is_built_otherwise_is_refused(tmp_path):
    told = write_network(tmp_path / NETWORK, network(), UNTRAINED)
    with pytest.raises(ValueError, match=r"gives 10 features, expected 11; this version of timm"):
        read_network(tmp_path / NETWORK, told | {"n_features": 11})
    with pytest.raises(ValueError, match="weights do not fit the model"):
        read_network(tmp_path / NETWORK, told | {"model_args": {**TINY, "dims": [4, 6, 8, 12]}})
    assert timm.is_model(told["model"])


# --- golden ------------------------------------------------------------------------------------

GOLDEN = Path(__file__).parent / "golden/naming-1"


@pytest.mark.parametrize("kind", ["classification", "prior", "network"])
def test_a_model_that_an_earlier_version_wrote_is_read(kind):
    model, told = read_model(GOLDEN / kind)
    assert told["format"] == 1 and told["head"]["kind"] == kind
    assert isinstance(model.parts.head, ClassifierHead) == (kind == "classification")
    assert len(model.lineages) == 8 and model.placement is not None
    assert list(model.candidates.names) == ["G0 t0", "G3 t1", "G4 t2"]
    assert model.candidates.expected.all() == (kind == "prior")
    assert set(model.pictures["specimen"]) == set(model.gallery.taxa.index)
    assert len(model.gallery.looks) == len(read_table(GOLDEN / kind / GALLERY)) == 40
    assert read_network(GOLDEN / kind / NETWORK, told["network"]).n_features == 10
    assert np.isfinite(model.parts.space.axes).all()
