import numpy as np
import pandas as pd
import pytest
from skbio.stats.distance import DistanceMatrix
from visgen.classification.scores.lineages import impossible, roll_up
from visgen.classification.scores.mistakes import lca_heights
from visgen.classification.scores.tempering import temper
from visgen.distances.taxon_distances import look_up, taxon_distances
from visgen.specimens.taxonomy import lineage

RANKS = ["order", "family", "genus"]
SPECIMENS = pd.DataFrame(
    [
        ("O1", "F1", "G1"),
        ("O1", "F1", "G2"),
        ("O1", "F2", "G3"),
        ("O2", "F3", "G4"),
        ("O2", "F3", "G5"),
        ("O2", None, "G6"),
    ],
    columns=RANKS,
)
LINEAGES = {rank: lineage(SPECIMENS, RANKS, rank) for rank in RANKS}


def table(taxa, odds, part="test"):
    odds = np.array(odds, np.float32)
    labels = pd.DataFrame({"part": part, "id": [f"i{i}" for i in range(len(odds))]})
    labels["truth"] = taxa[0]
    labels["predicted"] = [taxa[i] for i in odds.argmax(axis=1)]
    return pd.concat([labels, pd.DataFrame(odds, columns=taxa)], axis=1)


GENERA = table(
    ["G1", "G2", "G3", "G4", "G5", "G6"],
    [[0.2, 0.2, 0.3, 0.1, 0.1, 0.1], [0, 0, 0.4, 0.3, 0.2, 0.1]],
)


def test_probabilities_are_summed_by_taxon():
    families = table(["F1", "F2", "F3"], [[1, 0, 0], [1, 0, 0]])
    up = roll_up(GENERA, families, LINEAGES["genus"]["family"])
    assert up[["F1", "F2", "F3"]].to_numpy() == pytest.approx(
        np.array([[0.4, 0.3, 0.2], [0, 0.4, 0.5]])
    )
    assert up["predicted"].tolist() == ["F1", "F3"]
    assert up["truth"].tolist() == families["truth"].tolist()


def test_a_coarser_taxon_without_finer_ones_gets_nothing():
    orders = table(["O1", "O2", "O3"], [[0, 0, 1], [0, 0, 1]])
    up = roll_up(GENERA, orders, LINEAGES["genus"]["order"])
    assert up["O3"].tolist() == [0, 0]
    assert np.allclose(up[["O1", "O2", "O3"]].sum(axis=1), 1)


def test_where_nothing_has_a_place_above_the_own_prediction_stays():
    families = table(["F1", "F2", "F3"], [[0, 1, 0], [0, 1, 0]])
    unplaced = table(["G1", "G6"], [[0, 1], [1, 0]])
    up = roll_up(unplaced, families, LINEAGES["genus"]["family"])
    assert up["predicted"].tolist() == ["F2", "F1"]
    assert up[["F1", "F2", "F3"]].to_numpy()[0].tolist() == [0, 0, 0]


def test_tables_of_other_images_are_refused():
    with pytest.raises(ValueError, match="different images"):
        roll_up(GENERA.iloc[::-1], table(["F1"], [[1], [1]]), LINEAGES["genus"]["family"])


def test_contradictions_between_ranks_are_found():
    predicted = pd.DataFrame(
        [
            ("O1", "F1", "G1"),
            ("O1", "F1", "G3"),  # G3 is of F2
            ("O2", "F1", "G2"),  # F1 is of O1
            ("O1", "F1", "G6"),  # G6 is of O2, of an unknown family
            ("O2", "F3", "G6"),
        ],
        columns=RANKS,
    )
    assert impossible(predicted, LINEAGES).tolist() == [False, True, True, True, False]


def test_height_of_a_mistake_is_the_number_of_ranks_up_to_where_both_meet():
    truth = pd.Series(["G1", "G1", "G1", "G1", "G6", "G4"])
    predicted = pd.Series(["G1", "G2", "G3", "G4", "G4", "G5"])
    # same; same family; same order; nothing in common; order only, since a family is unknown
    assert lca_heights(truth, predicted, LINEAGES["genus"]).tolist() == [0, 1, 2, 3, 2, 1]
    orders = pd.Series(["O1", "O2"])
    assert lca_heights(orders, pd.Series(["O2", "O2"]), LINEAGES["order"]).tolist() == [1, 0]


DISTANCES = DistanceMatrix([[0, 1, 4], [1, 0, 6], [4, 6, 0]], ["F1", "F2", "F3"])


def distances_at(rank):
    return taxon_distances(DISTANCES, SPECIMENS, RANKS, "family", rank)


def test_distances_at_the_rank_of_the_tips_are_those_of_the_tree():
    assert distances_at("family").loc["F1", "F3"] == 4


def test_taxa_finer_than_the_tips_are_as_far_as_their_tips():
    genera = distances_at("genus")
    assert genera.loc["G1", "G3"] == 1 and genera.loc["G1", "G2"] == 0
    assert "G6" not in genera.index


def test_taxa_coarser_than_the_tips_are_as_far_as_the_mean_of_their_tips():
    assert distances_at("order").loc["O1", "O2"] == (4 + 6) / 2


def test_distances_between_coarse_taxa_are_the_same_both_ways_to_the_last_bit():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(60, 3))
    tips = [f"T{i:02}" for i in range(60)]
    between = np.linalg.norm(points[:, None] - points, axis=2)
    labels = pd.DataFrame({"genus": rng.choice(list("ABCDE"), 60), "species": tips})
    matrix = DistanceMatrix((between + between.T) / 2, tips)
    genera = taxon_distances(matrix, labels, ["genus", "species"], "species", "genus")
    assert (genera.to_numpy() == genera.to_numpy().T).all()


def test_a_taxon_without_a_place_in_the_tree_has_no_distance():
    found = look_up(distances_at("genus"), pd.Series(["G1", "G6"]), pd.Series(["G4", "G1"]))
    assert found[0] == 4 and np.isnan(found[1])


def test_tempering_sharpens_what_is_too_flat_and_keeps_the_order_of_taxa():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 400)
    flat = np.full((400, 3), 1.0) + 0.1 * np.eye(3)[np.where(rng.random(400) < 0.9, truth, 0)]
    before = table(["A", "B", "C"], flat / flat.sum(axis=1, keepdims=True), part="val")
    before["truth"] = np.array(["A", "B", "C"])[truth]
    specimens = pd.Series([f"s{i}" for i in range(400)], before["id"])
    after, (score,) = temper(before, specimens)
    assert score["metric"] == "temperature" and score["value"] < 1
    odds = after[["A", "B", "C"]].to_numpy()
    assert odds.max(axis=1).mean() > 0.8
    assert (odds.argmax(axis=1) == flat.argmax(axis=1)).all()
    assert after.iloc[:, :4].equals(before.iloc[:, :4])


def test_without_validation_images_nothing_is_tempered():
    specimens = pd.Series(["x", "y"], GENERA["id"])
    table, scores = temper(GENERA, specimens)
    assert table is GENERA
    assert scores == []
