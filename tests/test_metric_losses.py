"""Losses of embeddings against slow loops, and answers by the nearest mean."""

import math

import numpy as np
import pytest
import torch
from test_networks import RANKS, fit, options, split, study
from torch.nn.functional import normalize
from visgen.classification.networks.keeping import describe_network, network_of
from visgen.classification.networks.metric_losses import (
    MetricLosses,
    Prototypical,
    hierarchical_triplet,
)
from visgen.classification.networks.options import METRIC_LOSSES
from visgen.classification.networks.prototypes import SCALE, Prototypes
from visgen.classification.networks.ranks import predict_jointly

CODES = torch.tensor([[0, 0], [0, 0], [0, 1], [0, 1], [1, 2], [1, 2], [1, 2], [-1, -1], [1, -1]])


def embeddings(n=9, size=5, seed=1):
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed), requires_grad=True)


def test_queries_seek_the_means_of_those_that_support():
    taxa = torch.tensor([4, 2, 4, 2, 2, 7])
    x = embeddings(6).detach()
    means = {4: x[0], 2: (x[1] + x[4]) / 2, 7: x[5]}
    losses = []
    for query in (2, 3):
        far = {taxon: float((x[query] - mean).square().sum()) for taxon, mean in means.items()}
        whole = sum(math.exp(-d) for d in far.values())
        losses.append(far[int(taxa[query])] + math.log(whole))
    assert float(Prototypical()(x, taxa)) == pytest.approx(np.mean(losses), rel=1e-4)


def test_an_episode_without_queries_has_no_loss_and_no_gradient():
    x = embeddings(3)
    loss = Prototypical()(x, torch.tensor([0, 1, 2]))
    loss.backward()
    assert float(loss) == 0 and x.grad.abs().sum() == 0


def test_margins_of_triplets_grow_with_the_ranks_that_taxa_do_not_share():
    x, margin = embeddings(), 0.7
    unit = normalize(x).detach().numpy()
    codes, losses = CODES.numpy(), []
    for a in range(9):
        for p in range(9):
            for n in range(9):
                if a == p or codes[a, 1] < 0 or codes[n, 1] < 0:
                    continue
                if codes[a, 1] != codes[p, 1] or codes[a, 1] == codes[n, 1]:
                    continue
                share = np.mean([x != y or x < 0 for x, y in zip(codes[a], codes[n], strict=True)])
                near, far = (((unit[a] - unit[i]) ** 2).sum() for i in (p, n))
                losses.append(max(0.0, near - far + margin * share))
    found = float(hierarchical_triplet(x, CODES, margin))
    assert found == pytest.approx(np.mean(losses), rel=1e-4) and len(losses) > 20


def test_weights_of_ranks_add_up():
    x, codes = embeddings(), CODES[:7]
    each = [
        float(
            MetricLosses(
                "supervised_contrastive", {"genus": 2, "species": 3}, weights, size=5, seed=1
            )([x[:7]], codes)[0]
        )
        for weights in ({"species": 0}, {"genus": 0}, {"genus": 2.0, "species": 0.5})
    ]
    assert each[2] == pytest.approx(2 * each[0] + 0.5 * each[1], rel=1e-5)


@pytest.mark.parametrize("euclidean", [True, False])
def test_the_nearest_mean_answers(euclidean):
    x = embeddings().detach()
    prototypes = Prototypes({"genus": 2, "species": 3}, size=5, euclidean=euclidean)
    prototypes.learn(x, CODES)
    seen = x if euclidean else normalize(x)
    for r, n in ((0, 2), (1, 3)):
        means = torch.stack([seen[CODES[:, r] == t].mean(0) for t in range(n)])
        expected = torch.stack([
            torch.stack([
                -((one - mean) ** 2).sum()
                if euclidean
                else SCALE * torch.cosine_similarity(one, mean, dim=0)
                for mean in means
            ])
            for one in x
        ])  # fmt: skip
        found = prototypes.probabilities([x])[0][r]
        assert torch.allclose(found, expected.softmax(1), atol=1e-5)


@pytest.mark.parametrize("loss", METRIC_LOSSES)
def test_embeddings_of_taxa_that_lie_apart_find_their_taxon(loss, tmp_path):
    features, labels = study(noise=0.2)
    chosen = options(loss=loss, size=6, per_taxon=3, epochs=20)
    tables, history, _ = predict_jointly(
        features, labels, RANKS, split(labels), chosen, tmp_path, name="one", classified=RANKS
    )
    assert history["val_loss"].notna().all() and history["chosen"].sum() == 1
    test = tables.predictions[1, "species"].query("part == 'test'")
    assert (test["truth"] == test["predicted"]).mean() > 0.8
    assert np.allclose(test.iloc[:, 4:].sum(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("loss", METRIC_LOSSES)
def test_gradients_reach_every_weight_and_proxy(loss):
    codes = torch.tensor([[i // 4, i // 2, i] for i in range(6) for _ in range(4)])
    losses = MetricLosses(loss, {"family": 2, "genus": 3, "species": 6}, {}, size=7, seed=1)
    x = embeddings(24, 7)
    losses([x], codes).mean().backward()
    assert x.grad.abs().sum() > 0
    assert all(p.grad.abs().sum() > 0 for p in losses.parameters())


def test_a_kept_embedding_gives_the_same_answers(tmp_path):
    features, labels = study()
    changes = {"loss": "arcface", "size": 6, "per_taxon": 3, "epochs": 2}
    trained = fit(features, labels, tmp_path, **changes).trained
    again = network_of(*describe_network(trained))
    x = features.to_numpy()
    for one, other in zip(trained.ask(x)[0], again.ask(x)[0], strict=True):
        assert (one == other).all()
