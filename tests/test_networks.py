"""Networks that classify: what the taxonomy is to probabilities, and what is learned."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch
from visgen.classification.lineages.known import known_lineages
from visgen.classification.networks.fitting import Images, fit_network
from visgen.classification.networks.hierarchy import Hierarchy, decide
from visgen.classification.networks.keeping import describe_network, network_of
from visgen.classification.networks.losses import RankLosses, balanced_weights
from visgen.classification.networks.modules import RankNetwork
from visgen.classification.networks.ranks import predict_jointly
from visgen.classification.networks.targets import make_targets, shared_ranks
from visgen.classification.scores.lineages import impossible
from visgen.machine.checkpoints import Checkpoint
from visgen.specimens.taxonomy import lineage

RANKS = ["family", "genus", "species"]
NETWORK = {
    "towers": "shared",
    "hidden": [13],
    "dropout": 0.0,
    "hierarchy": "free",
    "loss": "cross_entropy",
    "beta": 0.9,
    "gamma": 2.0,
    "tau": 1.0,
    "rank_weights": {},
    "discount": 0.0,
    "soft_labels": None,
    "augment": "none",
    "mixup": 0.0,
    "optimiser": "adamw",
    "learning_rate": 0.01,
    "momentum": 0.9,
    "weight_decay": 0.01,
    "batch_size": 16,
    "epochs": 12,
    "patience": None,
    "size": 8,
    "per_taxon": 3,
}


def options(**changes):
    """Return a classifier's options."""
    return {
        "method": "network",
        "seed": 1,
        "transform": ["standardise"],
        "network": NETWORK | changes,
    }


def labels_with_gaps():
    """Return labels of 12 images: a genus without a family, images without a species."""
    rows = [
        *[("Aidae", "A", "A a")] * 3,
        *[("Aidae", "A", "A b")] * 2,
        ("Aidae", "A", None),
        *[("Aidae", "B", "B a")] * 2,
        *[(None, "C", "C a")] * 2,
        ("Didae", None, None),
        ("Didae", None, None),
    ]
    labels = pd.DataFrame(rows, columns=RANKS, dtype="str")
    labels["specimen"] = [f"s{i}" for i in range(len(rows))]
    labels.index = pd.Index([f"image {i:02d}" for i in range(len(rows))], name="id")
    return labels


def targets_of(labels):
    return make_targets(labels, np.ones(len(labels), bool), RANKS)


def logits_of(hierarchy, n_images, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return [3 * torch.randn(n_images, n, generator=draw) for n in hierarchy.heads.values()]


def study(n_species=6, n_each=11, n_features=7, noise=0.5, seed=1):
    """Return features and labels of species whose means lie apart, two species a genus."""
    rng = np.random.default_rng(seed)
    means = rng.standard_normal((n_species, n_features))
    x = np.repeat(means, n_each, 0) + noise * rng.standard_normal((n_species * n_each, n_features))
    number = np.repeat(np.arange(n_species), n_each)
    labels = pd.DataFrame({
        "family": [f"family {i // 4}" for i in number],
        "genus": [f"genus {i // 2}" for i in number],
        "species": [f"species {i}" for i in number],
        "specimen": [f"s{i}" for i in range(len(number))],
    }).astype("str")  # fmt: skip
    labels.index = pd.Index([f"image {i:03d}" for i in range(len(number))], name="id")
    index = pd.MultiIndex.from_product([labels.index, [0]], names=["id", "repeat"])
    return pd.DataFrame(x.astype(np.float32), index=index), labels


def split(labels):
    """Return one split: of eleven images of a species six train, two validate."""
    place = np.arange(len(labels)) % 11
    names = np.select([place < 6, place < 8], ["train", "val"], "test")
    return {1: pd.Series(names, labels.index)}


def fit(features, labels, tmp_path, ranks=RANKS, seed=1, **changes):
    part = split(labels)[1].to_numpy()
    positions = np.arange(len(labels))[:, None]
    images = Images(labels, part == "train", part == "val", positions)
    checkpoint = Checkpoint(tmp_path, math.inf)
    x = features.to_numpy()
    return fit_network(x, images, ranks, options(**changes), checkpoint, seed=seed)


# --- what the taxonomy is to probabilities ---


@pytest.mark.parametrize("kind", ["free", "masked", "summed"])
def test_probabilities_of_a_rank_sum_to_one(kind):
    targets = targets_of(labels_with_gaps())
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    hierarchy = Hierarchy(targets.lineages.places, n_taxa, kind)
    for r, p in enumerate(hierarchy.probabilities(logits_of(hierarchy, 17))[0]):
        assert p.shape == (17, n_taxa[RANKS[r]])
        assert torch.allclose(p.sum(1), torch.ones(17), atol=1e-5) and (p >= 0).all()


def test_masked_taxa_share_the_probability_of_their_parent():
    _, labels = study()
    targets = targets_of(labels)
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    hierarchy = Hierarchy(targets.lineages.places, n_taxa, "masked")
    logits = logits_of(hierarchy, 5)
    family, genus, _ = hierarchy.probabilities(logits)[0]
    places = targets.lineages.places
    for image, taxon in itertools.product(range(5), range(n_taxa["genus"])):
        parent = places[places[:, 1] == taxon][0, 0]
        children = np.unique(places[places[:, 0] == parent, 1])
        alone = torch.softmax(logits[1][image, children], 0)
        expected = family[image, parent] * alone[list(children).index(taxon)]
        assert genus[image, taxon] == pytest.approx(float(expected), rel=1e-4)


def test_summed_taxa_have_the_sums_of_their_lineages():
    targets = targets_of(labels_with_gaps())
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    hierarchy = Hierarchy(targets.lineages.places, n_taxa, "summed")
    logits = logits_of(hierarchy, 3)
    of_lineage = torch.softmax(logits[0], 1).numpy()
    for r, log_p in enumerate(hierarchy.conditional(logits)):
        for taxon in range(n_taxa[RANKS[r]]):
            members = targets.lineages.places[:, r] == taxon
            assert np.allclose(log_p[:, taxon].exp(), of_lineage[:, members].sum(1), atol=1e-6)


@pytest.mark.parametrize("kind", ["masked", "summed"])
def test_no_lineage_that_is_named_is_impossible(kind):
    labels = labels_with_gaps()
    targets = targets_of(labels)
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    hierarchy = Hierarchy(targets.lineages.places, n_taxa, kind)
    _, odds = hierarchy.probabilities(logits_of(hierarchy, 400))
    numbers = decide([p.numpy() for p in odds], hierarchy.nodes, list(n_taxa.values()))
    names = pd.DataFrame({
        rank: pd.Series(np.append(targets.lineages.taxa[rank], None)[numbers[:, r]], dtype="str")
        for r, rank in enumerate(RANKS)
    })  # fmt: skip
    above = {rank: lineage(labels, RANKS, rank) for rank in RANKS}
    assert not impossible(names, above).any()
    lineages = set(targets.lineages.names.fillna("–").agg(" ".join, axis=1))
    assert set(names.fillna("–").agg(" ".join, axis=1)) <= lineages
    rng = np.random.default_rng(1)
    free = pd.DataFrame({
        rank: targets.lineages.taxa[rank][rng.integers(n_taxa[rank], size=400)] for rank in RANKS
    })  # fmt: skip
    assert impossible(free, above).any()  # what is not decided so can be


def test_the_most_probable_taxon_is_named_at_the_coarsest_rank_and_below_it_alone():
    places = np.array([[0, 0], [0, 1], [1, 2]])
    odds = [np.array([[0.6, 0.4]]), np.array([[0.1, 0.3, 0.6]])]
    assert decide(odds, places, [2, 3]).tolist() == [[0, 1]]


def test_what_has_no_name_above_shares_what_is_left_and_can_be_named():
    labels = labels_with_gaps()
    targets = targets_of(labels)
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    names = targets.lineages.names.fillna("–")
    lone = names.index[(names["genus"] == "C")][0]
    place = targets.lineages.places[names.index.get_loc(lone)]
    for kind in ("masked", "summed"):
        hierarchy = Hierarchy(targets.lineages.places, n_taxa, kind)
        node = hierarchy.nodes[names.index.get_loc(lone)]
        assert place[0] == -1 and node[0] == n_taxa["family"]
        logits = logits_of(hierarchy, 3)
        _, nodes = hierarchy.probabilities(logits)
        # The whole of a rank is that of the gap, of families, and of what lies below these.
        assert torch.allclose(nodes[0].sum(1), torch.ones(3), atol=1e-5)
        below = nodes[1][:, hierarchy.nodes[hierarchy.nodes[:, 0] == node[0], 1]].sum(1)
        assert torch.allclose(below, nodes[0][:, node[0]], atol=1e-5)
        if kind == "masked":
            logits[0][:, node[0]] = 50.0
        else:
            logits[0][:, names.index.get_loc(lone)] = 50.0
        taxa, nodes = hierarchy.probabilities(logits)
        named = decide([p.numpy() for p in nodes], hierarchy.nodes, list(n_taxa.values()))
        assert (named == place).all()
        assert (taxa[2][:, place[2]] > 0.99).all()


def test_a_discount_makes_mistakes_between_near_taxa_cheaper():
    _, labels = study()
    targets = targets_of(labels)
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    meant = Hierarchy(targets.lineages.places, n_taxa, "summed")
    truth = targets.lineages.places[0]
    loss = RankLosses(targets, meant, NETWORK | {"hierarchy": "summed", "discount": 1.0})
    plain = RankLosses(targets, meant, NETWORK | {"hierarchy": "summed"})
    shared = (targets.lineages.places == truth).sum(1)
    share = {}
    for name, agrees in (("near", 2), ("far", 0)):  # of genus and family, of nothing
        logits = torch.zeros(1, len(shared))
        logits[0, int(np.flatnonzero(shared == agrees)[0])] = 9.0
        codes = torch.from_numpy(truth)[None]
        share[name] = float(loss([logits], codes) / plain([logits], codes))
    assert share["near"] < 0.5 * share["far"]


def test_names_do_not_decide_the_numbers_of_taxa():
    labels = labels_with_gaps()
    other = labels.copy()
    renamed = {
        name: f"Z{9 - i}" for i, name in enumerate(sorted(labels["species"].dropna().unique()))
    }
    other["species"] = labels["species"].map(renamed).astype("str")
    one, two = targets_of(labels), targets_of(other)
    assert (one.codes == two.codes).all() and (one.lineages.places == two.lineages.places).all()


# --- losses against slow loops ---


def node_names(lineage):
    """Return a name for each node of a lineage; a gap is called by what is above it."""
    last = max(r for r, taxon in enumerate(lineage) if taxon >= 0)
    names = []
    for taxon in lineage[: last + 1]:
        names.append(int(taxon) if taxon >= 0 else ("gap", *names))
    return names


def slow_masked(logits, codes, targets, meant, of):
    """Return the loss of each image by loops, a taxon against what has the same parent alone."""
    lineages = [node_names(row) for row in targets.lineages.places]
    number = {}  # of the logit of a node, by rank and name
    for names, row in zip(lineages, meant.nodes, strict=True):
        number |= {(r, name): int(row[r]) for r, name in enumerate(names)}
    walks = []
    for row in codes:
        finest = max(r for r, taxon in enumerate(row) if taxon >= 0)
        walks.append(
            next(n for n in lineages if n[finest : finest + 1] == [row[finest]])[: finest + 1]
        )
    found = []
    for i, walk in enumerate(walks):
        total = 0.0
        for r, name in enumerate(walk):
            passed = [w[r] for w in walks if len(w) > r]
            n = {node: max(passed.count(node), 1) for (rank, node) in number if rank == r}
            raised = {
                node: float(logits[r][i][number[r, node]])
                + (of["tau"] * math.log(n[node]) if of["loss"] == "logit_adjusted" else 0)
                for node in n
            }
            allowed = {names[r] for names in lineages if names[:r] == walk[:r] and len(names) > r}
            told = raised[name] - math.log(sum(math.exp(raised[node]) for node in allowed))
            loss = -told
            if of["loss"] == "focal":
                loss *= (1 - math.exp(told)) ** of["gamma"]
            if of["loss"] == "class_balanced":
                weights = {node: (1 - of["beta"]) / (1 - of["beta"] ** m) for node, m in n.items()}
                mean = sum(weights[node] for node in passed) / len(passed)
                loss *= weights[name] / mean
            total += of["rank_weights"].get(RANKS[r], 1) * math.exp(-of["discount"] * r) * loss
        found.append(total)
    return found


def slow_loss(logits, codes, targets, of):
    """Return the loss of each image by loops, of free ranks or of summed lineages."""
    found = []
    places, counts = targets.lineages.places, list(targets.n_images.values())
    for i, row in enumerate(codes):
        total, above = 0.0, 0.0
        for r, taxon in enumerate(row):
            n_taxa = len(counts[r])
            if taxon < 0:
                continue
            raised = [float(value) for value in logits[0 if of["hierarchy"] == "summed" else r][i]]
            if of["loss"] == "logit_adjusted":
                if of["hierarchy"] == "summed":
                    finest = [max(k for k in range(len(row)) if p[k] >= 0) for p in places]
                    n = [counts[k][places[j, k]] for j, k in enumerate(finest)]
                else:
                    n = counts[r]
                raised = [v + of["tau"] * math.log(m) for v, m in zip(raised, n, strict=True)]
            whole = sum(map(math.exp, raised))
            shares = [math.exp(v) / whole for v in raised]
            if of["hierarchy"] == "summed":
                shares = [
                    sum(share for share, p in zip(shares, places, strict=True) if p[r] == t)
                    for t in range(n_taxa)
                ]
            logs = [math.log(share) for share in shares]
            told = logs[taxon] - above if of["hierarchy"] == "summed" else logs[taxon]
            loss = -told
            if of["soft_labels"] is not None:
                apart = shared_ranks(places, r, n_taxa)[taxon]
                soft = [math.exp(-of["soft_labels"] * d) for d in apart]
                loss = -sum(s / sum(soft) * value for s, value in zip(soft, logs, strict=True))
            if of["loss"] == "focal":
                loss *= (1 - math.exp(told)) ** of["gamma"]
            if of["loss"] == "class_balanced":
                weights = [(1 - of["beta"]) / (1 - of["beta"] ** n) for n in counts[r]]
                mean = sum(w * n for w, n in zip(weights, counts[r], strict=True)) / sum(counts[r])
                loss *= weights[taxon] / mean
            total += of["rank_weights"].get(RANKS[r], 1) * math.exp(-of["discount"] * r) * loss
            above = logs[taxon]
        found.append(total)
    return found


@pytest.mark.parametrize("hierarchy", ["free", "masked", "summed"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"loss": "class_balanced"},
        {"loss": "focal"},
        {"loss": "logit_adjusted", "tau": 0.7},
        {"rank_weights": {"family": 0.3, "species": 2.0}},
        {"soft_labels": 3.0},
        {"discount": 0.4},
    ],
    ids=lambda changes: " ".join(map(str, changes.values())) or "plain",
)
def test_losses_equal_slow_loops(hierarchy, changes):
    if ("soft_labels" in changes) > (hierarchy == "free"):
        pytest.skip("soft labels are of free ranks")
    targets = targets_of(labels_with_gaps())
    of = NETWORK | {"hierarchy": hierarchy} | changes
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    meant = Hierarchy(targets.lineages.places, n_taxa, hierarchy)
    logits = logits_of(meant, len(targets.codes), seed=2)
    found = RankLosses(targets, meant, of)(logits, torch.from_numpy(targets.codes))
    expected = slow_loss(logits, targets.codes, targets, of) if hierarchy != "masked" else None
    if hierarchy == "masked":
        expected = slow_masked(logits, targets.codes, targets, meant, of)
    assert found.tolist() == pytest.approx(expected, rel=1e-4)


def test_terms_of_summed_ranks_add_up_to_the_cross_entropy_of_lineages():
    _, labels = study()
    targets = targets_of(labels)
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    meant = Hierarchy(targets.lineages.places, n_taxa, "summed")
    logits = logits_of(meant, len(labels))
    of_lineage = (targets.codes[:, None] == targets.lineages.places).all(2).argmax(1)
    expected = torch.nn.functional.cross_entropy(
        logits[0], torch.from_numpy(of_lineage), reduction="none"
    )
    found = RankLosses(targets, meant, NETWORK | {"hierarchy": "summed"})(
        logits, torch.from_numpy(targets.codes)
    )
    assert torch.allclose(found, expected, atol=1e-5)


def test_balanced_weights_reach_from_equal_ones_to_inverse_frequencies():
    n = np.array([2, 5, 93])
    assert balanced_weights(n, 0.0) == pytest.approx([1, 1, 1])
    nearly = balanced_weights(n, 1 - 1e-9)
    assert nearly * n == pytest.approx([100 / 3] * 3, rel=1e-4)


def test_taxa_meet_where_their_lineages_do():
    places = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3]])
    thirds = [[0, 1, 2, 3], [1, 0, 2, 3], [2, 2, 0, 3], [3, 3, 3, 0]]
    assert shared_ranks(places, 2, 4) == pytest.approx(np.array(thirds) / 3)


# --- towers ---


def test_a_fused_head_sees_the_towers_of_coarser_ranks_and_an_own_one_does_not():
    x = torch.randn(11, 5, generator=torch.Generator().manual_seed(1))
    heads = {"genus": 2, "species": 3}
    towers = {
        kind: RankNetwork(5, hidden=[7], heads=heads, towers=kind, dropout=0, seed=3)
        for kind in ("fused", "apart")
    }
    fused, apart = towers["fused"], towers["apart"]
    genus, species = (tower(x) for tower in fused.towers)
    assert torch.equal(fused(x)[0], fused.heads[0](genus))
    assert torch.equal(fused(x)[1], fused.heads[1](genus + species))
    assert torch.equal(apart(x)[1], apart.heads[1](species))
    fused(x)[1].sum().backward()
    assert fused.towers[0][0].weight.grad.abs().sum() > 0
    apart(x)[1].sum().backward()
    assert apart.towers[0][0].weight.grad is None


# --- training ---


def test_a_joint_head_with_weight_on_one_rank_is_the_single_head(tmp_path):
    features, labels = study()
    weights = {"family": 0.0, "genus": 0.0}
    joint = fit(features, labels, tmp_path / "joint", rank_weights=weights)
    single = fit(features, labels, tmp_path / "single", ranks=["species"])
    x = features.to_numpy()
    assert (joint.trained.ask(x)[0][2] == single.trained.ask(x)[0][0]).all()
    other = fit(features, labels, tmp_path / "other")
    assert (other.trained.ask(x)[0][2] != single.trained.ask(x)[0][0]).any()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"towers": "fused"},
        {"towers": "apart"},
        {"hierarchy": "masked"},
        {"hierarchy": "summed"},
        {"loss": "logit_adjusted"},
        {"optimiser": "sgd", "learning_rate": 0.1},
        {"hidden": [], "learning_rate": 0.05},
        {"mixup": 0.2},
        {"dropout": 0.3},
    ],
    ids=lambda changes: " ".join(map(str, changes.values())) or "plain",
)
def test_taxa_that_lie_apart_are_told_apart_and_shuffled_ones_are_not(changes, tmp_path):
    features, labels = study(noise=0.2)
    shuffled = labels.copy()
    order = np.random.default_rng(3).permutation(len(labels))
    shuffled[RANKS] = labels[RANKS].to_numpy()[order]
    right = {}
    for name, of in (("true", labels), ("shuffled", shuffled)):
        tables, history, _ = predict_jointly(
            features, of, RANKS, split(labels), options(epochs=25, **changes), tmp_path / name,
            name="one", classified=RANKS,
        )  # fmt: skip
        assert len(history) and history["chosen"].sum() == 1
        for rank in RANKS:
            table = tables.predictions[1, rank]
            test = table[table["part"] == "test"]
            right[name, rank] = (test["truth"] == test["predicted"]).mean()
            assert np.allclose(table.iloc[:, 4:].sum(axis=1), 1, atol=1e-4)
    assert right["true", "species"] > 0.8 and right["true", "family"] > 0.8
    assert right["shuffled", "species"] < 0.45  # by chance 1/6, of 18 images


def test_gradients_reach_every_weight(tmp_path):
    _, labels = study()
    targets = targets_of(labels)
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    for towers, kind in (("shared", "free"), ("fused", "masked"), ("shared", "summed")):
        meant = Hierarchy(targets.lineages.places, n_taxa, kind)
        network = RankNetwork(7, hidden=[5], heads=meant.heads, towers=towers, dropout=0, seed=1)
        loss = RankLosses(targets, meant, NETWORK | {"hierarchy": kind})
        x = torch.randn(len(labels), 7, generator=torch.Generator().manual_seed(2))
        loss(network(x), torch.from_numpy(targets.codes)).sum().backward()
        assert all(p.grad.abs().sum() > 0 for p in network.parameters())


class Killed(Exception):
    pass


def test_a_training_that_was_killed_ends_with_the_same_weights(tmp_path, monkeypatch):
    features, labels = study()
    changes = {"mixup": 0.2, "dropout": 0.2, "epochs": 9}
    unbroken = fit(features, labels, tmp_path / "unbroken", **changes)
    monkeypatch.setattr(Checkpoint, "is_due", property(lambda _: True))
    write = Checkpoint.write

    def write_and_die(self, state):
        write(self, state)
        if len(state["history"]) in (2, 5):
            raise Killed

    folder = tmp_path / "killed"
    folder.mkdir()
    monkeypatch.setattr(Checkpoint, "write", write_and_die)
    for _ in range(2):
        with pytest.raises(Killed):
            fit(features, labels, folder, **changes)
    last = fit(features, labels, folder, **changes)
    one, other = (f.trained.network.state_dict() for f in (unbroken, last))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert unbroken.history == last.history


@pytest.mark.parametrize("loss", ["cross_entropy", "arcface"])
def test_checkpoints_are_taken_up_by_the_same_training_alone(loss, tmp_path, monkeypatch):
    features, labels = study()
    chosen = options(loss=loss, epochs=4)
    ask = {"name": "one", "classified": RANKS}
    unbroken, history, _ = predict_jointly(
        features, labels, RANKS, split(labels), chosen, tmp_path / "unbroken", **ask
    )
    monkeypatch.setattr(Checkpoint, "is_due", property(lambda _: True))
    write = Checkpoint.write

    def write_and_die(self, state):
        write(self, state)
        raise Killed

    store = tmp_path / "killed"
    with monkeypatch.context() as dying:
        dying.setattr(Checkpoint, "write", write_and_die)
        with pytest.raises(Killed):
            predict_jointly(features, labels, RANKS, split(labels), chosen, store, **ask)
    assert len(list((store / "networks").iterdir())) == 1
    again, more, _ = predict_jointly(features, labels, RANKS, split(labels), chosen, store, **ask)
    assert len(list((store / "networks").iterdir())) == 1
    assert more.equals(history)
    for key, table in unbroken.predictions.items():
        pd.testing.assert_frame_equal(again.predictions[key], table)
    moved = labels.assign(specimen="t" + labels["specimen"])  # other images calibrate
    predict_jointly(features, moved, RANKS, split(labels), chosen, store, **ask)
    predict_jointly(features, labels, RANKS, split(labels), chosen, store, **ask | {"name": "two"})
    assert len(list((store / "networks").iterdir())) == 3


@pytest.mark.parametrize(
    "transform", [[], ["standardise"], ["l2"], ["signed_sqrt", "whiten", "l2"]]
)
@pytest.mark.parametrize("loss", ["cross_entropy", "arcface"])
def test_without_validation_images_the_last_epoch_is_kept(transform, loss, tmp_path):
    features, labels = study()
    parts = {1: split(labels)[1].replace("val", "test")}
    chosen = options(loss=loss, epochs=3) | {"transform": transform}
    tables, history, _ = predict_jointly(
        features, labels, RANKS, parts, chosen, tmp_path, name="one", classified=RANKS
    )
    assert history["val_loss"].isna().all()
    assert history["chosen"].tolist() == [False, False, True]
    assert len(tables.predictions[1, "species"]) == (parts[1] == "test").sum()


def test_a_loss_that_is_no_number_says_where_and_at_which_rate(tmp_path):
    features, labels = study()
    with pytest.raises(ValueError, match=r"step \d+ of epoch \d+ at the learning rate .* lower"):
        fit(features, labels, tmp_path, optimiser="sgd", learning_rate=1e12)


def test_training_stops_when_validation_gets_no_better(tmp_path):
    features, labels = study(noise=3.0)
    found = fit(features, labels, tmp_path, epochs=60, patience=3, learning_rate=0.05)
    losses = [row["val_loss"] for row in found.history]
    best = next(i for i, row in enumerate(found.history) if row["chosen"])
    assert len(losses) < 60 and len(losses) - 1 - best == 3 and losses[best] == min(losses)


def test_one_taxon_is_listed_and_stops_nothing(tmp_path):
    features, labels = study()
    labels["family"] = "family 0"
    tables, _, _ = predict_jointly(
        features, labels, RANKS, split(labels), options(epochs=1), tmp_path,
        name="one", classified=RANKS,
    )  # fmt: skip
    assert set(tables.predictions) == {(1, "genus"), (1, "species")}
    assert tables.omitted[["seed", "rank", "n_taxa"]].to_numpy().tolist() == [[1, "family", 1]]


def test_taxa_of_one_image_and_images_without_labels_are_learned_from_where_they_can_be(tmp_path):
    features, labels = study()
    labels.loc[labels["species"] == "species 5", ["genus", "species"]] = None
    labels.loc[labels.index[44], "species"] = "species of one image"
    labels = labels.astype("str")
    for kind in ("free", "masked", "summed"):
        tables, _, _ = predict_jointly(
            features, labels, RANKS, split(labels), options(epochs=2, hierarchy=kind),
            tmp_path / kind, name="one", classified=RANKS,
        )  # fmt: skip
        of_species = tables.training.set_index(["rank", "taxon"])["n_images"]
        assert of_species["species", "species of one image"] == 1
        assert "species of one image" in tables.predictions[1, "species"].columns


def test_repeats_of_an_image_are_seen_in_its_place(tmp_path):
    features, labels = study()
    repeat = features.to_numpy() + 100
    index = pd.MultiIndex.from_product([labels.index, [1]], names=["id", "repeat"])
    both = pd.concat([features, pd.DataFrame(repeat, index=index)])
    outcome = [
        predict_jointly(
            both, labels, RANKS, split(labels), options(epochs=2, augment=word), tmp_path / word,
            name="one", classified=RANKS,
        )[1]["loss"].tolist()
        for word in ("none", "repeats")
    ]  # fmt: skip
    assert outcome[0] != outcome[1]
    tables, _, _ = predict_jointly(
        both, labels, RANKS, split(labels), options(epochs=1), tmp_path / "asked",
        name="one", classified=RANKS,
    )  # fmt: skip
    assert tables.predictions[1, "species"]["id"].is_unique


# --- keeping ---


@pytest.mark.parametrize("kind", ["free", "masked", "summed"])
def test_a_kept_network_gives_the_same_answers(kind, tmp_path):
    features, labels = study()
    towers = "shared" if kind == "summed" else "fused"
    trained = fit(features, labels, tmp_path, hierarchy=kind, towers=towers, epochs=2).trained
    again = network_of(*describe_network(trained))
    x = features.to_numpy()
    for one, other in zip(trained.ask(x)[0], again.ask(x)[0], strict=True):
        assert (one == other).all()
    assert [p.shape for p in again.ask(x[:0])[0]] == [(0, 2), (0, 3), (0, 6)]


def test_a_kept_network_that_lacks_a_layer_is_refused(tmp_path):
    features, labels = study()
    tensors, about = describe_network(fit(features, labels, tmp_path, epochs=1).trained)
    del tensors["network.heads.1.bias"]
    with pytest.raises(ValueError, match="does not fit"):
        network_of(tensors, about)


def test_lineages_of_targets_are_those_of_their_labels():
    labels = labels_with_gaps()
    found = targets_of(labels).lineages.names.fillna("–")
    taxa = {rank: pd.Index(sorted(labels[rank].dropna().unique())) for rank in RANKS}
    above = {rank: lineage(labels, RANKS, rank) for rank in RANKS}
    expected = known_lineages(taxa, above).names.fillna("–")
    assert set(found.agg(" ".join, axis=1)) == set(expected.agg(" ".join, axis=1))
