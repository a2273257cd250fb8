import math

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors
from visgen.visual_genetic.recognition.neighbours import (
    CHUNK,
    find_neighbours,
    nearest_anchor,
    vote,
)
from visgen.visual_genetic.recognition.predicting import (
    COLUMNS,
    predict_by_anchor,
    predict_by_head,
    predict_by_neighbours,
    stack_predictions,
)

RNG = np.random.default_rng(5)


def on_circle(*degrees):
    """Return vectors of different lengths in given directions."""
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)]) * RNG.uniform(0.5, 9, (len(angles), 1))


def table(values, prefix):
    return pd.DataFrame(values, index=[f"{prefix}{i:02d}" for i in range(len(values))])


def test_neighbours_are_those_of_scikit_learn():
    queries, gallery = RNG.standard_normal((23, 7)), RNG.standard_normal((101, 7))
    cosines, rows = find_neighbours(queries, gallery, 11)
    reference = NearestNeighbors(n_neighbors=11, metric="cosine", algorithm="brute").fit(gallery)
    distances, expected = reference.kneighbors(queries)
    assert np.array_equal(rows, expected)
    assert np.allclose(1 - cosines, distances, atol=1e-6)


def test_chunks_leave_neighbours_as_they_are():
    queries, gallery = RNG.standard_normal((CHUNK + 7, 5)), RNG.standard_normal((31, 5))
    together = find_neighbours(queries, gallery, 3)[1]
    assert np.array_equal(together[-7:], find_neighbours(queries[-7:], gallery, 3)[1])
    assert np.array_equal(together[:11], find_neighbours(queries[:11], gallery, 3)[1])


def test_of_equal_neighbours_the_first_are_taken():
    gallery = np.array([[0.0, 1], [1, 0], [2, 0], [1, 1], [4, 0]])
    assert find_neighbours(np.array([[8.0, 0]]), gallery, 2)[1].tolist() == [[1, 2]]
    assert find_neighbours(np.array([[8.0, 0]]), gallery, 4)[1].tolist() == [[1, 2, 4, 3]]


def test_many_equal_neighbours_keep_the_order_of_the_gallery():
    gallery = np.array([[1.0, 0], [1, 1], [0, 1]] * 23)
    rows = find_neighbours(np.array([[8.0, 0]]), gallery, 31)[1][0]
    assert rows.tolist() == [*range(0, 69, 3), *range(1, 24, 3)]


def test_a_small_gallery_votes_as_a_whole():
    cosines, rows = find_neighbours(RNG.standard_normal((3, 5)), RNG.standard_normal((2, 5)), 20)
    assert cosines.shape == rows.shape == (3, 2)


def test_an_empty_gallery_is_refused():
    with pytest.raises(ValueError, match="a gallery of 0 images has no neighbours, expected 1"):
        find_neighbours(np.ones((3, 5)), np.ones((0, 5)), 1)


def test_votes_are_those_worked_out_by_hand():
    cosines = np.array([[0.9, 0.88, 0.85]])
    winners, shares = vote(cosines, np.array([[4, 2, 2]]))
    first, second, third = (math.exp(cosine / 0.07) for cosine in (0.9, 0.88, 0.85))
    assert second + third > first
    assert winners.tolist() == [2]
    assert shares[0] == pytest.approx((second + third) / (first + second + third))


def test_a_near_neighbour_outvotes_two_far_ones():
    assert vote(np.array([[0.9, 0.8, 0.8]]), np.array([[4, 2, 2]]))[0].tolist() == [4]
    assert math.exp(0.1 / 0.07) > 2


def test_of_equal_votes_the_first_name_wins():
    cosines = np.array([[0.5, 0.5, 0.25, 0.25]])
    winners, shares = vote(cosines, np.array([[7, 3, 3, 7]]))
    assert winners.tolist() == [3]
    assert shares[0] == pytest.approx(0.5)


def test_votes_equal_a_slow_count():
    cosines, labels = RNG.uniform(-1, 1, (41, 13)), RNG.integers(0, 5, (41, 13))
    winners, shares = vote(cosines, labels)
    for row in range(41):
        votes = {}
        for cosine, label in zip(cosines[row], labels[row], strict=True):
            votes[label] = votes.get(label, 0) + math.exp(cosine / 0.07)
        assert winners[row] == max(votes, key=votes.get)
        assert shares[row] == pytest.approx(max(votes.values()) / sum(votes.values()))


def test_lent_anchors_go_to_the_first_name():
    anchors = pd.DataFrame(RNG.standard_normal((37, 11)), [f"t{i:02d}" for i in range(37)])
    # Lent by one genus; lengths differ, so that cosines differ in their last bits.
    lent = ["t05", *(f"t{i}" for i in range(17, 30))]
    anchors.loc[lent] = np.outer(np.linspace(0.3, 7.3, len(lent)), anchors.loc["t17"])
    queries = table(RNG.standard_normal((211, 11)) + 2 * anchors.loc["t17"].to_numpy(), "q")
    found = predict_by_anchor(queries, anchors.sample(frac=1, random_state=1))
    assert (found["predicted"] == "t05").sum() > 100
    assert not found["predicted"].isin(lent[1:]).any()


def test_the_score_of_an_anchor_is_its_cosine():
    rows, cosines = nearest_anchor(on_circle(10, 200), on_circle(40, 180))
    assert rows.tolist() == [0, 1]
    assert np.allclose(cosines, np.cos(np.radians([30, 20])))


def test_neighbours_vote_by_name_whatever_the_order_of_the_gallery():
    gallery = table(on_circle(0, 10, 20, 90, 100), "g")
    taxa = pd.Series(["b", "a", "a", "c", "c"], gallery.index)
    queries = table(on_circle(2, 95, 14), "q")
    found = predict_by_neighbours(queries, gallery, taxa, [1, 3])
    assert list(found) == ["knn_1", "knn_3"]
    assert found["knn_1"]["predicted"].to_dict() == {"q00": "b", "q01": "c", "q02": "a"}
    assert found["knn_1"]["score"].tolist() == [1, 1, 1]
    shuffled = predict_by_neighbours(
        queries, gallery.iloc[::-1], taxa.sample(frac=1, random_state=2), [1, 3]
    )
    for evaluator in found:
        pd.testing.assert_frame_equal(shuffled[evaluator], found[evaluator])


def test_a_tie_of_single_neighbours_goes_to_the_first_name():
    gallery = table(np.array([[3.0, 0], [1, 0], [0, 1]]), "g")
    taxa = pd.Series(["b", "a", "c"], gallery.index)
    found = predict_by_neighbours(table(np.array([[2.0, 0]]), "q"), gallery, taxa, [1])
    assert found["knn_1"]["predicted"].tolist() == ["a"]


def test_the_head_predicts_by_softmax():
    logits = pd.DataFrame([[1.0, 3, 2], [0, 0, 0]], ["x", "y"], ["b", "a", "c"])
    found = predict_by_head(logits)
    assert found["predicted"].to_dict() == {"x": "a", "y": "a"}
    expected = math.exp(3) / (math.exp(1) + math.exp(2) + math.exp(3))
    assert np.allclose(found["score"], [expected, 1 / 3])


def test_huge_logits_have_a_probability():
    assert predict_by_head(pd.DataFrame([[1e4, -1e4]], ["x"], ["a", "b"]))["score"].item() == 1


def test_nothing_asked_is_nothing_predicted():
    nothing = pd.DataFrame(np.empty((0, 5)), index=pd.Index([], dtype="str"))
    gallery = table(RNG.standard_normal((7, 5)), "g")
    taxa = pd.Series(list("abcabca"), gallery.index)
    assert len(predict_by_neighbours(nothing, gallery, taxa, [1])["knn_1"]) == 0
    assert len(predict_by_anchor(nothing, gallery)) == 0
    assert len(predict_by_head(nothing)) == 0


def test_predictions_are_stacked_by_name():
    found = {
        "knn_1": pd.DataFrame({"predicted": ["a", "b"], "score": [1.0, 0.5]}, ["y", "x"]),
        "head": pd.DataFrame({"predicted": ["c"], "score": [0.25]}, ["x"]),
    }
    images = pd.DataFrame({"taxon": ["t", "u"], "part": ["val", "test"]}, ["x", "y"])
    stacked = stack_predictions(found, images, 3)
    assert list(stacked.columns) == COLUMNS
    assert stacked.to_numpy().tolist() == [
        [3, "knn_1", "y", "test", "u", "a", 1.0],
        [3, "knn_1", "x", "val", "t", "b", 0.5],
        [3, "head", "x", "val", "t", "c", 0.25],
    ]
