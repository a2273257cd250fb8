import math

import pytest
import torch
from visgen.visual_genetic.regimes.losses import Euclidean, make_metric_loss

OPTIONS = {"distance": "plain", "epsilon": 0.01, "margin": 0.7}


def batch(n_images=37, size=5, n_taxa=4, seed=3):
    """Return embeddings and taxa; more images than where the library takes inner products."""
    draw = torch.Generator().manual_seed(seed)
    taxa = torch.randint(0, n_taxa, (n_images,), generator=draw)
    taxa[7] = n_taxa  # a taxon of one image
    return torch.randn(n_images, size, generator=draw), taxa


def triplets(taxa):
    images = range(len(taxa))
    return [
        (a, p, n)
        for a in images
        for p in images
        for n in images
        if a != p and taxa[a] == taxa[p] and taxa[a] != taxa[n]
    ]


def measure(one, other, distance):
    length = math.dist(one.tolist(), other.tolist())
    return length if distance == "plain" else length**2


@pytest.mark.parametrize("distance", ["plain", "squared"])
def test_reciprocal_loss_is_that_of_a_loop_over_triplets(distance):
    x, taxa = batch()
    terms = [
        measure(x[a], x[p], distance) + 1 / (measure(x[a], x[n], distance) + 0.01)
        for a, p, n in triplets(taxa.tolist())
    ]
    loss = make_metric_loss("reciprocal", **OPTIONS | {"distance": distance})
    assert len(terms) > 1000
    assert loss(x, taxa).item() == pytest.approx(sum(terms) / len(terms), rel=1e-5)


@pytest.mark.parametrize("distance", ["plain", "squared"])
def test_triplet_loss_is_that_of_a_loop_over_triplets(distance):
    x, taxa = batch()
    terms = [
        max(0.0, measure(x[a], x[p], distance) - measure(x[a], x[n], distance) + 0.7)
        for a, p, n in triplets(taxa.tolist())
    ]
    loss = make_metric_loss("triplet", **OPTIONS | {"distance": distance})
    assert 0 in terms
    assert loss(x, taxa).item() == pytest.approx(sum(terms) / len(terms), rel=1e-5)


@pytest.mark.parametrize("distance", ["plain", "squared"])
def test_contrastive_loss_is_that_of_a_loop_over_pairs(distance):
    x, taxa = batch()
    same, other = [], []
    for i in range(37):
        for j in set(range(37)) - {i}:
            if taxa[i] == taxa[j]:
                same.append(measure(x[i], x[j], distance))
            else:
                other.append(max(0.0, 2.9 - measure(x[i], x[j], distance)))
    loss = make_metric_loss("contrastive", **OPTIONS | {"distance": distance, "margin": 2.9})
    expected = sum(same) / len(same) + sum(other) / len(other)
    assert sum(other) > 0
    assert loss(x, taxa).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("distance", ["plain", "squared"])
def test_reciprocal_gradient_is_that_of_the_loop(distance):
    x, taxa = batch(n_images=11)
    x = x.double().requires_grad_(True)
    loss = make_metric_loss("reciprocal", **OPTIONS | {"distance": distance})
    assert torch.autograd.gradcheck(lambda values: loss(values, taxa), (x,))


@pytest.mark.parametrize("distance", ["plain", "squared"])
@pytest.mark.parametrize("name", ["reciprocal", "triplet", "contrastive"])
@pytest.mark.parametrize("other", [1, 3])  # an image of the same taxon, one of another
def test_coinciding_embeddings_have_finite_losses_and_gradients(name, distance, other):
    x, taxa = batch(n_images=31)
    taxa[:4] = torch.tensor([0, 0, 1, 1])
    x[other] = x[0]
    x.requires_grad_(True)
    loss = make_metric_loss(name, **OPTIONS | {"distance": distance})(x, taxa)
    loss.backward()
    assert loss.isfinite()
    assert x.grad.isfinite().all()
    assert x.grad.any()


def test_equal_embeddings_are_at_no_distance_however_large():
    x = batch(n_images=61)[0] + 100
    x[60] = x[3]
    distance = Euclidean("plain")(x)
    assert distance[60, 3] == 0
    assert not distance.diagonal().any()
    assert distance[5, 8].item() == pytest.approx(math.dist(x[5].tolist(), x[8].tolist()), rel=1e-5)


def test_reciprocal_loss_of_one_point_is_one_over_epsilon():
    x = torch.full((29, 3), 0.37, requires_grad=True)
    loss = make_metric_loss("reciprocal", **OPTIONS)(x, torch.arange(29) % 2)
    loss.backward()
    assert loss.item() == pytest.approx(100)
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("name", ["reciprocal", "triplet"])
@pytest.mark.parametrize("taxa", [[0, 1, 2, 3, 4], [2, 2, 2, 2, 2]])
def test_a_batch_without_triplets_has_no_loss(name, taxa):
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1), requires_grad=True)
    loss = make_metric_loss(name, **OPTIONS)(x, torch.tensor(taxa))
    loss.backward()
    assert loss.item() == 0
    assert not x.grad.any()


def test_a_batch_of_single_images_pushes_only():
    x = torch.tensor([[0.0, 0.0], [0.3, 0.4]], requires_grad=True)
    loss = make_metric_loss("contrastive", **OPTIONS)(x, torch.tensor([0, 1]))
    loss.backward()
    assert loss.item() == pytest.approx(0.2)  # margin 0.7, distance 0.5
    assert x.grad.isfinite().all()


def test_none_is_no_loss():
    x, taxa = batch()
    x.requires_grad_(True)
    loss = make_metric_loss("none", **OPTIONS)(x, taxa)
    assert loss.item() == 0


def test_order_of_images_does_not_matter():
    x, taxa = batch()
    mixed = torch.randperm(37, generator=torch.Generator().manual_seed(5))
    for name in ("reciprocal", "triplet", "contrastive"):
        loss = make_metric_loss(name, **OPTIONS)
        assert loss(x[mixed], taxa[mixed]).item() == pytest.approx(loss(x, taxa).item(), rel=1e-5)


def test_descent_brings_taxa_together_and_others_apart():
    x, taxa = batch(n_images=8, n_taxa=2)
    x.requires_grad_(True)
    loss = make_metric_loss("reciprocal", **OPTIONS)
    optimiser = torch.optim.SGD([x], lr=0.3)
    losses = []
    for _ in range(150):
        optimiser.zero_grad()
        value = loss(x, taxa)
        value.backward()
        optimiser.step()
        losses.append(value.item())
    distance = torch.cdist(x, x).detach()
    same = taxa[:, None] == taxa
    assert losses[-1] < 0.5 * losses[0]
    assert distance[same].max() < distance[~same].min()


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="loss: found 'circle', expected one of reciprocal, tri"):
        make_metric_loss("circle", **OPTIONS)
    with pytest.raises(ValueError, match="distance: found 'cosine', expected one of plain, squ"):
        Euclidean("cosine")
