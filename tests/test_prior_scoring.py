"""Scores of taxa that are known by their relatives."""

import numpy as np
import pandas as pd
import pytest
from visgen.metrics import metrics_table, of_role
from visgen.prior.scoring import PERMUTED_COLUMNS, TAXA_COLUMNS, check_taxa, score_prior

TAXA = [f"Arca {letter}" for letter in "abcdefghij"]


def table_of(values, part="test", n_train=None, measure="right", seeds=(1, 2)):
    """Scores of `TAXA` by source, the same in every seed; half of them rare."""
    n_train = [1] * 5 + [3] * 5 if n_train is None else [n_train] * 10
    rows = [
        (seed, part, n, taxon, relatives, "balanced", measure, 2, value)
        for seed in seeds
        for relatives, of_taxa in values.items()
        for taxon, n, value in zip(TAXA, n_train, np.broadcast_to(of_taxa, 10), strict=True)
    ]
    return pd.DataFrame(rows, columns=TAXA_COLUMNS)


def permuted_of(relatives, null, values, metric="tail_accuracy", seeds=(1, 2)):
    rows = [
        (seed, null, relatives, number, "test", metric, value)
        for seed in seeds
        for number, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


NONE = pd.DataFrame(columns=PERMUTED_COLUMNS)


def scored(taxa, permuted=NONE, bootstraps=200):
    rows = score_prior(taxa, permuted, tail=2, bootstraps=bootstraps, seed=1)
    return metrics_table([{"experiment": "prior"} | row for row in rows])


def test_rare_taxa_and_others_are_means_of_their_own():
    rare = [0.0, 0.5, 1.0, 0.5, 0.5]
    found = scored(table_of({"nothing": [*rare, *[1.0] * 5]})).set_index("metric")
    assert found["value"].to_dict() == {
        "balanced_accuracy": 0.75,
        "tail_accuracy": 0.5,
        "head_accuracy": 1.0,
    }
    assert found["n"].to_dict() == {"balanced_accuracy": 10, "tail_accuracy": 5, "head_accuracy": 5}
    assert found.loc["tail_accuracy", "ci_low"] < 0.5 < found.loc["tail_accuracy", "ci_high"]
    assert found.loc["head_accuracy", ["ci_low", "ci_high"]].tolist() == pytest.approx([1, 1])


def test_a_taxon_that_is_rare_in_one_seed_only_counts_there_only():
    taxa = table_of({"nothing": [0.2] * 5 + [0.8] * 5})
    turned = taxa["seed"] == 2
    taxa.loc[turned, "n_train"] = 4 - taxa.loc[turned, "n_train"]
    found = scored(taxa).set_index("metric")["value"]
    assert found["tail_accuracy"] == pytest.approx((0.2 + 0.8) / 2)


def test_gains_are_paired_by_taxon():
    base = np.random.default_rng(1).random(10) / 2
    gains = of_role(scored(table_of({"nothing": base, "tree": base + 0.1})), "difference")
    assert set(gains["against"]) == {"nothing"} and set(gains["variant"]) == {"tree"}
    assert gains[["value", "ci_low", "ci_high"]].to_numpy() == pytest.approx(np.full((3, 3), 0.1))
    assert gains["p"].isna().all()


def test_a_source_with_the_taxonomy_is_compared_with_the_taxonomy_by_its_own_null():
    taxa = table_of({"nothing": 0.2, "taxonomy": 0.4, "tree_beyond_taxonomy": 0.5})
    permuted = [
        permuted_of("taxonomy", "permuted_taxa", [0.1, 0.2, 0.2]),
        permuted_of("tree_beyond_taxonomy", "permuted_taxa", [0.1, 0.2, 0.3]),
        permuted_of("tree_beyond_taxonomy", "permuted_within_genus", [0.5, 0.3, 0.4]),
    ]
    found = scored(taxa, pd.concat(permuted))
    gains = of_role(found, "difference").set_index(["variant", "against", "metric"])
    gain = gains.loc["tree_beyond_taxonomy", "taxonomy", "tail_accuracy"]
    assert (
        gain["value"] == pytest.approx(0.1) and gain["p"] == 1 / 4
    )  # where all taxa change places
    assert gain["n_permutations"] == 3
    assert np.isnan(gains.loc[("tree_beyond_taxonomy", "nothing", "tail_accuracy"), "p"])
    assert gains.loc[("taxonomy", "nothing", "tail_accuracy"), "p"] == 1 / 4
    nulls = of_role(found, "expected").set_index(["variant", "against"])
    assert nulls.loc[("taxonomy", "permuted_taxa"), "value"] == pytest.approx(0.5 / 3)
    assert nulls.loc[("tree_beyond_taxonomy", "permuted_within_genus"), "p"] == 2 / 4


def test_refits_that_a_seed_lacks_are_in_no_null():
    taxa = table_of({"nothing": 0.2, "tree": 0.4})
    permuted = permuted_of("tree", "permuted_taxa", [0.1, 0.9])
    found = scored(taxa, permuted.drop(index=permuted.index[-1]))
    gain = of_role(found, "difference").set_index("metric").loc["tail_accuracy"]
    assert gain["n_permutations"] == 1 and gain["p"] == 1 / 2


def test_relatives_are_worth_as_many_specimens_as_give_the_same_accuracy():
    curve = [(0, 0.1, 0.3), (1, 0.5, 0.6), (2, 0.7, 0.75), (3, 0.75, 0.9)]
    taxa = pd.concat(
        [
            table_of({"nothing": without, "tree": having}, f"curve_{n}", n)
            for n, without, having in curve
        ]
    )
    found = scored(taxa)
    worth = found[found["metric"] == "worth"].set_index("part")["value"]
    assert worth.to_dict() == pytest.approx({"curve_0": 0.5, "curve_1": 0.5, "curve_2": 1.0})


def test_unseen_taxa_have_a_row_a_measure():
    taxa = pd.concat(
        [
            table_of({"nothing": 0.1, "tree": 0.4}, "unseen", 0, measure)
            for measure in ("among_unseen", "among_all")
        ]
    )
    found = scored(taxa)
    assert set(found["metric"]) == {"among_unseen", "among_all"}
    assert set(found["part"]) == {"unseen"}


def test_taxa_are_scored_apart_and_rare_ones_without_them():
    taxa = table_of({"nothing": [1.0, *[0.5] * 4, *[0.0] * 5]})
    rows = score_prior(taxa, NONE, tail=2, apart=[TAXA[0], TAXA[9]], bootstraps=0, seed=1)
    found = {row["metric"]: (row["value"], row["n"]) for row in rows}
    assert found["apart_accuracy"] == (0.5, 2)
    assert found["tail_accuracy_without_apart"] == (0.5, 4)
    assert found["tail_accuracy"] == (pytest.approx(0.6), 5)


def test_a_name_that_is_no_taxon_of_the_study_is_refused():
    check_taxa("prior.apart", TAXA[:2], TAXA)
    with pytest.raises(ValueError, match=r"prior\.apart: found 'Arca z', .*near names are Arca"):
        check_taxa("prior.apart", ["Arca z"], TAXA)
