import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from guided_study import UNGUIDED
from PIL import Image
from safetensors.torch import load_file
from skbio.stats.distance import DistanceMatrix
from torch import nn
from visgen.distances.matrices import load_distances, tidy
from visgen.embedding.folds import deal_folds
from visgen.embedding.guidance.cutting import cut_network
from visgen.embedding.guidance.files import write_fit
from visgen.embedding.guidance.fine_tuning import make_fine_tuner
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.guidance.tuned_tail import TunedTail
from visgen.embedding.guidance.variants import fit_all, make_embedder
from visgen.embedding.held_out.refits import FIT_COLUMNS, fit_folds, refit_nulls
from visgen.embedding.held_out.scoring import NULLS
from visgen.features.backbones import forward, load_backbone
from visgen.simulate.phylogeny import simulate_phylogeny
from visgen.simulate.traits import branch_loadings, evolve_traits
from visgen.tables import read_table

N_TAXA, N_EACH = 11, 5
OPTIONS = {
    "seed": 1,
    "device": torch.device("cpu"),
    "precision": "float32",
    "batch_size": 7,
    "background": (255, 255, 255),
    "max_pixels": 10**6,
    "workers": 1,
}
GUIDANCE = {
    "projection": "none",
    "loss": "pearson",
    "largest": None,
    "optimiser": "adam",
    "learning_rate": 0.001,
    "epochs": 6,
    "penalty": 0.0,
    "watched": 0,
    "patience": 3,
    "fine_tune": {"stages": 1, "images_per_taxon": 3},
}
EVERYONE = np.ones(N_TAXA, bool)


def load_resnet():
    """Return a network whose branches count: by default they begin at zero."""
    return load_backbone(
        "test_resnet",
        "none",
        model_args={"zero_init_last": False},
        preprocessing={"image_size": 64},
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return images, their taxa, distances and families: noise around colours that evolve."""
    folder = tmp_path_factory.mktemp("images")
    tree, taxonomy = simulate_phylogeny(N_TAXA, 3)
    loadings = branch_loadings(tree)
    genetic = DistanceMatrix(tidy(2 * (1 - loadings.to_numpy() @ loadings.to_numpy().T)))
    genetic = DistanceMatrix(genetic.data, list(loadings.index))
    colours = 128 + 40 * evolve_traits(tree, 3, 1.0, 0.0, 3).to_numpy()
    rng = np.random.default_rng(7)
    rows = []
    for taxon, colour in zip(loadings.index, colours, strict=True):
        for _ in range(N_EACH):
            path = folder / f"{len(rows):03d}.png"
            noise = 50 * rng.standard_normal((16, 16, 3))
            pixels = np.clip(colour + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).resize((70, 70), Image.Resampling.NEAREST).save(path)
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            rows.append((path.stem, str(path), sha256, taxon))
    images = pd.DataFrame(rows, columns=["id", "path", "sha256", "taxon"])
    families = taxonomy.set_index("species")["family"]
    return images, images.set_index("id")["taxon"], genetic, families


@pytest.fixture(scope="module")
def backbone():
    return load_resnet()


def make(study, backbone, **changes):
    images, taxa, *_ = study
    guidance = GUIDANCE | {key: changes.pop(key) for key in list(changes) if key in GUIDANCE}
    variant = {"pooling": "mean", "centre": True, "per_taxon": N_EACH, "guidance": guidance}
    return make_fine_tuner(images, taxa, backbone, variant, **OPTIONS | changes)


@pytest.fixture(scope="module")
def tuner(study, backbone):
    return make(study, backbone)


@pytest.fixture(scope="module")
def fitted(study, tuner):
    return fit_all(tuner, study[2])


def loss_of(vectors, distances):
    """Return one minus the correlation of visual with phylogenetic distance, over all pairs."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = np.triu_indices(len(vectors), 1)
    return 1 - np.corrcoef((1 - unit @ unit.T)[pairs], distances[pairs])[0, 1]


@pytest.mark.parametrize("stages", [1, 2])
@pytest.mark.parametrize("model", ["test_resnet", "resnet18", "test_convnext", "test_efficientnet"])
def test_maps_and_tail_make_what_the_network_makes(model, stages):
    backbone = load_backbone(model, "none", preprocessing={"image_size": 64})
    cut = cut_network(backbone, stages)
    images = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        maps = cut.maps(images)
        assert torch.allclose(cut.tail(maps), forward(backbone, images), atol=1e-6)
    whole = dict(backbone.network.named_parameters())
    learned = dict(cut.tail.named_parameters())
    assert 0 < len(learned) < len(whole) and set(learned) < set(whole)
    assert not any(cut.tail.get_parameter(name) is whole[name] for name in learned)
    assert not backbone.network.get_submodule(cut.first)._forward_pre_hooks


@pytest.mark.parametrize(
    ("model", "stages", "first"),
    [
        ("test_resnet", 2, "layer3"),
        ("test_convnext", 1, "stages.3"),
        ("mobilenetv3_small_050", 1, "blocks.4"),  # two blocks between halvings
    ],
)
def test_a_stage_begins_behind_the_end_of_the_one_before(model, stages, first):
    backbone = load_backbone(model, "none", preprocessing={"image_size": 64})
    assert cut_network(backbone, stages).first == first


def test_a_vision_transformer_is_refused():
    with pytest.raises(ValueError, match="'test_vit' cannot be cut before the last 1 of its stage"):
        cut_network(load_backbone("test_vit", "none"), 1)


def test_a_connection_across_the_cut_is_refused(backbone):
    class Crossed(nn.Module):
        feature_info = ({"module": "one"}, {"module": "two"})

        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)

        def forward(self, x):
            return (self.two(self.one(x)) + x).mean((2, 3))

    crossed = backbone.__class__(**vars(backbone) | {"network": Crossed().eval()})
    with pytest.raises(ValueError, match=r"cannot be cut .* \(features differ by up to"):
        cut_network(crossed, 1)


def test_too_many_stages_are_refused(backbone):
    message = "fine_tune.stages: found 5, but backbone model 'test_resnet' has 4 stages"
    with pytest.raises(ValueError, match=message):
        cut_network(backbone, 5)


def test_before_any_step_vectors_are_the_means_of_frozen_features(study, backbone, tuner):
    images, taxa, *_ = study
    pictures = [backbone.transform(Image.open(path)) for path in images["path"]]
    features = forward(backbone, torch.stack(pictures)).numpy()
    index = pd.MultiIndex.from_product([images["id"], [0]], names=["id", "repeat"])
    unguided = UNGUIDED
    frozen = make_embedder(
        pd.DataFrame(features, index), taxa, unguided, seed=1, device=OPTIONS["device"]
    )
    wanted = frozen.in_features(frozen.vectors(None, EVERYONE))
    fit = fit_all(make(study, backbone, learning_rate=1e-12, epochs=1), study[2])
    found = tuner.in_features(tuner.vectors(fit, EVERYONE))
    assert found.index.equals(wanted.index)
    assert np.allclose(found, wanted, atol=1e-3 * features.std())
    assert fit.history["loss"][0] == pytest.approx(
        loss_of(wanted.to_numpy(), in_bag_order(study[2], tuner.bags)), abs=1e-3
    )


def test_the_loss_falls(study, tuner, fitted):
    history = fitted.history["loss"]
    assert history.iloc[-1] < history.iloc[0] - 0.02 and fitted.epoch == len(history) - 1
    # What is recorded is the loss over all images, not over those of a step.
    distances = in_bag_order(study[2], tuner.bags)
    found = loss_of(tuner.vectors(fitted, EVERYONE), distances)
    assert history.iloc[-1] == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize("loss", ["mse", "stress", "cross_entropy"])
def test_other_losses_fall(study, backbone, loss):
    history = fit_all(make(study, backbone, loss=loss), study[2]).history["loss"]
    assert history.iloc[-1] < history.iloc[0]


def test_nothing_frozen_changes(backbone, tuner, fitted):
    start = load_resnet().network.state_dict()
    now = backbone.network.state_dict()
    assert all(torch.equal(value, now[name]) for name, value in start.items())
    assert not any(p.requires_grad for p in backbone.network.parameters())
    assert all(torch.equal(v, start[name]) for name, v in tuner.tail.state_dict().items())
    buffers = dict(fitted.model.tail.named_buffers())
    assert any("running_mean" in name for name in buffers)
    assert all(torch.equal(value, start[name]) for name, value in buffers.items())
    names = [name for name, _ in fitted.model.tail.named_parameters()]
    assert {name.split(".")[0] for name in names} == {"layer4"}


@pytest.mark.parametrize("stages", [1, 2])
def test_gradients_reach_every_parameter_of_the_tail(study, backbone, stages):
    tune = {"stages": stages, "images_per_taxon": 3}
    tuner = make(study, backbone, fine_tune=tune)
    model = TunedTail(tuner.tail, torch.float32, 100)
    model(tuner.bags.features, torch.arange(N_TAXA * N_EACH)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


def test_parts_that_are_computed_anew_give_the_gradients_of_one_pass(tuner):
    gradients = []
    for batch_size in (7, 100):
        model = TunedTail(tuner.tail, torch.float32, batch_size)
        model(tuner.bags.features, torch.arange(N_TAXA * N_EACH)).square().sum().backward()
        gradients.append([p.grad for p in model.parameters()])
    for some, other in zip(*gradients, strict=True):
        assert torch.allclose(some, other, rtol=1e-3, atol=1e-5 * other.abs().max().item())


def test_the_same_seed_gives_the_same_bytes(study, backbone, tuner, fitted):
    again = fit_all(make(study, backbone), study[2])
    assert tuner.vectors(again, EVERYONE).tobytes() == tuner.vectors(fitted, EVERYONE).tobytes()
    other = fit_all(make(study, backbone, seed=2), study[2])
    assert tuner.vectors(other, EVERYONE).tobytes() != tuner.vectors(fitted, EVERYONE).tobytes()


def test_a_penalty_keeps_parameters_near_their_start(study, backbone, fitted):
    held = fit_all(make(study, backbone, penalty=1e6), study[2])
    assert held.model.departure() < 0.2 * fitted.model.departure()
    by_hand = sum(
        (now.detach() - then).square().sum()
        for now, then in zip(fitted.model.parameters(), fitted.model.start, strict=True)
    )
    assert fitted.model.departure().item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_the_kept_epoch_is_the_best_one_over_watched_taxa(study, backbone):
    tuner = make(study, backbone, watched=0.3, epochs=8, learning_rate=0.02)
    fit = fit_all(tuner, study[2])
    history = fit.history
    assert len(fit.watched) == 3
    assert history.loc[fit.epoch, "watched_loss"] == history["watched_loss"].min()
    fitted = ~np.isin(tuner.bags.taxa, fit.watched)
    vectors = tuner.vectors(fit, EVERYONE)[fitted]
    distances = in_bag_order(study[2], tuner.bags)[np.ix_(fitted, fitted)]
    assert history.loc[fit.epoch, "loss"] == pytest.approx(loss_of(vectors, distances), abs=1e-5)


def test_held_out_bags_are_in_nothing_that_is_fitted(study, tuner):
    known = EVERYONE.copy()
    known[[2, 5, 10]] = False
    distances = in_bag_order(study[2], tuner.bags)
    moved = distances.copy()
    moved[~known] = moved[:, ~known] = 3.3
    strange = tuner.bags.features.clone()
    strange[np.repeat(~known, tuner.bags.sizes)] = 60_000
    bags = tuner.bags.__class__(strange, *list(vars(tuner.bags).values())[1:])
    other = tuner.__class__(**vars(tuner) | {"bags": bags})
    fits = tuner.fit(distances, known), other.fit(moved, known)
    assert fits[0].history.equals(fits[1].history) and len(fits[0].watched) == 0
    states = [list(fit.model.state_dict().values()) for fit in fits]
    assert all(map(torch.equal, *states))
    assert np.allclose(tuner.vectors(fits[0], known)[known].mean(axis=0), 0, atol=1e-6)


def test_folds_and_permuted_bags_are_fitted_as_those_of_any_variant(study, backbone):
    _, _, genetic, families = study
    tuner = make(study, backbone, epochs=2)
    folds, omitted = deal_folds(genetic, genetic.ids, families, 2, seed=1)
    visual, fits = fit_folds(tuner, genetic, folds)
    assert len(visual) == 2 - len(omitted) and list(fits.columns) == FIT_COLUMNS
    for kind, distances in visual.items():
        assert distances.shape == (folds[kind].max(), N_TAXA, N_TAXA)
        assert np.isfinite(distances).all()
    assert (fits["epoch"] == 2).all()
    ids = tuner.images.ids.get_level_values("id")
    alone = pd.Series(ids, ids)
    permuted = refit_nulls(tuner, alone, genetic, folds, permutations=1, seed=1)
    assert set(permuted["kind"]) == set(visual) and set(permuted["null"]) == set(NULLS)
    assert refit_nulls(tuner, alone, genetic, folds, permutations=0, seed=1).empty


def test_dealt_images_are_other_images_in_the_same_bags(tuner):
    order = np.random.default_rng(1).permutation(len(tuner.rows))
    others = tuner.redealt(order)
    one, other = tuner._images()[2], others._images()[2]
    start = sum(tuner.bags.sizes[:2])
    assert len(one) == len(other) == tuner.bags.sizes[2]
    assert other.tolist() == order[start : start + len(one)].tolist()


def test_files_hold_what_makes_the_vectors(study, backbone, tuner, fitted, tmp_path):
    names = ("vectors", "weights", "distances", "history", "fit", "model")
    paths = {name: tmp_path / name for name in names}
    genetic = study[2]
    write_fit(paths, tuner, fitted, genetic)
    model = TunedTail(cut_network(backbone, 1).tail, torch.float32, 20)
    model.load_state_dict(load_file(paths["model"]))
    with torch.no_grad():
        features = model(tuner.bags.features, torch.arange(N_TAXA * N_EACH))
    means = features.reshape(N_TAXA, N_EACH, -1).mean(1).numpy()
    vectors = pd.read_parquet(paths["vectors"])
    assert np.allclose(vectors, means - means.mean(axis=0), atol=1e-5)
    assert list(vectors.index) == list(tuner.bags.taxa)
    assert pd.read_parquet(paths["weights"]).empty
    both = genetic, load_distances(paths["distances"])
    pairs = [matrix.filter(vectors.index).condensed_form() for matrix in both]
    (r,) = read_table(paths["fit"])["pearson"]
    assert r == pytest.approx(np.corrcoef(pairs)[0, 1])
    assert paths["model"].stat().st_mode & 0o044


def test_bags_are_cut_down_to_what_memory_holds(study, backbone):
    images, taxa, *_ = study
    variant = {"pooling": "mean", "centre": True, "per_taxon": 2, "guidance": GUIDANCE}
    some = taxa.where(taxa != taxa.iloc[0])
    tuner = make_fine_tuner(images, some, backbone, variant, **OPTIONS)
    assert tuner.bags.sizes == (2,) * (N_TAXA - 1) and taxa.iloc[0] not in tuner.bags.taxa
    assert len(tuner.bags.features) == 2 * (N_TAXA - 1)
    assert tuner.bags.features.dtype == torch.float16
    own = taxa[tuner.bags.ids.get_level_values("id")]
    assert list(own) == list(np.repeat(tuner.bags.taxa, 2))


def test_maps_beyond_float16_are_refused(study):
    backbone = load_resnet()
    backbone.network.conv1[0].weight.mul_(1e7)
    with pytest.raises(ValueError, match="id '000': its maps before layer4 of test_resnet have"):
        make(study, backbone)


def lacking(_):
    raise MemoryError


def test_lack_of_memory_for_a_picture_names_its_file(study, backbone):
    with pytest.raises(MemoryError, match=r"^.*\.\w+: MemoryError$"):
        make(study, replace(backbone, transform=lacking))


def test_a_changed_file_is_refused(study, backbone):
    images, *rest = study
    with pytest.raises(ValueError, match="its content has changed since ingest"):
        make((images.assign(sha256="0" * 64), *rest), backbone)


def test_too_few_known_taxa_are_refused(study, tuner):
    known = np.arange(N_TAXA) < 4
    with pytest.raises(ValueError, match="4 taxa have images and phylogenetic distances, expected"):
        tuner.fit(in_bag_order(study[2], tuner.bags), known)
