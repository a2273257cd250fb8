import numpy as np
from visgen.classification.classifiers.nearest_neighbours import NearestNeighbours

LINE = np.array([[0], [1], [3], [7], [20]], np.float32)


def shares(x, y, asked, neighbours):
    model = NearestNeighbours(neighbours).fit(x, np.array(y))
    found = model.predict_proba(np.array(asked, np.float32))
    return dict(zip(model.classes_, found[0].tolist(), strict=True))


def test_votes_weigh_the_inverse_of_their_distance():
    found = shares(LINE, ["b", "a", "b", "a", "b"], [[2.5]], 3)
    near = {"a": 1 / 1.5, "b": 1 / 0.5 + 1 / 2.5}
    total = sum(near.values())
    assert np.allclose([found["a"], found["b"]], [near["a"] / total, near["b"] / total])


def test_of_as_many_neighbours_the_nearer_taxon_wins_whatever_its_name():
    for names in (["a", "a", "b", "b", "b"], ["b", "b", "a", "a", "a"]):
        found = shares(LINE, names, [[1.5]], 4)
        assert max(found, key=found.get) == names[0]


def test_a_row_at_no_distance_decides_alone():
    assert shares(LINE, ["a", "b", "b", "b", "b"], [[0]], 5) == {"a": 1, "b": 0}


def test_no_more_neighbours_are_asked_than_there_are():
    found = shares(LINE[:2], ["a", "b"], [[2]], 5)
    assert np.allclose([found["a"], found["b"]], [1 / 3, 2 / 3])


def test_all_distances_in_a_loop_give_the_same():
    rng = np.random.default_rng(1)
    x, asked = (rng.normal(size=(n, 7)).astype(np.float32) for n in (311, 29))
    y = rng.integers(0, 5, 311)
    found = NearestNeighbours(11).fit(x, y).predict_proba(asked)
    for own, row in zip(found, asked, strict=True):
        distance = np.sqrt(((x.astype(np.float64) - row) ** 2).sum(axis=1))
        nearest = np.argsort(distance)[:11]
        votes = np.bincount(y[nearest], 1 / distance[nearest], 5)
        assert np.allclose(own, votes / votes.sum(), atol=1e-5)
