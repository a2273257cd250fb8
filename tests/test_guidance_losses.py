import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.stats import pearsonr
from visgen.embedding.guidance.losses import make_loss, pairs_between

N = 7


@pytest.fixture
def squares():
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((N, 3))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distance = rng.random((N, N)) * 1.7
    distance = np.triu(distance, 1) + np.triu(distance, 1).T
    return torch.tensor(unit @ unit.T), torch.tensor(distance)


def among(*taxa):
    chosen = torch.zeros(N, dtype=torch.bool)
    chosen[list(taxa)] = True
    return chosen


def every():
    return pairs_between(among(*range(N)), among(*range(N)))


def each_pair(pairs):
    return [(i, j) for i in range(N) for j in range(i + 1, N) if pairs.mask[i, j]]


def test_pairs_have_one_taxon_of_each_set_and_are_counted_once():
    pairs = pairs_between(among(0, 1), among(1, 2, 3))
    assert each_pair(pairs) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3)]
    assert [(i // N, i % N) for i in pairs.index.tolist()] == each_pair(pairs)
    assert not pairs.mask.diagonal().any()


def test_mse_maps_distances_to_similarities_without_clipping(squares):
    similarity, distance = squares
    pairs = every()
    loss = make_loss("mse", distance, pairs, 1.5)
    slow = [(similarity[i, j] - (1 - 2 * distance[i, j] / 1.5)) ** 2 for i, j in each_pair(pairs)]
    assert loss(similarity, distance, pairs).item() == pytest.approx(np.mean(slow))
    assert (1 - 2 * distance / 1.5).min() < -1


def test_mse_takes_the_largest_of_the_pairs_where_none_is_given(squares):
    _, distance = squares
    pairs = pairs_between(among(0, 1, 2), among(0, 1, 2))
    assert make_loss("mse", distance, pairs, None).largest == distance[:3, :3].max().item()


def test_constants_of_mse_are_the_losses_of_zero_and_of_the_best_constant(squares):
    _, distance = squares
    pairs = every()
    loss = make_loss("mse", distance, pairs, 1.7)

    def of(constant):
        return loss(torch.full((N, N), float(constant), dtype=torch.float64), distance, pairs)

    constants = loss.constants(distance, pairs)
    assert constants.zero == pytest.approx(of(0).item())
    assert constants.best == pytest.approx(minimize_scalar(lambda c: of(c).item()).fun)


def test_pearson_is_one_minus_the_correlation_of_distances(squares):
    similarity, distance = squares
    pairs = every()
    x = [1 - similarity[i, j].item() for i, j in each_pair(pairs)]
    y = [distance[i, j].item() for i, j in each_pair(pairs)]
    found = make_loss("pearson", distance, pairs, None)(similarity, distance, pairs).item()
    assert found == pytest.approx(1 - pearsonr(x, y).statistic)


def test_pearson_of_equal_distances_is_one_with_a_gradient_of_nothing(squares):
    similarity, _ = squares
    similarity = similarity.clone().requires_grad_()
    star = torch.ones(N, N, dtype=torch.float64)
    loss = make_loss("pearson", star, every(), None)(similarity, star, every())
    loss.backward()
    assert loss.item() == pytest.approx(1)
    assert torch.isfinite(similarity.grad).all()


def test_stress_is_that_after_its_affine_map(squares):
    similarity, distance = squares
    pairs = every()
    loss = make_loss("stress", distance, pairs, None).double()
    with torch.no_grad():
        loss.log_slope.fill_(math.log(1.3))
        loss.intercept.fill_(0.2)
    wanted = [distance[i, j].item() for i, j in each_pair(pairs)]
    mapped = [1.3 * (1 - similarity[i, j].item()) + 0.2 for i, j in each_pair(pairs)]
    top = sum((g - v) ** 2 for g, v in zip(wanted, mapped, strict=True))
    assert loss(similarity, distance, pairs).item() == pytest.approx(
        math.sqrt(top / sum(g**2 for g in wanted))
    )


def test_stress_begins_with_means_and_spreads_that_agree(squares):
    similarity, distance = squares
    pairs = every()
    loss = make_loss("stress", distance, pairs, None).double()
    loss.start(similarity, distance, pairs)
    mapped = loss.log_slope.exp() * (1 - pairs.of(similarity)) + loss.intercept
    assert mapped.mean().item() == pytest.approx(pairs.of(distance).mean().item())
    assert mapped.std().item() == pytest.approx(pairs.of(distance).std().item())


def test_cross_entropy_equals_a_plain_loop(squares):
    similarity, distance = squares
    pairs = pairs_between(among(0, 1, 2, 3), among(0, 1, 2, 3))
    loss = make_loss("cross_entropy", distance, pairs, None).double()
    unit = np.mean([distance[i, j].item() for i, j in each_pair(pairs)])
    total = 0.0
    for i in range(4):
        others = [j for j in range(4) if j != i]
        wanted = np.exp([-distance[i, j].item() / unit for j in others])
        visual = np.exp([-(1 - similarity[i, j].item()) for j in others])
        total -= (wanted / wanted.sum()) @ np.log(visual / visual.sum())
    assert loss(similarity, distance, pairs).item() == pytest.approx(total / 4)
    assert loss.constants(distance, pairs) == pytest.approx((math.log(3), math.log(3)))


@pytest.mark.parametrize("name", ["mse", "pearson", "stress", "cross_entropy"])
def test_the_diagonal_is_in_no_loss(squares, name):
    similarity, distance = squares
    loss = make_loss(name, distance, every(), None).double()
    other = similarity.clone().fill_diagonal_(17.0), distance.clone().fill_diagonal_(13.0)
    assert loss(similarity, distance, every()) == loss(*other, every())


@pytest.mark.parametrize("name", ["mse", "pearson", "stress", "cross_entropy"])
def test_gradients_are_finite(squares, name):
    similarity, distance = squares
    similarity = similarity.clone().requires_grad_()
    loss = make_loss(name, distance, every(), None).double()
    loss(similarity, distance, every()).backward()
    assert torch.isfinite(similarity.grad).all() and similarity.grad.abs().sum() > 0


def test_an_unknown_loss_is_refused(squares):
    with pytest.raises(ValueError, match="loss is 'hinge', expected one of pearson, mse"):
        make_loss("hinge", squares[1], every(), None)


def test_any_constant_loses_as_much_once_it_is_mapped_to_distances(squares):
    _, distance = squares
    pairs = every()
    loss = make_loss("stress", distance, pairs, None).double()
    mean = pairs.of(distance).mean().item()

    def of(mapped):
        with torch.no_grad():
            loss.log_slope.fill_(0.0)
            loss.intercept.fill_(mapped - 1)
        return loss(torch.zeros(N, N, dtype=torch.float64), distance, pairs).item()

    assert loss.constants(distance, pairs) == pytest.approx((of(mean), of(mean)))
    assert min(of(mean + 0.01), of(mean - 0.01)) > of(mean)
