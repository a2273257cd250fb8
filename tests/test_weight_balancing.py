import math

import numpy as np
import pytest
import torch
from torch import nn
from visgen.visual_genetic.regimes.weight_balancing import (
    balance_head,
    class_balanced_weights,
    max_norm_radius,
    project_layers,
    project_rows,
    row_norms,
)

OPTIONS = {
    "beta": 0.9999,
    "weight_decay": 0.1,
    "epochs": 3,
    "learning_rate": 0.01,
    "norm_share": 0.1,
    "momentum": 0.9,
    "batch_size": 13,
    "seed": 1,
}


def layer(rows):
    made = nn.Linear(len(rows[0]), len(rows))
    with torch.no_grad():
        made.weight.copy_(torch.tensor(rows))
    return made


def study(seed=1):
    """Return 101 embeddings of three taxa with 83, 13 and 5 images, not far apart."""
    draw = torch.Generator().manual_seed(seed)
    taxa = torch.tensor([0] * 83 + [1] * 13 + [2] * 5)
    centres = torch.randn(3, 7, generator=draw)
    return centres[taxa] + torch.randn(101, 7, generator=draw), taxa


def head(seed=2):
    torch.manual_seed(seed)
    return nn.Linear(7, 3)


def test_radius_lies_a_share_above_the_shortest_row():
    assert max_norm_radius(torch.tensor([5.0, 2.0, 4.0]), 0.1) == pytest.approx(2.3)
    assert max_norm_radius(torch.tensor([5.0, 2.0, 4.0]), 1.0) == pytest.approx(5.0)


def test_long_rows_are_shortened_and_short_ones_left_alone():
    made = layer([[3.0, 4.0], [0.6, 0.8], [0.0, -2.0]])
    project_rows(made.weight, torch.tensor(1.5))
    expected = torch.tensor([[0.9, 1.2], [0.6, 0.8], [0.0, -1.5]])
    torch.testing.assert_close(made.weight.detach(), expected)
    assert made.weight.requires_grad


def test_layers_of_a_stack_have_radii_of_their_own():
    """A stack of two layers with three rows each; the second has a row of length 0."""
    stack = torch.tensor(
        [[[3.0, 4.0], [0.6, 0.8], [0.0, 2.0]], [[0.0, 0.0], [0.0, 6.0], [3.0, 0.0]]]
    )
    radii = max_norm_radius(stack.norm(dim=-1), 0.5)
    assert radii.tolist() == pytest.approx([3.0, 3.0])  # 1 to 5, and 0 to 6
    project_rows(stack, torch.tensor([3.0, 2.0]))
    expected = [[[1.8, 2.4], [0.6, 0.8], [0.0, 2.0]], [[0.0, 0.0], [0.0, 2.0], [2.0, 0.0]]]
    torch.testing.assert_close(stack, torch.tensor(expected))


def test_each_layer_has_a_radius_of_its_own():
    first = layer([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    second = layer([[30.0, 0.0], [0.0, 10.0]])
    project_layers([first, second], 0.25)
    assert row_norms(first).tolist() == pytest.approx([1.0, 1.5, 1.5])
    assert row_norms(second).tolist() == pytest.approx([15.0, 10.0])


def test_class_balanced_weights_are_those_of_a_loop():
    counts = [1, 7, 211, 20011]
    plain = [(1 - 0.9999) / (1 - 0.9999**n) for n in counts]
    mean = sum(n * w for n, w in zip(counts, plain, strict=True)) / sum(counts)
    weights = class_balanced_weights(counts, 0.9999)
    assert weights == pytest.approx([w / mean for w in plain])
    assert (np.diff(weights) < 0).all()
    assert np.average(weights, weights=counts) == pytest.approx(1)
    assert class_balanced_weights(counts, 0.0) == pytest.approx(1.0)


def test_the_head_learns_within_its_radius():
    made = head()
    radius = max_norm_radius(row_norms(made), 0.1)
    epochs = [*balance_head(made, *study(), **OPTIONS | {"epochs": 20})]
    assert len(epochs) == 20
    assert epochs[-1].loss < epochs[0].loss - 0.1
    assert all(epoch.norms.max() <= radius * (1 + 1e-6) for epoch in epochs)
    assert epochs[-1].norms == pytest.approx(row_norms(made).numpy())


def test_first_loss_is_that_of_a_loop():
    made, (embeddings, taxa) = head(), study()
    weights = class_balanced_weights([83, 13, 5], 0.9999)
    shares = made(embeddings).softmax(1).detach()
    expected = [-weights[t] * math.log(shares[i, t]) for i, t in enumerate(taxa.tolist())]
    options = {"epochs": 1, "batch_size": 200}
    (epoch,) = balance_head(made, embeddings, taxa, **OPTIONS | options)
    assert epoch.loss == pytest.approx(sum(expected) / 101, rel=1e-5)
    assert epoch.learning_rate == 0.01


def test_learning_rate_falls_along_a_cosine():
    rates = [e.learning_rate for e in balance_head(head(), *study(), **OPTIONS | {"epochs": 4})]
    # Of the last of 8 steps an epoch, 32 in all.
    expected = [0.005 * (1 + math.cos(math.pi * step / 32)) for step in (7, 15, 23, 31)]
    assert rates == pytest.approx(expected)


def test_rare_taxa_gain_by_balancing():
    embeddings, taxa = study()
    recalls = []
    for beta in (0.0, 0.9999):
        made = head()
        options = {"beta": beta, "epochs": 30, "weight_decay": 0.0, "norm_share": 1.0}
        list(balance_head(made, embeddings, taxa, **OPTIONS | options))
        hit = made(embeddings).argmax(1) == taxa
        recalls.append(hit[taxa == 2].float().mean().item())
    assert recalls[1] > recalls[0]


def test_only_weights_decay():
    made = head()
    bias = made.bias.detach().clone()
    strong = {"weight_decay": 50.0, "epochs": 20, "momentum": 0.0, "norm_share": 1.0}
    embeddings, taxa = study()
    list(balance_head(made, 0 * embeddings, taxa, **OPTIONS | strong))
    assert made.weight.abs().max() < 1e-3
    assert made.bias.abs().max() > 0.5 * bias.abs().max()


def test_same_seed_same_bytes():
    def trained(seed):
        made = head()
        list(balance_head(made, *study(), **OPTIONS | {"seed": seed}))
        return made.weight.detach().numpy().tobytes()

    assert trained(1) == trained(1)
    assert trained(1) != trained(2)


def test_a_loss_that_is_no_number_stops_the_training():
    with pytest.raises(ValueError, match=r"head's loss is (nan|inf) in epoch \d of 3.*balancing"):
        list(balance_head(head(), *study(), **OPTIONS | {"learning_rate": 1e38}))
