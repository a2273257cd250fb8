import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import pearsonr, spearmanr
from skbio import DistanceMatrix, TreeNode
from visgen.genetics.scores import nearest_neighbours as module
from visgen.genetics.scores.nearest_neighbours import (
    expected_accuracies,
    nearest_neighbours,
    score_neighbours,
    unit_vectors,
)
from visgen.genetics.scores.scoring import score_against_distances, score_sequences
from visgen.genetics.vectors.files import SequenceVectors
from visgen.metrics import COLUMNS, EXPECTED, SCORE, of_role


def vectors(values, taxa):
    values = np.asarray(values, float)
    return SequenceVectors(
        np.array([f"s{i}" for i in range(len(values))]),
        np.array(taxa),
        np.array([f"f{i}" for i in range(values.shape[1])]),
        values,
    )


def random_vectors(sizes, n_features=7, seed=1):
    rng = np.random.default_rng(seed)
    taxa = np.repeat([f"Taxon {i}" for i in range(len(sizes))], sizes)
    centres = rng.random((len(sizes), n_features))
    values = np.repeat(centres, sizes, axis=0) + 0.3 * rng.random((sum(sizes), n_features))
    return vectors(values, taxa)


def nearest(table, taxon, kept=None):
    kept = np.arange(len(taxon)) if kept is None else kept
    return nearest_neighbours(unit_vectors(table), taxon, kept)


def scores(rows, role="score"):
    chosen = [row for row in rows if row.get("role", "score") == role]
    return {(row["evaluator"], row["metric"]): row for row in chosen}


@pytest.mark.parametrize("block", [1, 100, 2**23])
def test_neighbours_equal_those_of_a_slow_loop_whatever_the_block(monkeypatch, block):
    monkeypatch.setattr(module, "_BLOCK", block)
    table = random_vectors([5, 1, 11, 2, 3, 1])
    taxon = pd.factorize(table.taxa)[0]
    found = nearest(table, taxon)
    distances = cdist(table.values, table.values, "cosine")
    np.fill_diagonal(distances, np.inf)
    asked = [i for i in range(len(taxon)) if (taxon == taxon[i]).sum() > 1]
    expected = [float(taxon[distances[i].argmin()] == taxon[i]) for i in asked]
    assert found.taxon.tolist() == taxon[asked].tolist()
    assert found.right.tolist() == expected
    assert 0 < np.mean(expected) < 1


def test_equally_near_sequences_share_the_answer():
    # The first three are one direction; two of taxon 0, one of taxon 1.
    table = vectors([[1, 0], [3, 0], [7, 0], [0, 1], [1, 9]], list("aabbb"))
    found = nearest(table, np.array([0, 0, 1, 1, 1]))
    # Sequence 2 has two neighbours of taxon 0; 3 and 4 have each other.
    assert found.right.tolist() == [0.5, 0.5, 0, 1, 1]


def test_a_zero_vector_is_refused_with_its_sequence_and_the_keys():
    keys = r"genetics\.filters\.min_length .* genetics\.kmers or genetics\.sgt"
    with pytest.raises(ValueError, match=rf"sequence 's1': its vector is zero .* {keys}"):
        score_neighbours(vectors([[1, 2], [0, 0], [2, 1]], ["A"] * 3), bootstraps=0, seed=1)


def test_sequences_that_are_not_kept_are_as_if_they_were_not_there():
    table = random_vectors([5, 2, 11, 3, 1])
    taxon = pd.factorize(table.taxa)[0]
    kept = np.sort(np.random.default_rng(2).permutation(len(taxon))[:17])
    found = nearest(table, taxon, kept)
    alone = vectors(table.values[kept], table.taxa[kept])
    expected = nearest(alone, taxon[kept])
    assert found.taxon.tolist() == expected.taxon.tolist()
    assert found.right.tolist() == expected.right.tolist()


def test_wide_vectors_are_held_once_more_and_no_oftener(monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 2**15)
    table = random_vectors([101, 103], n_features=4096)
    tracemalloc.start()
    score_neighbours(table, bootstraps=10, seed=1)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1.5 * table.values.nbytes + 2**20


def test_copies_of_a_sequence_count_once_in_the_distinct_score():
    table = vectors(
        [[1, 0], [1, 0], [1, 0.1], [1, 0.11], [0, 1], [0, 1], [0.1, 1]],
        ["A", "A", "B", "A", "B", "B", "C"],
    )
    found = scores(score_neighbours(table, bootstraps=50, seed=1))
    # All: A's copies and B's copies find each other; s2 (B) and s3 (A) find each other: 4 of 6.
    accuracy = found["loo_nearest_neighbour", "accuracy"]
    assert (accuracy["value"], accuracy["n"]) == (4 / 6, 6)
    balanced = found["loo_nearest_neighbour", "balanced_accuracy"]
    assert balanced["value"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    # Distinct: A is (1, 0) and (1, .11), B is (1, .1) and (0, 1); none finds its own.
    accuracy = found["loo_nearest_neighbour_distinct", "accuracy"]
    assert (accuracy["value"], accuracy["n"]) == (0, 4)


def test_equal_vectors_of_two_taxa_stay_two():
    table = vectors([[1, 0], [1, 0], [0, 1], [0.2, 1]], ["A", "B", "A", "B"])
    found = scores(score_neighbours(table, bootstraps=10, seed=1))
    assert found["loo_nearest_neighbour_distinct", "accuracy"]["n"] == 4


def test_what_is_expected_of_random_labels_is_the_mean_over_permutations():
    table = random_vectors([7, 1, 3, 2])
    taxon = pd.factorize(table.taxa)[0]
    rng = np.random.default_rng(3)
    runs = [nearest(table, rng.permutation(taxon)) for _ in range(4000)]
    accuracy = np.mean([run.right.mean() for run in runs])
    balanced = np.mean([pd.Series(run.right).groupby(run.taxon).mean().mean() for run in runs])
    expected = expected_accuracies(taxon)
    # By hand: (7·6 + 3·2 + 2·1) / (12·12) and (6 + 2 + 1) / 12 / 3.
    assert expected == pytest.approx((50 / 144, 9 / 36))
    assert (accuracy, balanced) == pytest.approx(expected, abs=0.01)


def test_intervals_hold_the_value_and_perfect_scores_have_no_bootstrap_interval():
    table = random_vectors([13, 5, 11, 2, 7])
    rows = score_neighbours(table, bootstraps=300, seed=1)
    found, nulls = scores(rows), scores(rows, "expected")
    assert set(found) == set(nulls)
    assert {row["against"] for row in nulls.values()} == {"permuted_labels"}
    for metric in ("accuracy", "balanced_accuracy"):
        row = found["loo_nearest_neighbour", metric]
        assert row["ci_low"] < row["value"] < row["ci_high"]
        assert row["value"] > nulls["loo_nearest_neighbour", metric]["value"]
    perfect = vectors([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], ["A", "A", "B", "B"])
    found = scores(score_neighbours(perfect, bootstraps=100, seed=1))
    assert found["loo_nearest_neighbour", "balanced_accuracy"]["value"] == 1
    assert np.isnan(found["loo_nearest_neighbour", "balanced_accuracy"]["ci_low"])
    accuracy = found["loo_nearest_neighbour", "accuracy"]
    # Wilson's lower limit of 4 of 4 by hand: 4 / (4 + 1.96²).
    assert accuracy["ci_low"] == pytest.approx(4 / (4 + 1.959964**2), abs=1e-6)


def test_without_a_pair_there_is_no_score():
    assert score_neighbours(vectors([[1, 0], [0, 1]], ["A", "B"]), bootstraps=9, seed=1) == []


def test_mantel_is_that_of_means_over_the_sequences_of_a_taxon():
    table = random_vectors([3, 2, 1, 5, 2, 4, 1])
    names = [f"Taxon {i}" for i in (6, 0, 3, 1, 5, 2)] + ["Taxon other"]
    upper = np.triu(np.random.default_rng(4).random((7, 7)), 1)
    distances = DistanceMatrix(upper + upper.T, names)
    above = pd.DataFrame(index=names)
    rows = scores(score_against_distances(table, distances, above, 99, seed=1))
    means = pd.DataFrame(table.values).groupby(table.taxa).mean()
    shared = [f"Taxon {i}" for i in (0, 1, 2, 3, 5, 6)]
    x = cdist(means.loc[shared], means.loc[shared], "cosine")[np.triu_indices(6, 1)]
    y = [distances[a, b] for i, a in enumerate(shared) for b in shared[i + 1 :]]
    assert rows["mantel", "pearson"]["value"] == pytest.approx(pearsonr(x, y).statistic)
    assert rows["mantel", "spearman"]["value"] == pytest.approx(spearmanr(x, y).statistic)
    assert rows["mantel", "pearson"]["n"] == 6
    assert 0.01 <= rows["mantel", "pearson"]["p"] <= 1
    assert rows["mantel", "pearson"]["n_permutations"] == 99
    again = rows["new_specimens", "pearson"]
    assert again["value"] == pytest.approx(rows["mantel", "pearson"]["value"])
    assert again["ci_low"] < again["value"] < again["ci_high"]
    assert {row["part"] for row in rows.values()} == {"taxa"}


def test_sequences_are_tested_within_the_groups_of_each_step():
    table = random_vectors([3, 2, 1, 5, 2, 4, 1])
    taxa = sorted(set(table.taxa))
    upper = np.triu(np.random.default_rng(4).random((7, 7)), 1)
    distances = DistanceMatrix(upper + upper.T, taxa)
    above = pd.DataFrame({"family": list("FFFFHHH"), "genus": list("ABBBCCC")}, taxa)
    rows = score_against_distances(table, distances, above, 99, seed=1)
    values = {(row.get("part"), row["metric"]): row for row in rows if "p" in row}
    means = pd.DataFrame(table.values).groupby(table.taxa).mean()
    visual = cdist(means, means, "cosine")
    for step, groups in (("within_coarsest", above["family"]), ("within_above", above["genus"])):
        columns = []
        for square in (visual, distances.data):
            pairs = {
                (i, j): square[i, j]
                for i in range(7)
                for j in range(i)
                if groups.iloc[i] == groups.iloc[j]
            }
            column = pd.Series(list(pairs.values()))
            column -= column.groupby([groups.iloc[i] for i, _ in pairs]).transform("mean")
            columns.append(column)
        row = values[step, "pearson"]
        assert row["evaluator"] == "mantel_within"
        assert row["value"] == pytest.approx(np.corrcoef(*columns)[0, 1])
        assert row["ci_low"] < row["ci_high"]


def test_too_few_shared_taxa_are_told_in_the_log(caplog):
    table = random_vectors([2, 2, 2, 2])
    distances = DistanceMatrix(1 - np.eye(4), [f"Taxon {i}" for i in range(4)])
    above = pd.DataFrame(index=distances.ids)
    with caplog.at_level("INFO"):
        assert score_against_distances(table, distances, above, 9, seed=1) == []
    assert "4 taxa have sequences and distances; 5 are needed" in caplog.text


def study():
    table = random_vectors([3, 2, 2, 5, 2, 4])
    taxa = sorted(set(table.taxa))
    upper = np.triu(np.random.default_rng(4).random((6, 6)), 1)
    newick = "(((Taxon 0:1,Taxon 1:2):1,(Taxon 2:1,Taxon 3:1):1):1,(Taxon 4:1,Taxon 5:3):1);"
    tree = TreeNode.read([newick.replace("Taxon ", "Taxon_")])
    above = pd.DataFrame({"family": ["F"] * 6, "genus": list("GGHHII")}, index=taxa)
    anchors = pd.DataFrame([[1.0, 0], [0, 2], [3, 3]], index=taxa[:3])
    spread = pd.DataFrame({"taxon": taxa, "spread": [0.1, 0.3, 0.2, np.nan, np.nan, np.nan]})
    return table, DistanceMatrix(upper + upper.T, taxa), tree, above, {"made": (anchors, spread)}


def test_the_table_has_the_columns_of_the_contract_and_a_null_beside_each_claim():
    table, distances, tree, above, anchors = study()
    options = {"rank": "species", "permutations": 99, "bootstraps": 50, "seed": 3}
    found = score_sequences(
        {"sgt": table, "kmers": table}, distances, tree, tree.copy(), above, anchors, **options
    )
    assert found.columns.tolist() == COLUMNS
    assert set(found["experiment"]) == {"genetics"}
    labels = found.columns[: COLUMNS.index("value")].tolist()
    assert not found.duplicated(labels).any()
    for variant in ("sgt", "kmers"):
        evaluators = set(found.loc[found["variant"] == variant, "evaluator"])
        assert evaluators == {
            *("loo_nearest_neighbour", "loo_nearest_neighbour_distinct"),
            *("mantel", "new_specimens"),
        }
    of_tree = found[found["variant"] == "tree"]
    nulls = of_role(of_tree, EXPECTED, "shuffled_tips").set_index(["rank", "metric"])
    of_tree = of_role(of_tree, SCORE).set_index(["rank", "metric"])
    assert of_tree.loc[("species", "robinson_foulds"), "value"] == 0
    assert nulls.loc[("species", "robinson_foulds"), "value"] > 0.5
    assert of_tree.loc[("genus", "monophyletic"), ["value", "n"]].tolist() == [1, 3]
    assert nulls.loc[("genus", "monophyletic"), "value"] < 0.5
    for both in (of_tree, nulls):
        assert both.loc[("species", "clades_found"), "n_permutations"] == 99
        assert both.loc[("genus", "monophyletic"), "n_permutations"] == 999
    assert "family" not in of_tree.index.get_level_values("rank")  # all taxa are in one


def test_the_same_seed_gives_the_same_table():
    table, distances, tree, above, anchors = study()
    options = {"rank": "species", "permutations": 49, "bootstraps": 50, "seed": 3}
    runs = [
        score_sequences({"sgt": table}, distances, tree, tree, above, anchors, **options)
        for _ in range(2)
    ]
    pd.testing.assert_frame_equal(*runs, check_exact=True)


def test_how_alike_anchors_are_is_scored_set_by_set():
    *_, above, anchors = study()
    single = anchors["made"][0][:1], anchors["made"][1].assign(spread=np.nan)
    options = {"rank": "species", "permutations": 49, "bootstraps": 50, "seed": 3}
    found = score_sequences({}, None, None, None, above, anchors | {"one": single}, **options)
    assert set(found["evaluator"]) == {"anchors"} and found["variant"].isna().all()
    assert found[["anchors", "metric", "n"]].to_numpy().tolist() == [
        ["made", "median_cosine", 3],
        ["made", "median_spread", 3],
    ]
    assert found["value"].tolist() == pytest.approx([np.sqrt(0.5), 0.2])  # of 0, √½ and √½


def test_without_distances_and_trees_there_are_neighbours_only():
    table, _, _, above, _ = study()
    options = {"rank": "species", "permutations": 49, "bootstraps": 50, "seed": 3}
    found = score_sequences({"sgt": table}, None, None, None, above, {}, **options)
    assert set(found["metric"]) == {"accuracy", "balanced_accuracy"}
    assert len(found) == 8
