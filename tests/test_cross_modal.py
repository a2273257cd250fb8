import copy
import json
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from torch import nn
from visgen.features.backbones import load_backbone
from visgen.genetics.anchors.permutation import permute_anchors
from visgen.tables import read_table
from visgen.visual_genetic.cross_modal import variants
from visgen.visual_genetic.cross_modal.aligning import HISTORY, align, embed
from visgen.visual_genetic.cross_modal.batches import deal_batches
from visgen.visual_genetic.cross_modal.examples import Examples, from_memory
from visgen.visual_genetic.cross_modal.files import write_variant
from visgen.visual_genetic.cross_modal.losses import EPSILON, make_terms, triplet_means
from visgen.visual_genetic.cross_modal.network import Projection, build_projection
from visgen.visual_genetic.cross_modal.variants import (
    DEALING_SEED,
    networks_together,
    train_variant,
)
from visgen.visual_genetic.recognition.labelled_images import study_images
from visgen.visual_genetic.recognition.predicting import COLUMNS
from visgen.visual_genetic.recognition.runs import read_by_name, read_run

N_FEATURES, HIDDEN, SIZE = 23, 17, 11
TAXA = ["Aa", "Bb", "Cc", "Dd", "Ee"]
STEPS = 45
OPTIONS = {
    "steps": STEPS,
    "batch_size": 7,
    "sampling": "balanced",
    "learning_rate": 0.05,
    "schedule": "constant",
    "momentum": 0.9,
    "weight_decay": 0.0,
    "norm_share": None,
    "views": 1,
    "margin": 0.5,
    "loss": "cosine",
    "cross_entropy": 0.0,
    "layer": "none",
    "permutations": 0,
}
#: Options that stage 2 without anchors does not take.
OF_ANCHORS = ("margin", "loss", "cross_entropy", "layer")
SUPERVISED = {key: value for key, value in OPTIONS.items() if key not in OF_ANCHORS}
#: Columns of a history that need anchors.
OF_ANCHORED = ("positive", "negative", "own_cosine", "nearest_other_cosine")
NEIGHBOURS = [1, 5]
CPU = torch.device("cpu")


# ---------------------------------------------------------------- losses


def slow_loss(embeddings, taxa, anchors, loss, margin):
    """Return the mean over all triplets, one at a time; 0 without any."""
    cosine = nn.CosineSimilarity(dim=0)
    losses = []
    for p in range(len(taxa)):
        for n in range(len(taxa)):
            if taxa[n] == taxa[p]:
                continue
            anchor = anchors[taxa[p]]
            if loss == "cosine":
                m = margin
                if margin == "anchors":
                    m = cosine(anchor, anchors[taxa[n]]).item()
                push = torch.relu(cosine(anchor, embeddings[n]) - m)
                losses.append(1 - cosine(anchor, embeddings[p]) + push)
            else:
                to_positive = (anchor - embeddings[p]).norm()
                to_negative = (anchor - embeddings[n]).norm()
                losses.append(to_positive + 1 / (to_negative + EPSILON))
    return torch.stack(losses).mean() if losses else 0 * embeddings.sum()


@pytest.mark.parametrize(
    ("loss", "margin"),
    [("cosine", 0.5), ("cosine", 0), ("cosine", -0.2), ("cosine", "anchors"), ("reciprocal", 0.5)],
)
def test_loss_equals_a_slow_triple_loop(loss, margin):
    torch.manual_seed(1)
    anchors, embeddings = torch.randn(5, 7), torch.randn(19, 7)
    taxa = torch.tensor([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 3, 3, 3, 4, 4, 0])  # none of 2
    pull, push = make_terms(anchors, loss, margin)(embeddings, taxa)
    assert pull.shape == (19,) and push.shape == (19, 5)
    found = sum(triplet_means(pull, push, taxa)).item()
    expected = slow_loss(embeddings, taxa, anchors, loss, margin).item()
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_batch_of_one_taxon_costs_nothing():
    anchors, embeddings = torch.randn(5, 7), torch.randn(3, 7, requires_grad=True)
    taxa = torch.tensor([2, 2, 2])
    loss = sum(triplet_means(*make_terms(anchors, "cosine", -1.0)(embeddings, taxa), taxa))
    loss.backward()
    assert loss == 0 and not embeddings.grad.any()


def test_margins_of_numbers_and_of_anchors_differ():
    torch.manual_seed(1)
    anchors, embeddings, taxa = torch.randn(5, 7), torch.randn(19, 7), torch.arange(19) % 5
    number, own = (
        triplet_means(*make_terms(anchors, "cosine", m)(embeddings, taxa), taxa)[1]
        for m in (0.5, "anchors")
    )
    assert number != own


def test_an_image_as_far_as_its_anchor_costs_nothing_by_the_anchors_margin():
    anchors, taxa = torch.eye(3) + 0.4, torch.tensor([0, 1, 2])
    means = triplet_means(*make_terms(anchors, "cosine", "anchors")(anchors, taxa), taxa)
    assert sum(means).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("upon", [0, 1])
def test_reciprocal_loss_is_finite_upon_an_anchor(upon):
    anchors = torch.tensor([[1.0, 2, 3], [3, 1, 2]])
    embeddings = torch.stack([anchors[upon], torch.ones(3)]).requires_grad_()
    taxa = torch.tensor([0, 1])
    loss = sum(triplet_means(*make_terms(anchors, "reciprocal", 0.5)(embeddings, taxa), taxa))
    loss.backward()
    assert loss.isfinite() and embeddings.grad.isfinite().all()
    assert (loss > 1 / EPSILON / 3) == (upon == 1)


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match=r"alignment\.loss: found 'l2', expected cosine or recip"):
        make_terms(torch.eye(3), "l2", 0.5)


# ---------------------------------------------------------------- batches


def test_natural_batches_draw_each_image_once_a_pass():
    taxa = np.repeat([0, 1, 2], [1, 7, 93])
    batches = deal_batches(taxa, 13, 31, "natural", seed=1)
    assert batches.shape == (31, 13)
    dealt = batches.ravel()  # 403: three passes over 101 images, and 100 of a fourth
    for start in range(0, len(dealt), 101):
        drawn = dealt[start : start + 101]
        assert len(set(drawn)) == len(drawn)
    assert dealt[:101].tolist() != dealt[101:202].tolist()


def test_natural_batches_are_blind_to_taxa():
    one, other = np.repeat([0, 1, 2], [1, 7, 93]), np.arange(101) % 5
    batches = [deal_batches(taxa, 13, 17, "natural", seed=1) for taxa in (one, other)]
    assert np.array_equal(*batches)


def test_rare_taxa_count_as_much_as_common_ones():
    taxa = np.repeat([0, 1, 2], [1, 7, 93])
    batches = deal_batches(taxa, 13, 8, "balanced", seed=1)
    assert batches.shape == (8, 13)
    for batch in taxa[batches]:
        assert set(np.bincount(batch, minlength=3)) <= {3, 4, 5, 6}  # rounds cross its borders
    assert np.ptp(np.bincount(taxa[batches.ravel()])) <= 1


def test_no_image_comes_again_before_all_of_its_taxon_came():
    taxa = np.repeat([0, 1], [5, 11])
    dealt = deal_batches(taxa, 2, 37, "balanced", seed=3).ravel()
    for taxon, size in ((0, 5), (1, 11)):
        rows = dealt[taxa[dealt] == taxon]
        assert len(rows) == 37
        for start in range(0, len(rows), size):
            assert len(set(rows[start : start + size])) == len(rows[start : start + size])


def test_every_balanced_batch_of_two_has_two_taxa():
    taxa = np.repeat([0, 1, 2], [3, 5, 199])
    assert (np.diff(taxa[deal_batches(taxa, 2, 103, "balanced", seed=1)], axis=1) != 0).all()


@pytest.mark.parametrize("sampling", ["natural", "balanced"])
def test_batches_depend_on_the_seed_alone(sampling):
    taxa = np.arange(31) % 5
    once = deal_batches(taxa, 7, 11, sampling, seed=1)
    assert np.array_equal(once, deal_batches(taxa, 7, 11, sampling, seed=1))
    assert not np.array_equal(once, deal_batches(taxa, 7, 11, sampling, seed=2))
    assert deal_batches(taxa, 7, 0, sampling, seed=1).shape == (0, 7)
    assert np.array_equal(np.unique(once), np.arange(31))  # 77 draws: all come twice at least


@pytest.mark.parametrize(
    ("taxa", "size", "sampling", "message"),
    [
        ([0, 1], 1, "natural", r"alignment\.batch_size: found 1, expected 2"),
        ([0, 0], 7, "balanced", "found 1 taxa to deal batches of, expected 2 or more"),
        ([0, 0], 7, "natural", "found 1 taxa to deal batches of, expected 2 or more"),
        (
            [0, 1],
            7,
            "even",
            r"alignment\.sampling: found 'even', expected natural or balanced",
        ),
    ],
)
def test_batches_that_cannot_be_dealt_are_refused(taxa, size, sampling, message):
    with pytest.raises(ValueError, match=message):
        deal_batches(np.array(taxa), size, 3, sampling, seed=1)


# ---------------------------------------------------------------- alignment


def start_from(layer="none", n_features=N_FEATURES, anchor_size=SIZE):
    return Projection(n_features, HIDDEN, SIZE, len(TAXA), layer, anchor_size)


def random_examples(n=37, n_taxa=5, dtype=torch.float32):
    torch.manual_seed(2)
    taxa = torch.arange(n) % n_taxa
    rows, features = torch.arange(n), torch.randn(n, N_FEATURES, dtype=torch.float64)
    return Examples(from_memory(features.to(dtype)), taxa, rows, {"train": rows})


def random_anchors(*shape, dtype=torch.float32):
    draw = torch.Generator().manual_seed(3)
    return torch.randn(*shape, generator=draw, dtype=torch.float64).to(dtype)


def dealt(examples, steps=STEPS, **changes):
    options = {"batch_size": 7, "sampling": "balanced", "seed": 1} | changes
    taxa = examples.taxa[examples.train].numpy()
    return torch.from_numpy(deal_batches(taxa, steps=steps, **options))


def align_one(start, examples, anchors, options, head_rows=None, steps=STEPS, watch_at=None):
    """Align to a single set of anchors, (n_taxa, size), or to none; watch first and last step."""
    n_taxa = int(examples.taxa.max()) + 1
    (aligned,) = align(
        start,
        examples,
        None if anchors is None else anchors[None],
        torch.arange(n_taxa) if head_rows is None else head_rows,
        dealt(examples, steps),
        options,
        {0, steps} if watch_at is None else watch_at,
    )
    return aligned


def states(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def changed(before, network):
    """Return the parts of a network of which any tensor differs."""
    now = network.state_dict()
    return {name.split(".")[0] for name in before if not torch.equal(before[name], now[name])}


def slow_align(start, examples, anchors, head_rows, batches, options):
    """Return the tensors of a network that plain loops trained; SGD and MaxNorm by hand."""
    network = copy.deepcopy(start)
    weight = 1.0 if anchors is None else options["cross_entropy"]
    parameters = dict(network.named_parameters())
    if weight == 0:
        parameters = {name: p for name, p in parameters.items() if not name.startswith("head")}
    speed = {name: torch.zeros_like(p) for name, p in parameters.items()}
    per_pass = len(examples.train) // batches.shape[1]
    for step, batch in enumerate(batches.tolist()):
        rows = examples.train[batch]
        embeddings, logits = network(examples.look(rows))
        taxa, loss = examples.taxa[rows].tolist(), 0
        if anchors is not None:
            placed = network.genetic(anchors)
            loss = slow_loss(embeddings, taxa, placed, options["loss"], options["margin"])
        for i, taxon in enumerate(taxa):
            shares = logits[i, head_rows].softmax(0)
            loss = loss - weight * shares[taxon].log() / len(taxa)
        slopes = torch.autograd.grad(loss, list(parameters.values()))
        rate = options["learning_rate"]
        if options["schedule"] == "cosine":
            rate *= (1 + math.cos(math.pi * step / len(batches))) / 2
        with torch.no_grad():
            for (name, p), slope in zip(parameters.items(), slopes, strict=True):
                decay = options["weight_decay"] if name.endswith("weight") else 0
                speed[name] = options["momentum"] * speed[name] + slope + decay * p
                p -= rate * speed[name]
            ends = (step + 1) % per_pass == 0 or step + 1 == len(batches)
            if options["norm_share"] is not None and ends:
                for name in ("projection.0.weight", "projection.2.weight", "head.weight"):
                    lengths = [row.norm() for row in parameters.get(name, [])]
                    if lengths:
                        low, high = min(lengths), max(lengths)
                        most = low + options["norm_share"] * (high - low)
                    for row, length in zip(parameters.get(name, []), lengths, strict=True):
                        row *= min(1, most / length)
    return network.state_dict()


ALL_AT_ONCE = {"schedule": "cosine", "weight_decay": 0.05, "norm_share": 0.3, "cross_entropy": 0.4}


@pytest.mark.parametrize(
    ("layer", "anchor_size", "changes"),
    [
        ("none", SIZE, {}),
        ("none", SIZE, {"schedule": "cosine"}),
        ("none", SIZE, {"weight_decay": 0.2}),
        ("none", SIZE, {"norm_share": 0.1}),
        ("none", SIZE, {"margin": "anchors"}),
        ("extra", SIZE, {"weight_decay": 0.2}),
        ("genetic", 13, {"loss": "reciprocal"}),
        ("genetic", SIZE, ALL_AT_ONCE),
        ("none", None, ALL_AT_ONCE),
    ],
)
def test_alignment_equals_a_slow_loop(layer, anchor_size, changes):
    start = start_from(layer, anchor_size=anchor_size or SIZE).double()
    examples, steps = random_examples(23, 3, torch.float64), 11
    anchors = anchor_size and random_anchors(3, anchor_size, dtype=torch.float64)
    head_rows, options = torch.tensor([4, 0, 2]), OPTIONS | changes
    found = align_one(start, examples, anchors, options, head_rows, steps).network.state_dict()
    expected = slow_align(start, examples, anchors, head_rows, dealt(examples, steps), options)
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-9, msg=name)


@pytest.mark.parametrize(
    ("layer", "anchor_size", "changes"),
    [
        ("none", SIZE, {}),
        ("none", SIZE, {"norm_share": 0.1}),
        ("none", SIZE, {"weight_decay": 0.1}),
        ("extra", SIZE, {"margin": "anchors"}),
        ("genetic", 13, {}),
        ("genetic", SIZE, ALL_AT_ONCE | {"loss": "reciprocal"}),
    ],
)
def test_networks_of_a_stack_learn_what_each_learns_alone(layer, anchor_size, changes):
    start = start_from(layer, anchor_size=anchor_size).double()
    examples, steps, options = random_examples(dtype=torch.float64), 20, OPTIONS | changes
    anchors = random_anchors(3, 5, anchor_size, dtype=torch.float64)
    rows, watch_at = torch.arange(5), {0, 7, 20}
    batches = dealt(examples, steps)
    together = align(start, examples, anchors, rows, batches, options, watch_at)
    assert len(together) == 3
    for one, own in zip(together, anchors, strict=True):
        (alone,) = align(start, examples, own[None], rows, batches, options, watch_at)
        for name, tensor in alone.network.state_dict().items():
            torch.testing.assert_close(one.network.state_dict()[name], tensor, rtol=0, atol=1e-9)
        pd.testing.assert_frame_equal(one.history, alone.history, atol=1e-9)
    first, second, _ = (embed(one.network, examples.look(rows))[0] for one in together)
    assert (first - second).abs().max() > 1e-3


@pytest.mark.parametrize("margin", [0.5, "anchors"])
def test_loss_falls_on_eight_images(margin):
    options = OPTIONS | {"margin": margin}
    examples = random_examples(8, 4)
    _, history = align_one(start_from(), examples, random_anchors(4, SIZE), options)
    first, last = history.iloc[0], history.iloc[-1]
    assert first["loss"] > 0.9 and last["loss"] < 0.1
    assert last["own_cosine"] > 0.9 > first["own_cosine"]
    assert last["own_cosine"] == pytest.approx(1 - last["positive"])


@pytest.mark.parametrize(
    ("layer", "weight", "learned"),
    [
        ("none", 0.0, {"projection"}),
        ("none", 0.3, {"projection", "head"}),
        ("extra", 0.0, {"projection", "extra"}),
        ("extra", 0.3, {"projection", "extra", "head"}),
        ("genetic", 0.0, {"projection", "genetic"}),
        ("genetic", 0.3, {"projection", "genetic", "head"}),
    ],
)
def test_only_what_is_meant_to_learn_learns(layer, weight, learned):
    start = start_from(layer)
    before = states(start)
    options = OPTIONS | {"cross_entropy": weight, "weight_decay": 0.1, "norm_share": 0.1}
    trained, _ = align_one(start, random_examples(), random_anchors(5, SIZE), options)
    assert changed(before, trained) == learned
    assert changed(before, start) == set()
    assert all(p.grad is None for p in start.parameters())
    assert not any(p.requires_grad for p in trained.parameters())
    for name, tensor in trained.state_dict().items():
        if name.split(".")[0] in learned:
            assert not torch.equal(tensor, before[name]), name


def test_the_head_keeps_the_rows_of_taxa_that_are_not_there():
    start = start_from()
    before = states(start)
    options = OPTIONS | {"cross_entropy": 1.0}
    trained, _ = align_one(
        start, random_examples(n_taxa=3), random_anchors(3, SIZE), options, torch.tensor([4, 0, 2])
    )
    same = (trained.head.weight == before["head.weight"]).all(1)
    assert same.tolist() == [False, True, False, True, False]


def test_the_cross_entropy_keeps_the_head_of_use():
    examples, anchors = random_examples(), random_anchors(5, SIZE)
    last = [
        align_one(
            start_from(), examples, anchors, OPTIONS | {"cross_entropy": w}, steps=200
        ).history.iloc[-1]
        for w in (0.0, 1.0)
    ]
    assert last[1]["cross_entropy"] < 0.5 * last[0]["cross_entropy"]
    assert last[1]["loss"] == pytest.approx(
        last[1]["positive"] + last[1]["negative"] + last[1]["cross_entropy"]
    )


def test_supervised_learning_knows_no_anchor_and_moves_projection_and_head():
    start, examples = start_from(), random_examples()
    trained, history = align_one(start, examples, None, SUPERVISED)
    assert changed(states(start), trained) == {"projection", "head"}
    assert history["cross_entropy"].iloc[-1] < 0.5 * history["cross_entropy"].iloc[0]
    assert history["loss"].tolist() == history["cross_entropy"].tolist()
    assert history[list(OF_ANCHORED)].isna().all(axis=None)


def test_weights_decay_and_biases_do_not():
    """Nothing pulls an image of a batch of one taxon, so that all that moves decays."""
    start, examples = start_from("extra"), random_examples(7, 1)
    rows, anchors = torch.zeros(STEPS, 7, dtype=torch.long), random_anchors(1, 5, SIZE)
    options = OPTIONS | {"weight_decay": 0.5, "momentum": 0.0}
    ((trained, _),) = align(start, examples, anchors, torch.arange(5), rows, options, {})
    for name, tensor in trained.state_dict().items():
        left = (1 - 0.05 * 0.5) ** STEPS if name.endswith("weight") else 1.0
        left = 1.0 if name.startswith("head") else left
        torch.testing.assert_close(tensor, left * start.state_dict()[name], msg=name)


@pytest.mark.parametrize("weight", [0.0, 1.0])
@pytest.mark.parametrize("steps", [4, 5, 6])  # a pass is five batches of seven
def test_rows_lie_within_their_radius_at_the_end(weight, steps):
    examples, anchors = random_examples(35), random_anchors(5, SIZE)
    options = OPTIONS | {"norm_share": 0.0, "cross_entropy": weight}
    layers = ["projection.0.weight", "projection.2.weight", "head.weight"]
    state = align_one(start_from(), examples, anchors, options, steps=steps).network.state_dict()
    # With a share of 0 all rows are as long as the shortest.
    spread = {name: np.ptp(state[name].norm(dim=1).numpy()) for name in layers}
    if weight == 0:
        assert spread.pop("head.weight") > 1e-3
    assert all(value < 1e-6 for value in spread.values()), spread


def test_the_extra_layer_starts_as_the_identity_and_does_not_end_as_a_linear_one():
    features = torch.randn(13, N_FEATURES)
    plain, extra = start_from("none"), start_from("extra")
    extra.load_state_dict(plain.state_dict(), strict=False)
    for one, other in zip(embed(plain, features), embed(extra, features), strict=True):
        assert torch.equal(one, other)
    trained, _ = align_one(extra, random_examples(), random_anchors(5, SIZE), OPTIONS)

    def bend(network):
        one, other = random_anchors(2, 13, SIZE)
        middle = network.extra((one + other) / 2) - (network.extra(one) + network.extra(other)) / 2
        return middle.abs().max()

    assert bend(extra) < 1e-6 < 1e-3 < bend(trained)


@pytest.mark.parametrize(("anchor_size", "n_unit"), [(SIZE, SIZE), (7, 7), (19, SIZE)])
def test_the_genetic_layer_starts_as_the_identity_or_keeps_lengths(anchor_size, n_unit):
    start, anchors = start_from("genetic", anchor_size=anchor_size), random_anchors(5, anchor_size)
    placed = start.genetic(anchors)
    assert placed.shape == (5, SIZE)
    if anchor_size == SIZE:
        assert torch.equal(placed, anchors)
    # Singular values: what is not cut off keeps its length.
    values = torch.linalg.svdvals(start.genetic.weight)
    torch.testing.assert_close(values, torch.ones(n_unit))
    _, history = align_one(start, random_examples(), anchors, OPTIONS)
    assert history["own_cosine"].iloc[-1] > 0.7 > 0.4 > history["own_cosine"].iloc[0]


def test_a_layer_does_not_touch_the_generator_of_others():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    start_from("extra")
    assert torch.equal(torch.get_rng_state(), state)


def test_an_unknown_layer_is_refused():
    message = r"alignment\.layer: found 'two', expected none or extra or genetic"
    with pytest.raises(ValueError, match=message):
        start_from("two")


@pytest.mark.parametrize(("layer", "anchor_size"), [("none", SIZE), ("genetic", 13)])
def test_history_equals_a_count_by_hand(layer, anchor_size):
    start, examples = start_from(layer, anchor_size=anchor_size), random_examples(7, 3)
    anchors = random_anchors(3, anchor_size)
    options = OPTIONS | {"margin": 0.1, "cross_entropy": 0.5}
    _, history = align_one(start, examples, anchors, options, torch.tensor([1, 0, 3]), steps=0)
    embeddings, logits = embed(start, examples.look(examples.train))
    if layer == "genetic":
        anchors = anchors @ start.genetic.weight.detach().T
    own, other, hinge, entropy = [], [], [], []
    for row, taxon in enumerate(examples.taxa.tolist()):
        cosines = [torch.cosine_similarity(embeddings[row], a, dim=0).item() for a in anchors]
        own.append(cosines.pop(taxon))
        other.append(max(cosines))
        hinge.append(np.mean([max(0, cosine - 0.1) for cosine in cosines]))
        chances = torch.softmax(logits[row, [1, 0, 3]], 0)
        entropy.append(-chances[taxon].log().item())
    positive, negative, entropy = 1 - np.mean(own), np.mean(hinge), np.mean(entropy)
    loss = positive + negative + 0.5 * entropy
    # Three images of the first taxon, two of each other one: each taxon counts alike.
    near = [
        np.mean([np.mean(np.array(values)[examples.taxa == taxon]) for taxon in range(3)])
        for values in (own, other)
    ]
    expected = [loss, positive, negative, entropy, *near]
    assert list(history.columns) == HISTORY and len(history) == 1
    assert history.iloc[0].tolist()[:3] == [0, "train", 7]
    assert np.allclose(history.iloc[0].tolist()[3:], expected, atol=1e-6)


def test_taxa_that_have_no_image_to_watch_do_not_count():
    examples, anchors = random_examples(10, 2), random_anchors(5, SIZE)
    _, history = align_one(start_from(), examples, anchors, OPTIONS, torch.arange(5), steps=0)
    assert history[["own_cosine", "nearest_other_cosine"]].notna().all(axis=None)


def test_history_has_a_row_for_each_watched_step_and_part():
    rows = torch.arange(37)
    examples = random_examples()
    watched = {"train": rows[:29], "val": rows[29:]}
    examples = Examples(examples.look, examples.taxa, examples.train, watched)
    anchors = random_anchors(5, SIZE)
    trained, history = align_one(start_from(), examples, anchors, OPTIONS, watch_at={0, 3, 45})
    assert history[["step", "part", "n_images"]].to_numpy().tolist() == [
        [step, part, n] for step in (0, 3, 45) for part, n in (("train", 29), ("val", 8))
    ]
    # Watching changes nothing, and shows the network as it is after that step.
    unseen, none = align_one(start_from(), examples, anchors, OPTIONS, watch_at=())
    assert none.empty and changed(states(unseen), trained) == set()
    batches, taxa = dealt(examples)[:3], torch.arange(5)
    ((_, first),) = align(start_from(), examples, anchors[None], taxa, batches, OPTIONS, {3})
    of_step = history.query("step == 3").reset_index(drop=True)
    pd.testing.assert_frame_equal(of_step, first)


@pytest.mark.parametrize("anchors", [random_anchors(5, SIZE), None])
def test_a_loss_that_runs_away_is_an_error(anchors):
    options = OPTIONS | {"learning_rate": 1e30, "loss": "reciprocal"}
    with pytest.raises(
        ValueError, match=r"no number after step 45 of .*visual_genetic\.alignment\.learning_rate"
    ):
        align_one(start_from(), random_examples(), anchors, options)


def look_through(encoder, images):
    encoder.eval().requires_grad_(False)

    def look(rows):
        with torch.no_grad():
            return encoder(images[rows])

    return look


def test_alignment_through_the_network_equals_that_from_cached_features():
    encoder = load_backbone("test_resnet", "none", preprocessing={"image_size": 32}).network
    images = torch.randn(29, 3, 32, 32, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        encoder.train()(images)  # batch norm with statistics of its own
    encoder.train().requires_grad_(True)
    before = states(encoder)
    with torch.no_grad():
        features = copy.deepcopy(encoder).eval()(images)  # (29, n_features)
    taxa, rows = torch.arange(29) % 5, torch.arange(29)
    anchors, watch_at = random_anchors(5, SIZE), {0, 5, 11, 15}
    start = start_from(n_features=features.shape[1])
    (cached, of_cached), (through, of_through) = (
        align_one(
            start,
            Examples(look, taxa, rows, {"train": rows[:13], "val": rows[13:]}),
            anchors,
            OPTIONS,
            steps=15,
            watch_at=watch_at,
        )
        for look in (from_memory(features), look_through(encoder, images))
    )
    assert changed(before, encoder) == set()
    assert not any(p.requires_grad or p.grad is not None for p in encoder.parameters())
    assert not encoder.training
    assert changed(states(start), through) == {"projection"}
    for name, tensor in cached.state_dict().items():
        assert torch.allclose(tensor, through.state_dict()[name], atol=1e-5), name
    numbers = HISTORY[2:]
    assert np.allclose(of_cached[numbers], of_through[numbers], atol=1e-5)
    assert of_cached["part"].tolist() == ["train", "val"] * 4


# ---------------------------------------------------------------- variants


@pytest.fixture
def study():
    """Return images, pooled features, a regime and anchors that the features follow."""
    rng = np.random.default_rng(8)
    anchors = pd.DataFrame(rng.standard_normal((len(TAXA), SIZE)), TAXA)
    mix = rng.standard_normal((SIZE, N_FEATURES))
    rows, keys, values = [], [], []
    for taxon, number in zip(TAXA, (29, 19, 13, 11, 7), strict=True):
        for image in range(number):
            part = "test" if image < 3 else "val" if image < 5 else "train"
            name = f"{taxon}{image:02d}"
            rows.append((name, taxon, part))
            for repeat in range(2 if part == "train" else 1):
                keys.append((name, repeat))
                noise = 0.5 * rng.standard_normal(N_FEATURES)
                values.append(anchors.loc[taxon].to_numpy() @ mix + noise)
    table = pd.DataFrame(rows, columns=["id", "species", "split"]).sample(frac=1, random_state=3)
    index = pd.MultiIndex.from_tuples(keys, names=["id", "repeat"])
    pooled = pd.DataFrame(np.array(values, np.float32), index).sample(frac=1, random_state=4)
    tensors = {k: v for k, v in start_from().state_dict().items() if not k.startswith("extra")}
    return table, pooled, tensors, anchors


def train(
    study,
    stage2="anchors",
    *,
    withheld=(),
    taxa=None,
    regime="wd",
    anchors=None,
    beside=(),
    seed=1,
    **changes,
):
    table, pooled, tensors, own = study
    options = {"anchors": OPTIONS, "supervised": SUPERVISED}.get(stage2, {})
    images = table.set_index("id")
    images = study_images(images, images["split"], "species", withheld)
    known = [taxon for taxon in taxa or TAXA if taxon not in withheld]
    if len(known) < len(TAXA):
        kept = [TAXA.index(taxon) for taxon in known]
        tensors = tensors | {k: tensors[k][kept] for k in ("head.weight", "head.bias")}
    given = None
    if stage2 == "anchors":
        given = own if anchors is None else anchors
    return train_variant(
        images.set_index("id"),
        pooled,
        tensors,
        {"taxa": known, "regime": regime},
        given,
        options | changes | {"stage2": stage2},
        beside=beside,
        name=None if given is None else "real",
        neighbours=NEIGHBOURS,
        rank="species",
        seed=seed,
        device=CPU,
    )


def accuracy(variant, evaluator, part="test"):
    table = variant.predictions.query("evaluator == @evaluator and part == @part")
    return (table["truth"] == table["predicted"]).mean()


def test_images_come_to_lie_at_the_anchors_of_their_taxa(study):
    variant = train(study, steps=300)
    assert accuracy(variant, "anchor") > 0.9
    assert accuracy(variant, "knn_5") > 0.9
    val = variant.history.query("part == 'val'")["own_cosine"]
    assert val.iloc[0] < 0.5 < 0.8 < val.iloc[-1]


def test_predictions_are_of_images_that_nothing_was_trained_with(study):
    table = study[0].set_index("id")
    variant = train(study, permutations=2)
    found = variant.predictions
    asked = table.index[table["split"] != "train"]
    assert found["permutation"].unique().tolist() == [0, 1, 2]
    assert found["evaluator"].unique().tolist() == ["knn_1", "knn_5", "head", "anchor"]
    for _, part in found.groupby(["permutation", "evaluator"]):
        assert sorted(part["id"]) == sorted(asked)
    assert (found["truth"] == table["species"].loc[found["id"]].to_numpy()).all()
    assert (found["part"] == table["split"].loc[found["id"]].to_numpy()).all()
    assert set(variant.embeddings.index) == set(table.index)
    assert list(found) == COLUMNS and found["score"].dtype == np.float32


def test_histories_show_the_way_to_real_anchors_and_where_permuted_ones_end(study):
    history = train(study, permutations=2).history
    assert list(history.columns) == ["permutation", *HISTORY]
    steps = history.groupby(["permutation", "part"])["step"].apply(list)
    assert steps.index.get_level_values("permutation").unique().tolist() == [0, 1, 2]
    for (permutation, _), watched in steps.items():
        expected = [0, 4, 9, 13, 18, 22, 27, 31, 36, 40, 45] if permutation == 0 else [0, 45]
        assert watched == expected
    assert set(history.query("part == 'val'")["n_images"]) == {10}


@pytest.mark.parametrize("together", [1, 2, 7])
@pytest.mark.parametrize("seed", [1, 2])
def test_permuted_runs_differ_by_their_anchors_alone_which_are_those_of_every_seed(
    study, seed, together, monkeypatch
):
    monkeypatch.setattr(variants, "networks_together", lambda network, device: together)
    columns = ["evaluator", "id", "part", "truth", "predicted"]
    both = train(study, permutations=3, seed=seed)
    for number in (1, 3):
        own = permute_anchors(study[3], number, DEALING_SEED)
        permuted = train(study, anchors=own, seed=seed)
        one = both.predictions.query("permutation == @number").reset_index(drop=True)
        pd.testing.assert_frame_equal(one[columns], permuted.predictions[columns])
        assert np.allclose(one["score"], permuted.predictions["score"], atol=1e-5)
        ends = both.history.query("permutation == @number")[HISTORY[2:]]
        expected = permuted.history.query("step in (0, 45)")[HISTORY[2:]]
        assert np.allclose(ends, expected, atol=1e-5)
    real = train(study, seed=seed)
    pd.testing.assert_frame_equal(
        both.predictions.query("permutation == 0").reset_index(drop=True), real.predictions
    )
    pd.testing.assert_frame_equal(both.embeddings, real.embeddings)
    assert both.predictions["permutation"].unique().tolist() == [0, 1, 2, 3]
    assert changed(states(both.network), real.network) == set()


def test_as_many_networks_learn_together_as_a_gpu_has_room_for():
    network = start_from()
    n_parameters = N_FEATURES * HIDDEN + HIDDEN + (HIDDEN + 1) * SIZE + (SIZE + 1) * len(TAXA)
    gpu = torch.device("cuda")
    assert networks_together(network, CPU) == 1
    assert networks_together(network, gpu) == 8 * 10**9 // (16 * n_parameters)
    large = SimpleNamespace(parameters=lambda: [torch.empty(10**10, device="meta")])
    assert networks_together(large, gpu) == 1


def test_permuted_anchors_are_sought_where_the_genetic_layer_puts_them(study):
    """Of another size, so that an answer by the anchors as they are would be an error."""
    anchors = pd.DataFrame(random_anchors(5, 7).numpy(), TAXA)
    variant = train(study, anchors=anchors, layer="genetic", steps=300, permutations=1)
    assert accuracy(variant, "anchor") > 0.9
    weight = variant.network.genetic.weight.numpy()
    placed = anchors.to_numpy() @ weight.T
    found = variant.predictions.query("evaluator == 'anchor' and permutation == 0").set_index("id")
    for image in found.index:
        own = variant.embeddings.loc[image].to_numpy()
        cosines = placed @ own / np.linalg.norm(placed, axis=1) / np.linalg.norm(own)
        assert found.loc[image, "predicted"] == TAXA[cosines.argmax()]
        assert found.loc[image, "score"] == pytest.approx(cosines.max(), abs=1e-5)


@pytest.mark.parametrize("regime", ["control", "frozen"])
def test_features_stand_for_embeddings(study, regime):
    clean = study[1].xs(0, level="repeat")
    variant = train(study, "features", regime=regime)
    pd.testing.assert_frame_equal(
        variant.embeddings, clean.loc[variant.embeddings.index], check_names=False
    )
    assert variant.predictions["evaluator"].unique().tolist() == ["knn_1", "knn_5"]
    assert set(variant.predictions["permutation"]) == {0}
    untouched(study, variant)


@pytest.mark.parametrize(
    ("regime", "evaluators"),
    [
        ("naive", ["knn_1", "knn_5", "head"]),
        ("frozen", ["knn_1", "knn_5", "head"]),
        ("control", ["knn_1", "knn_5"]),  # a head that nothing trained guesses
    ],
)
def test_a_projection_is_that_of_the_regime(study, regime, evaluators):
    _, pooled, tensors, _ = study
    variant = train(study, "projection", regime=regime)
    clean = pooled.xs(0, level="repeat").loc[variant.embeddings.index]
    expected, logits = embed(build_projection(tensors, "none", SIZE), torch.tensor(clean.values))
    assert np.array_equal(variant.embeddings.to_numpy(), expected.numpy())
    assert variant.predictions["evaluator"].unique().tolist() == evaluators
    by_head = variant.predictions.query("evaluator == 'head'").set_index("id")["predicted"]
    best = pd.Series(np.array(TAXA)[logits.argmax(1)], clean.index)
    assert (by_head == best.loc[by_head.index]).all()
    untouched(study, variant)


def untouched(study, variant):
    """Check that a variant learned nothing."""
    assert variant.history.empty and list(variant.history) == ["permutation", *HISTORY]
    assert changed(study[2], variant.network) == set()
    assert variant.about["anchors"] is None and variant.about["layer"] == "none"
    assert variant.omitted.empty


def test_a_supervised_variant_learns_on_as_long_as_an_aligned_one(study):
    variant = train(study, "supervised", regime="control")
    aligned = train(study, regime="control")
    assert changed(study[2], variant.network) == {"projection", "head"}
    assert variant.history["step"].tolist() == aligned.history["step"].tolist()
    assert variant.history["own_cosine"].isna().all() and variant.about["anchors"] is None
    assert variant.predictions["evaluator"].unique().tolist() == ["knn_1", "knn_5", "head"]
    assert accuracy(variant, "head") > 0.9 > 0.5 > accuracy(train(study, "projection"), "head")


def test_a_supervised_variant_learns_from_the_batches_of_those_that_it_stands_beside(
    study, monkeypatch
):
    dealt = []

    def watched(*given):
        dealt.append(deal_batches(*given))
        return dealt[-1]

    monkeypatch.setattr("visgen.visual_genetic.cross_modal.variants.deal_batches", watched)
    fewer = study[3].drop("Bb")
    train(study, anchors=fewer)
    train(study, "supervised", beside=[fewer.index, study[3].index])
    alike = train(study, "supervised")
    assert np.array_equal(dealt[0], dealt[1]) and not np.array_equal(dealt[0], dealt[2])
    of_part = alike.history.query("part == 'train'")["n_images"].iloc[0]
    table = study[0]
    assert of_part == (table["split"] == "train").sum()


def test_the_head_of_an_untouched_backbone_is_asked_only_where_it_was_trained(study):
    for weight in (0.0, 0.3):
        variant = train(study, regime="control", cross_entropy=weight)
        assert ("head" in set(variant.predictions["evaluator"])) == (weight > 0)


def test_sampling_decides_what_is_seen(study):
    natural, balanced = (train(study, sampling=name) for name in ("natural", "balanced"))
    assert changed(states(natural.network), balanced.network) == {"projection"}


def test_the_views_of_training_images_are_learned_from(study):
    one, other = train(study, views=0), train(study, views=1)
    assert changed(states(one.network), other.network) == {"projection"}


def test_a_taxon_without_anchor_is_listed_and_predicted_all_the_same(study):
    table = study[0]
    variant = train(study, anchors=study[3].drop("Bb"))
    assert variant.omitted.to_numpy().tolist() == [
        ["Bb", 19, "no anchor in the set 'real': not aligned, predicted all the same"]
    ]
    truth = variant.predictions.query("truth == 'Bb'")
    assert set(truth["evaluator"]) == {"knn_1", "knn_5", "head", "anchor"}
    assert accuracy(variant, "knn_5") > 0.6
    by_anchor = variant.predictions.query("evaluator == 'anchor'")["predicted"]
    assert "Bb" not in set(by_anchor) and len(by_anchor) == (table["split"] != "train").sum()


def test_all_that_is_left_out_is_listed(study):
    table, pooled, tensors, anchors = study
    table = table.copy()
    few = table["species"] == "Ee"
    table.loc[few & (table["split"] == "train"), "split"] = "test"
    table.loc[table["id"] == "Cc07", "species"] = None
    anchors = pd.concat([anchors, anchors.iloc[:1].set_axis(["Zz"])])
    variant = train(
        (table, pooled, tensors, anchors), taxa=["Aa", "Bb", "Cc", "Dd"], withheld=["Dd"]
    )
    assert variant.omitted.fillna("").to_numpy().tolist() == [
        ["Dd", 11, "withheld from training"],
        ["Ee", 7, "no training image: no evaluator but the nearest anchor can name it"],
        ["Zz", 0, "an anchor in the set 'real', no image"],
        ["", 1, "no label at the rank species"],
    ]
    assert "Cc07" not in set(variant.predictions["id"])
    assert variant.parts["Cc07"] == "train"


def test_only_anchors_of_training_taxa_are_sought_where_none_is_withheld(study):
    table, pooled, tensors, anchors = study
    duplicate = pd.concat([anchors, anchors.set_axis([f"0 {taxon}" for taxon in TAXA])])
    variant = train((table, pooled, tensors, duplicate))
    assert set(variant.predictions["predicted"]) <= set(TAXA)


def test_withheld_taxa_are_found_by_their_anchors_alone(study):
    table, pooled, tensors, anchors = study
    first = train(study, withheld=["Bb"], permutations=1)
    anchors = anchors.copy()
    anchors.loc["Bb"] = first.embeddings[first.parts == "unseen"].mean()
    variant = train((table, pooled, tensors, anchors), withheld=["Bb"], permutations=1)
    pd.testing.assert_frame_equal(variant.embeddings, first.embeddings)
    unseen = variant.predictions.query("part == 'unseen'")
    assert unseen.groupby(["permutation", "evaluator"])["id"].nunique().unique().tolist() == [19]
    assert set(unseen["truth"]) == {"Bb"}
    real = unseen.query("evaluator == 'anchor' and permutation == 0")["predicted"]
    assert (real == "Bb").mean() > 0.9
    assert "Bb" not in set(unseen.query("evaluator != 'anchor'")["predicted"])
    assert (variant.parts[variant.parts == "unseen"].index.str[:2] == "Bb").all()


def test_withheld_taxa_change_nothing_that_is_learned(study):
    table, pooled, tensors, anchors = study
    one = train(study, withheld=["Bb"])
    other = pooled.copy()
    other[other.index.get_level_values("id").str.startswith("Bb")] += 100
    anchors = anchors.copy()
    anchors.loc["Bb"] = -anchors.loc["Bb"]
    two = train((table, other, tensors, anchors), withheld=["Bb"])
    assert changed(states(one.network), two.network) == set()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda anchors: anchors.iloc[:, :7],
            r"'real' have 7 values and embeddings 11, .* visual_genetic\.size or "
            r"genetics\.anchors\.real\.size",
        ),
        (lambda anchors: anchors * 0, "'real': that of 'Aa' has the length 0.0, expected a dir"),
        (lambda anchors: anchors.replace(anchors.iloc[2, 3], np.nan), "that of 'Cc' has the le"),
    ],
)
def test_anchors_that_cannot_be_used_are_refused(study, change, message):
    with pytest.raises(ValueError, match=message):
        train(study, anchors=change(study[3]))


def learned_nothing(variant, what):
    assert variant.predictions.empty and list(variant.predictions) == COLUMNS
    assert len(variant.embeddings) == len(variant.history) == 0
    assert variant.omitted["reason"].iloc[-1] == f"nothing is recognised: {what}; two are needed"


def test_one_taxon_with_an_anchor_teaches_nothing_and_says_so(study):
    variant = train(study, anchors=study[3].iloc[:1], permutations=2)
    learned_nothing(variant, "taxa with training images and an anchor in the set 'real': Aa")


@pytest.mark.parametrize("stage2", ["features", "projection", "supervised", "anchors"])
@pytest.mark.parametrize("known", ["Cc", None])
def test_too_few_taxa_teach_nothing_and_leave_files_that_can_be_read(
    study, stage2, known, tmp_path
):
    withheld = [taxon for taxon in TAXA if taxon != known]
    variant = train(study, stage2, withheld=withheld)
    what = "images and an anchor in the set 'real'" if stage2 == "anchors" else "images"
    learned_nothing(variant, f"taxa with training {what}: {known or 'none'}")
    assert changed(study[2], variant.network) <= {"head"}  # which has fewer rows
    folder = tmp_path / "visual_genetic" / "real" / "seed-3"
    folder.mkdir(parents=True)
    write_variant(paths_in(folder), variant)
    assert read_run(folder / "predictions.npz").empty
    (history,) = read_by_name([folder / "history.npz"]).values()
    assert history.empty


def paths_in(folder):
    names = ("checkpoint", "history", "embeddings", "predictions", "omitted")
    return {name: folder / f"{name}.npz" for name in names}  # savez wants its own


def test_inputs_that_do_not_belong_together_are_refused(study):
    table, pooled, tensors, anchors = study
    with pytest.raises(ValueError, match="taxon 'Cc' is in training images alone"):
        train(study, taxa=["Aa", "Bb", "Dd", "Ee"])
    with pytest.raises(ValueError, match="5 of 54 images have no repeat 1, such as 'Bb05'"):
        keys = [(f"Bb{i:02d}", 1) for i in range(5, 10)]
        train((table, pooled.drop(keys), tensors, anchors))
    with pytest.raises(ValueError, match=r"features have 22 values, the checkpoint's .* takes 23"):
        train((table, pooled.iloc[:, 1:], tensors, anchors))
    with pytest.raises(ValueError, match=r"tensor 'head\.bias' is missing"):
        train((table, pooled, {k: v for k, v in tensors.items() if k != "head.bias"}, anchors))
    with pytest.raises(ValueError, match=r"'projection\.0\.bias' has the shape \(3,\), expected"):
        train((table, pooled, tensors | {"projection.0.bias": torch.ones(3)}, anchors))


# ---------------------------------------------------------------- files


def test_same_seed_same_bytes(study, tmp_path):
    written = []
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        paths = paths_in(tmp_path / run)
        write_variant(paths, train(study, permutations=1, layer="extra", cross_entropy=0.1))
        written.append({name: path.read_bytes() for name, path in paths.items()})
    assert written[0] == written[1]
    with safe_open(str(paths["checkpoint"]), "pt") as stored:
        about = json.loads(stored.metadata()["visgen"])
        assert {name.split(".")[0] for name in stored.keys()} == {"projection", "extra", "head"}  # noqa: SIM118
    assert about == {"taxa": TAXA, "regime": "wd", "layer": "extra", "anchors": "real"}
    with np.load(paths["embeddings"]) as stored:
        assert stored["values"].shape == (79, SIZE) and stored["values"].dtype == np.float32
        parts = dict(zip(stored["id"].tolist(), stored["part"].tolist(), strict=True))
    assert parts == study[0].set_index("id")["split"].to_dict()
    history = read_table(paths["history"])
    assert list(history.columns) == ["permutation", *HISTORY] and len(history) == 2 * 11 + 2 * 2
    found = read_run(paths["predictions"])
    assert len(found) == 2 * 4 * (15 + 10) and set(found["predicted"]) <= set(TAXA)
