import copy
import json
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
from visgen.visual_genetic.cross_modal.aligning import HISTORY, align, embed
from visgen.visual_genetic.cross_modal.batches import deal_batches
from visgen.visual_genetic.cross_modal.examples import Examples, from_memory
from visgen.visual_genetic.cross_modal.files import write_variant
from visgen.visual_genetic.cross_modal.losses import EPSILON, make_terms, triplet_means
from visgen.visual_genetic.cross_modal.network import Projection, build_projection
from visgen.visual_genetic.cross_modal.variants import DEALING_SEED, train_variant
from visgen.visual_genetic.recognition.labelled_images import study_images
from visgen.visual_genetic.recognition.predicting import predict_images

N_FEATURES, HIDDEN, SIZE = 23, 17, 11
TAXA = ["Aa", "Bb", "Cc", "Dd", "Ee"]
OPTIONS = {
    "regime": "wd",
    "epochs": 3,
    "batch_size": 7,
    "learning_rate": 0.05,
    "momentum": 0.9,
    "views": 1,
    "margin": 0.5,
    "loss": "cosine",
    "cross_entropy": 0.0,
    "layer": "none",
    "permutations": 0,
}
NEIGHBOURS = [1, 5]
CPU = torch.device("cpu")


# ---------------------------------------------------------------- losses


def slow_loss(embeddings, taxa, anchors, loss, margin):
    """Return the mean over all triplets, one at a time."""
    cosine = nn.CosineSimilarity(dim=0)
    losses = []
    for p in range(len(taxa)):
        for n in range(len(taxa)):
            if taxa[n] == taxa[p]:
                continue
            anchor = anchors[taxa[p]]
            if loss == "cosine":
                m = cosine(anchor, anchors[taxa[n]]) if margin == "anchors" else margin
                push = max(0, cosine(anchor, embeddings[n]).item() - float(m))
                losses.append(1 - cosine(anchor, embeddings[p]).item() + push)
            else:
                to_positive = (anchor - embeddings[p]).norm().item()
                to_negative = (anchor - embeddings[n]).norm().item()
                losses.append(to_positive + 1 / (to_negative + EPSILON))
    return np.mean(losses)


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
    assert found == pytest.approx(slow_loss(embeddings, taxa, anchors, loss, margin), rel=1e-5)


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


def test_rare_taxa_count_as_much_as_common_ones():
    taxa = np.repeat([0, 1, 2], [1, 7, 93])
    batches = deal_batches(taxa, 13, seed=1, epoch=1)
    assert batches.shape == (8, 13)
    for batch in taxa[batches]:
        assert set(np.bincount(batch, minlength=3)) <= {3, 4, 5, 6}  # rounds cross its borders
    assert np.ptp(np.bincount(taxa[batches.ravel()])) <= 1


def test_no_image_comes_again_before_all_of_its_taxon_came():
    taxa = np.repeat([0, 1], [5, 11])
    dealt = deal_batches(taxa, 2, seed=3, epoch=2).ravel()
    for taxon, size in ((0, 5), (1, 11)):
        rows = dealt[taxa[dealt] == taxon]
        for start in range(0, len(rows), size):
            assert len(set(rows[start : start + size])) == len(rows[start : start + size])


def test_every_batch_of_two_has_two_taxa():
    taxa = np.repeat([0, 1, 2], [3, 5, 199])
    assert (np.diff(taxa[deal_batches(taxa, 2, seed=1, epoch=1)], axis=1) != 0).all()


def test_batches_depend_on_seed_and_epoch_alone():
    taxa = np.arange(31) % 5
    once = deal_batches(taxa, 7, seed=1, epoch=1)
    assert np.array_equal(once, deal_batches(taxa, 7, seed=1, epoch=1))
    assert not np.array_equal(once, deal_batches(taxa, 7, seed=2, epoch=1))
    assert not np.array_equal(once, deal_batches(taxa, 7, seed=1, epoch=2))


@pytest.mark.parametrize(
    ("taxa", "size", "message"),
    [([0, 1], 1, r"alignment\.batch_size: found 1, expected 2"), ([0, 0], 7, "found 1 taxa")],
)
def test_batches_without_triplets_are_refused(taxa, size, message):
    with pytest.raises(ValueError, match=message):
        deal_batches(np.array(taxa), size, seed=1, epoch=1)


# ---------------------------------------------------------------- alignment


def start_from(layer="none", n_features=N_FEATURES, seed=1):
    torch.manual_seed(seed)
    return Projection(n_features, HIDDEN, SIZE, len(TAXA), layer)


def random_examples(n=37, n_taxa=5):
    torch.manual_seed(2)
    taxa = torch.arange(n) % n_taxa
    rows = torch.arange(n)
    return Examples(from_memory(torch.randn(n, N_FEATURES)), taxa, rows, {"train": rows})


def states(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def changed(before, network):
    """Return the parts of a network of which any tensor differs."""
    now = network.state_dict()
    return {name.split(".")[0] for name in before if not torch.equal(before[name], now[name])}


@pytest.mark.parametrize("margin", [0.5, "anchors"])
def test_loss_falls_on_eight_images(margin):
    anchors = torch.randn(4, SIZE, generator=torch.Generator().manual_seed(3))
    options = OPTIONS | {"epochs": 40, "margin": margin}
    examples = random_examples(8, 4)
    _, history = align(start_from(), examples, anchors, torch.arange(4), options, 1)
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
    ],
)
def test_only_what_is_meant_to_learn_learns(layer, weight, learned):
    start = start_from(layer)
    before = states(start)
    options = OPTIONS | {"cross_entropy": weight}
    anchors = torch.randn(5, SIZE)
    trained, _ = align(start, random_examples(), anchors, torch.arange(5), options, 1)
    assert changed(before, trained) == learned
    assert changed(before, start) == set()
    for name, tensor in trained.state_dict().items():
        if name.split(".")[0] in learned:
            assert not torch.equal(tensor, before[name]), name


def test_the_head_keeps_the_rows_of_taxa_that_are_not_there():
    start = start_from()
    before = states(start)
    options = OPTIONS | {"cross_entropy": 1.0}
    trained, _ = align(
        start, random_examples(n_taxa=3), torch.randn(3, SIZE), torch.tensor([4, 0, 2]), options, 1
    )
    same = (trained.head.weight == before["head.weight"]).all(1)
    assert same.tolist() == [False, True, False, True, False]


def test_the_cross_entropy_keeps_the_head_of_use():
    examples, anchors = random_examples(), torch.randn(5, SIZE)
    options = OPTIONS | {"epochs": 30}
    last = [
        align(start_from(), examples, anchors, torch.arange(5), options | {"cross_entropy": w}, 1)[
            1
        ].iloc[-1]
        for w in (0.0, 1.0)
    ]
    assert last[1]["cross_entropy"] < 0.5 * last[0]["cross_entropy"]
    assert last[1]["loss"] == pytest.approx(
        last[1]["positive"] + last[1]["negative"] + last[1]["cross_entropy"]
    )


def test_the_extra_layer_starts_as_the_identity():
    features = torch.randn(13, N_FEATURES)
    plain, extra = start_from("none"), start_from("extra")
    extra.load_state_dict(plain.state_dict(), strict=False)
    for one, other in zip(embed(plain, features), embed(extra, features), strict=True):
        assert torch.equal(one, other)


def test_an_unknown_layer_is_refused():
    with pytest.raises(ValueError, match=r"alignment\.layer: found 'two', expected none or extra"):
        start_from("two")


def test_history_equals_a_count_by_hand():
    start, examples = start_from(), random_examples(7, 3)
    anchors = torch.randn(3, SIZE, generator=torch.Generator().manual_seed(9))
    options = OPTIONS | {"epochs": 0, "margin": 0.1, "cross_entropy": 0.5}
    _, history = align(start, examples, anchors, torch.tensor([1, 0, 3]), options, 1)
    embeddings, logits = embed(start, examples.look(examples.train))
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
    expected = [0, "train", loss, positive, negative, entropy, np.mean(own), np.mean(other)]
    assert list(history.columns) == HISTORY and len(history) == 1
    assert history.iloc[0].tolist()[:2] == expected[:2]
    assert np.allclose(history.iloc[0].tolist()[2:], expected[2:], atol=1e-6)


def test_a_loss_that_runs_away_is_an_error():
    options = OPTIONS | {"learning_rate": 1e30, "loss": "reciprocal"}
    with pytest.raises(ValueError, match=r"no number after epoch 1 .*\.alignment\.learning_rate"):
        align(start_from(), random_examples(), torch.randn(5, SIZE), torch.arange(5), options, 1)


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
    anchors = torch.randn(5, SIZE, generator=torch.Generator().manual_seed(5))
    start = start_from(n_features=features.shape[1])
    (cached, of_cached), (through, of_through) = (
        align(
            start,
            Examples(look, taxa, rows, {"train": rows[:13], "val": rows[13:]}),
            anchors,
            torch.arange(5),
            OPTIONS,
            1,
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


def train(study, *, withheld=(), taxa=None, anchors="own", seed=1, **changes):
    table, pooled, tensors, own = study
    options = OPTIONS | changes
    images = table.set_index("id")
    images = study_images(images, images["split"], "species", withheld)
    known = [taxon for taxon in taxa or TAXA if taxon not in withheld]
    if len(known) < len(TAXA):
        kept = [TAXA.index(taxon) for taxon in known]
        tensors = tensors | {k: tensors[k][kept] for k in ("head.weight", "head.bias")}
    given = own if isinstance(anchors, str) else anchors
    images = images.set_index("id")
    variant = train_variant(
        images,
        pooled,
        tensors,
        {"taxa": known, "regime": options["regime"]},
        given,
        options,
        name=None if given is None else "real",
        rank="species",
        seed=seed,
        device=CPU,
    )
    placed = np.concatenate([variant.embeddings.to_numpy()[None], variant.permuted])
    seen = images.loc[variant.embeddings.index]
    found = predict_images(placed, seen, variant.answers, NEIGHBOURS)
    return SimpleNamespace(**vars(variant), predictions=found)


def accuracy(variant, evaluator, part="test"):
    table = variant.predictions.query("evaluator == @evaluator and part == @part")
    return (table["truth"] == table["predicted"]).mean()


def test_images_come_to_lie_at_the_anchors_of_their_taxa(study):
    variant = train(study, epochs=20)
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
    assert found["score"].dtype == np.float32


@pytest.mark.parametrize("seed", [1, 2])
def test_permuted_runs_differ_by_their_anchors_alone_which_are_those_of_every_seed(study, seed):
    both = train(study, permutations=2, seed=seed)
    permuted = train(study, anchors=permute_anchors(study[3], 2, DEALING_SEED), seed=seed)
    columns = ["evaluator", "id", "part", "truth", "predicted", "score"]
    one = both.predictions.query("permutation == 2")[columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, permuted.predictions[columns])
    real = train(study, seed=seed)
    pd.testing.assert_frame_equal(
        both.predictions.query("permutation == 0").reset_index(drop=True), real.predictions
    )
    pd.testing.assert_frame_equal(both.embeddings, real.embeddings)
    assert set(both.history["permutation"]) == {0, 1, 2}


def test_without_anchors_nothing_is_trained(study):
    _, pooled, tensors, _ = study
    clean = pooled.xs(0, level="repeat")
    untouched = train(study, anchors=None, regime="control")
    pd.testing.assert_frame_equal(
        untouched.embeddings, clean.loc[untouched.embeddings.index], check_names=False
    )
    projected = train(study, anchors=None, regime="naive")
    network = build_projection(tensors, "none")
    expected = embed(network, torch.tensor(clean.loc[projected.embeddings.index].to_numpy()))[0]
    assert np.array_equal(projected.embeddings.to_numpy(), expected.numpy())
    evaluators = (
        ["knn_1", "knn_5"],
        ["knn_1", "knn_5", "head"],
    )  # a head that nothing trained guesses
    for variant, named in zip((untouched, projected), evaluators, strict=True):
        assert variant.history.empty
        assert variant.predictions["evaluator"].unique().tolist() == named
        assert changed(tensors, variant.network) == set()
        assert variant.about["anchors"] is None


def test_the_head_of_an_untouched_backbone_is_asked_only_where_it_was_trained(study):
    for weight in (0.0, 0.3):
        variant = train(study, regime="control", cross_entropy=weight)
        assert ("head" in set(variant.predictions["evaluator"])) == (weight > 0)


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


def test_one_taxon_with_an_anchor_teaches_nothing_and_says_so(study):
    variant = train(study, anchors=study[3].iloc[:1], permutations=2)
    assert len(variant.embeddings) == len(variant.answers) == len(variant.predictions) == 0
    told = "nothing is recognised: taxa with training images and an anchor in the set 'real': Aa; "
    assert variant.omitted["reason"].str.startswith(told).any()


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
        names = ("checkpoint", "history", "embeddings", "answers", "omitted")
        paths = {name: tmp_path / f"{run}.{name}.npz" for name in names}  # savez wants its own
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
    assert list(history.columns) == ["permutation", *HISTORY] and len(history) == 2 * 4 * 2
