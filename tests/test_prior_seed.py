"""What one split tells of relatives, on looks that are simulated."""

import numpy as np
import pandas as pd
import pytest
from visgen.distances.matrices import write_distances
from visgen.prior.files import read_prior, write_no_prior
from visgen.prior.keeping import learn_priors
from visgen.prior.permuting import relative_orders
from visgen.prior.scoring import NOTHING, score_prior
from visgen.prior.seed import ask_seed
from visgen.prior.sources import read_sources
from visgen.prior.training import Specimens, mean_specimens
from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import tabulate_taxa

RANKS = ["family", "genus", "species"]
N_GENERA, IN_GENUS, N_AXES = 10, 3, 12


def study_of(signal, seed=1, n_train=4, n_asked=6):
    """Specimens whose look follows genus and family by `signal`, and their taxonomy."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        [(f"F{g // 2}", f"G{g}", f"G{g} s{s}") for g in range(N_GENERA) for s in range(IN_GENUS)],
        columns=RANKS,
    )
    look = np.sqrt(1 - signal) * rng.standard_normal((len(table), N_AXES))
    for rank, share in (("family", 0.3), ("genus", 0.7)):
        code = pd.factorize(table[rank])[0]
        look += np.sqrt(signal * share) * rng.standard_normal((code.max() + 1, N_AXES))[code]
    n = n_train + n_asked
    taxa = np.repeat(table["species"].to_numpy(object), n)
    x = np.repeat(look, n, axis=0) + rng.standard_normal((len(taxa), N_AXES))
    everything = Specimens(
        np.arange(len(taxa)).astype(str).astype(object), x.astype(np.float32), taxa
    )
    is_asked = np.tile(np.arange(n) >= n_train, len(table))
    return everything.of(~is_asked), everything.of(is_asked), tabulate_taxa(table, RANKS)


def relatives(taxonomy, training, paths=None):
    paths = {"taxonomy": None} | (paths or {})
    return read_sources(paths, set(training.taxa), taxonomy, RANKS, "species", "species")


def asked(signal, seed=1, **options):
    training, others, taxonomy = study_of(signal, seed)
    study = relatives(taxonomy, training)
    given = {
        "rare": 0.5,
        "tail": 2,
        "curve": [0, 1, 2, 9],
        "unseen": 0.2,
        "permutations": 3,
        "study_seed": 1,
    }
    return ask_seed(training, others, study.among, study.above, **given | options, seed=seed)


@pytest.fixture(scope="module")
def tables():
    return asked(0.9)


def mean_of(taxa, part, relatives_by, evaluator="balanced", measure="right", rare=None):
    of_it = taxa[
        (taxa["part"] == part)
        & (taxa["relatives"] == relatives_by)
        & (taxa["evaluator"] == evaluator)
        & (taxa["measure"] == measure)
    ]
    if rare is not None:
        of_it = of_it[(of_it["n_train"] < 2) == rare]
    return of_it["value"].mean()


def test_relatives_that_look_alike_help_rare_taxa(tables):
    taxa = tables.taxa
    gain = mean_of(taxa, "test", "taxonomy", rare=True) - mean_of(taxa, "test", NOTHING, rare=True)
    assert gain > 0.03
    sizes = taxa[taxa["part"] == "test"].drop_duplicates("taxon")["n_train"].value_counts()
    assert sizes.to_dict() == {1: 15, 4: 15}


def test_what_is_taken_from_training_is_asked(tables):
    n = tables.taxa[tables.taxa["part"] == "test"].drop_duplicates("taxon")
    assert (n["n_asked"] == np.where(n["n_train"] == 1, 9, 6)).all()


def test_unseen_taxa_are_named_by_their_place_and_to_the_ranks_above(tables):
    taxa = tables.taxa
    assert mean_of(taxa, "unseen", NOTHING, measure="among_unseen") == pytest.approx(1 / 6)
    assert mean_of(taxa, "unseen", "taxonomy", measure="among_unseen") > 0.3
    for rank in ("genus", "family"):
        chance = mean_of(taxa, "unseen", NOTHING, measure=rank)
        assert mean_of(taxa, "unseen", "taxonomy", measure=rank) > chance > 0
    assert (taxa.loc[taxa["part"] == "unseen", "n_train"] == 0).all()


def test_the_curve_has_the_same_taxa_at_every_number_that_enough_of_them_have(tables):
    curve = tables.taxa[tables.taxa["part"].str.startswith("curve_")]
    assert set(curve["part"]) == {"curve_0", "curve_1", "curve_2"}  # none has nine
    assert (curve.groupby(["part", "relatives"])["taxon"].nunique() == 30).all()
    assert (curve["n_train"] == curve["part"].str.removeprefix("curve_").astype(int)).all()
    rising = [mean_of(tables.taxa, f"curve_{n}", NOTHING) for n in range(3)]
    assert rising == sorted(rising) and rising[0] == pytest.approx(1 / 30)


def test_relatives_are_permuted_for_seen_and_unseen_taxa(tables):
    found = tables.permuted
    assert set(found["relatives"]) == {"taxonomy"} and set(found["null"]) == {"permuted_taxa"}
    assert set(found["permutation"]) == {1, 2, 3}
    metrics = set(found.loc[found["part"] == "test", "metric"])
    assert metrics == {"balanced_accuracy", "tail_accuracy", "head_accuracy"}
    unseen = found[(found["part"] == "unseen") & (found["metric"] == "among_unseen")]["value"]
    assert unseen.mean() < mean_of(tables.taxa, "unseen", "taxonomy", measure="among_unseen")


def test_predictions_are_of_every_asked_specimen(tables):
    named = tables.predictions
    assert len(set(named.groupby("relatives")["specimen"].nunique())) == 1
    right = (named["predicted"] == named["taxon"]).groupby(named["relatives"]).mean()
    assert right["taxonomy"] > 0.2


def test_relatives_that_tell_nothing_fall_silent():
    tables = asked(0.0, curve=[], unseen=0)
    (fit,) = tables.fits.to_dict("records")
    assert fit["log_likelihood_gain"] < 3
    change = [mean_of(tables.taxa, "test", by) for by in (NOTHING, "taxonomy")]
    assert abs(change[1] - change[0]) < 0.03
    assert set(tables.taxa["part"]) == {"test"}


def test_a_source_beside_the_taxonomy_is_permuted_within_groups_too(tmp_path):
    training, others, taxonomy = study_of(0.9)
    study = relatives(taxonomy, training)
    noise = np.random.default_rng(1).random((30, 30))
    tree = study.distances["taxonomy"].data + 0.5 * (noise + noise.T)
    np.fill_diagonal(tree, 0)
    path = tmp_path / "tree.tsv"
    write_distances(path, DistanceMatrix(tree, study.above.index).filter(study.above.index[:28]))
    study = relatives(taxonomy, training, {"tree": str(path)})
    assert study.lacking.to_dict("list") == {
        "relatives": ["tree"] * 2,
        "taxon": list(study.above.index[28:]),
    }
    tables = ask_seed(
        training,
        others,
        study.among,
        study.above,
        rare=0.5,
        tail=2,
        curve=[],
        unseen=0,
        permutations=2,
        study_seed=1,
        seed=1,
    )
    nulls = tables.permuted.groupby("relatives")["null"].unique().map(set).to_dict()
    assert nulls["tree"] == {"permuted_taxa"}
    within = {"permuted_within_family", "permuted_within_genus"}
    assert nulls["tree_beyond_taxonomy"] == {"permuted_taxa"} | within
    fits = tables.fits.set_index("relatives")
    assert fits.loc["tree", "n_filled"] == 2 and fits.loc["taxonomy", "n_filled"] == 0
    rows = score_prior(
        tables.taxa.assign(seed=1), tables.permuted.assign(seed=1), tail=2, bootstraps=20, seed=1
    )
    assert {row["against"] for row in rows if row.get("role") == "difference"} == {
        NOTHING,
        "taxonomy",
    }
    nearest = study.nearest(set(training.taxa) - {"G0 s0"}).set_index(["relatives", "taxon"])[
        "nearest"
    ]
    assert nearest["taxonomy", "G0 s0"] == 1 and np.isnan(nearest["tree", study.above.index[29]])
    kept = learn_priors(training, study)
    assert set(kept) == {"taxonomy", "tree"} and len(kept["tree"].taxa) == 30


@pytest.mark.parametrize("n_taxa", [0, 9])
def test_few_taxa_are_said_to_be_few(n_taxa):
    training, others, taxonomy = study_of(0.5)
    chosen = training.of(np.isin(training.taxa, np.unique(training.taxa)[:n_taxa]))
    study = relatives(taxonomy, training)
    found = ask_seed(
        chosen,
        others,
        study.among,
        study.above,
        rare=0,
        tail=2,
        curve=[0, 1],
        unseen=0.3,
        permutations=2,
        study_seed=1,
        seed=1,
    )
    assert set(found.omitted["part"]) >= {"test", "unseen"} and found.fits.empty
    assert found.omitted["reason"].str.contains("expected at least 10").all()


def test_parts_that_have_too_few_taxa_are_left_out_and_the_others_are_there():
    found = asked(0.9, unseen=0.8, permutations=0)
    assert (
        set(found.omitted["part"]) == {"unseen"}
        and "expected at least 10" in found.omitted["reason"][0]
    )
    assert "unseen" not in set(found.taxa["part"]) and "test" in set(found.taxa["part"])


def test_a_prior_that_cannot_be_learned_says_so_where_it_is_read(tmp_path):
    paths = {"tensors": tmp_path / "tree.safetensors", "about": tmp_path / "tree.json"}
    write_no_prior(paths, "8 taxa with training images")
    with pytest.raises(ValueError, match="there is no prior, since 8 taxa with training images"):
        read_prior(paths)


def test_permutations_are_those_of_the_taxa_that_splits_share():
    training, _, taxonomy = study_of(0.9)
    study = relatives(taxonomy, training)
    everyone = list(study.above.index)
    some = everyone[:10] + everyone[11:]
    whole = relative_orders(everyone, 20, 1)[1:]
    part = relative_orders(some, 20, 1, everyone=everyone)[1:]
    for all_of_it, without in zip(whole, part, strict=True):
        order = [everyone[i] for i in all_of_it if i != 10]
        assert [some[i] for i in without] == order


def test_a_part_without_specimens_is_asked_nothing():
    features = pd.DataFrame([[0.0, 1.0]], index=["a"])
    labels = pd.DataFrame({"specimen": ["s"], "species": [None]}, ["a"])
    found = mean_specimens(features, labels, "species")
    assert len(found.names) == 0 and found.x.shape == (0, 2)
