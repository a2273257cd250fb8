"""Pictures of the page that answer to the mouse, as JSON."""

import base64
import json
from gzip import decompress

import numpy as np
import pandas as pd
import pytest
from bokeh.plotting import figure
from figure_checks import assert_nothing_is_cut, png
from matplotlib.text import Text
from visgen.distances.matrices import tidy
from visgen.figures.features.map import plot_map
from visgen.figures.features.map_styles import styles_by_rank
from visgen.figures.interactive.distance_pair import MAX_TAXA, pair_picture, percentiles
from visgen.figures.interactive.documents import bokeh_script
from visgen.figures.interactive.image_map import MARKS, map_picture
from visgen.report.photographs import script_json
from visgen.scikit_bio import DistanceMatrix

RANKS = ["order", "genus"]
HOSTILE = "</script><img src=x onerror=alert(1)> $$x$$"


def study(n_images=41, n_orders=3, n_genera=7, name=""):
    """Return places and labels of images; names begin with ``name``."""
    rng = np.random.default_rng(1)
    numbers = np.arange(n_images) % n_genera
    images = [f"{name}image {i}" for i in range(n_images)]
    labels = pd.DataFrame({
        "order": [f"{name}O{n % n_orders:02}" for n in numbers],
        "genus": [f"{name}G{n % n_orders:02}_{n:03}" for n in numbers],
        "specimen": [f"{name}s{i // 2}" for i in range(n_images)],
    }, index=images)  # fmt: skip
    places = pd.DataFrame({"image": images, "specimen": labels["specimen"].to_list()})
    for column in ("pca_1", "pca_2", "tsne_1", "tsne_2"):
        places[column] = rng.normal(scale=30, size=n_images).round(3)
    return places, labels


def picture(**kwargs):
    places, labels = study(**kwargs)
    return map_picture(places, labels, RANKS, "order", [0.4, 0.2], {"genus": "A number."})


def distances(n_taxa, seed=1, name=""):
    square = tidy(np.random.default_rng(seed).random((n_taxa, n_taxa)).astype(np.float32))
    return DistanceMatrix(square, [f"{name}taxon {i:03}" for i in range(n_taxa)])


def pair(n_taxa=11, name=""):
    genetic, visual = (distances(n_taxa, seed, name) for seed in (1, 2))
    groups = pd.Series([f"{name}{i % 5}" for i in range(n_taxa)], genetic.ids, name="genus")
    return pair_picture(genetic, visual, groups)


def texts_of(content):
    """Return every text of a JSON object, keys among them."""
    match content:
        case dict():
            return [*content, *(text for value in content.values() for text in texts_of(value))]
        case list():
            return [text for value in content for text in texts_of(value)]
        case str():
            return [content]
    return []


def test_every_image_has_its_taxa_groups_and_places():
    places, labels = study()
    data = picture()["data"]
    assert data["images"] == places["image"].tolist()
    assert data["planes"]["tsne"]["y"] == places["tsne_2"].tolist()
    assert data["planes"]["pca"]["axes"][1] == "axis 2 (20 % of the variance)"
    assert [rank["name"] for rank in data["ranks"]] == RANKS and data["rank"] == 0
    for rank in data["ranks"]:
        names = labels[rank["name"]].tolist()
        assert [rank["taxa"][code] for code in rank["codes"]] == names
        shown = [rank["groups"][number]["label"] for number in rank["group_of_each"]]
        assert all(label.startswith(name) for label, name in zip(shown, names, strict=True))
        assert rank["taxa"] == sorted(set(names))  # that of the taxonomy, by these names
    assert [rank["sentence"] for rank in data["ranks"]] == ["", "A number."]


def test_a_gap_has_no_taxon_and_is_pale():
    places, labels = study()
    labels.loc["image 4", "genus"] = None
    genus = map_picture(places, labels, RANKS, "order", [0.4, 0.2], {})["data"]["ranks"][1]
    assert genus["codes"][4] == -1
    assert genus["groups"][genus["group_of_each"][4]]["label"] == "no group (1)"


def test_more_taxa_than_colours_are_coloured_by_the_rank_above():
    order, genus = picture(n_images=60, n_genera=30)["data"]["ranks"]
    assert (order["coloured_by"], genus["coloured_by"]) == ("order", "order")
    assert len(genus["taxa"]) == 30 and genus["groups"] == order["groups"]
    alone = styles_by_rank(study(60, 30, 30)[1], RANKS, "order")  # there is no rank above
    assert alone.rank == "order" and len(set(alone.styles.values())) == 20


def test_every_mark_of_groups_has_one_on_the_page():
    _, labels = study(60, 20, 20)
    styles = styles_by_rank(labels, RANKS, "order").styles.values()
    assert len({(style.colour, style.marker) for style in styles}) == 20
    assert {style.marker for style in styles} <= MARKS.keys()


@pytest.mark.parametrize("make", [picture, pair])
def test_a_picture_has_the_same_bytes_whatever_was_drawn_before(make):
    first = script_json(make())
    figure().line([1], [2])  # takes numbers
    assert script_json(make()) == first


@pytest.mark.parametrize("make", [picture, pair])
def test_names_are_no_part_of_what_bokeh_reads_and_end_no_script(make):
    made = make(name=HOSTILE)
    assert not any(HOSTILE in text for text in texts_of(made["document"]))
    assert any(HOSTILE in text for text in texts_of(made["data"]))
    text = script_json(made)
    assert "<" not in text and json.loads(text) == made
    ids = {text for text in texts_of(made["document"]) if text.startswith("p1")}
    assert not ids, "ids that Bokeh counts"


def test_pictures_of_few_images_or_taxa_are_none():
    places, labels = study(4)
    places[["tsne_1", "tsne_2"]] = np.nan
    assert map_picture(places, labels, RANKS, "order", [0.4, 0.2], {}) is None
    assert pair(2) is None


def test_cells_and_ranks_are_those_of_the_pair_of_taxa():
    made = pair()
    order = made["data"]["taxa"]
    assert sorted(order) == list(distances(11).ids)
    squares = [distances(11, seed).filter(order).data for seed in (1, 2)]
    ranks = np.frombuffer(base64.b64decode(made["data"]["ranks"]), np.uint8).reshape(11, 11)
    above, below = np.triu_indices(11, 1), np.tril_indices(11, -1)
    assert (ranks[above] == percentiles(squares[0])[above]).all()
    assert (ranks[below] == percentiles(squares[1])[below]).all()
    images = [part for part in arrays_of(made["document"]) if part["shape"] == [11, 11]]
    for image, square in zip(images, squares, strict=True):
        cells = np.frombuffer(decompress(base64.b64decode(image["array"]["data"])), "<f4")
        assert np.allclose(np.flipud(cells.reshape(11, 11)), square)


def arrays_of(content):
    match content:
        case {"type": "ndarray"}:
            return [content]
        case dict():
            return [found for value in content.values() for found in arrays_of(value)]
        case list():
            return [found for value in content for found in arrays_of(value)]
    return []


def test_ranks_of_pairs_go_from_near_to_far():
    square = np.array([[0, 1, 5, 5], [1, 0, 2, 3], [5, 2, 0, 4], [5, 3, 4, 0]], float)
    found = percentiles(square)
    assert found[0].tolist() == [0, 17, 92, 92] and (found == found.T).all()


def test_taxa_without_vectors_are_not_in_the_matrices_and_too_many_are_no_picture():
    genetic, visual = distances(11), distances(7)
    groups = pd.Series("g", genetic.ids)
    assert pair_picture(genetic, visual, groups)["data"]["taxa"] != []
    assert len(pair_picture(genetic, visual, groups)["data"]["taxa"]) == 7
    many = distances(MAX_TAXA + 1)
    assert pair_picture(many, many, pd.Series("g", many.ids)) is None


def test_a_large_study_stays_small_on_the_page():
    n_taxa = 334
    matrices = script_json(pair(n_taxa))
    images = script_json(picture(n_images=3000, n_orders=20, n_genera=n_taxa))
    assert len(matrices) < 2_000_000
    assert len(matrices) + len(images) < 3_000_000


def test_the_script_can_stand_in_a_page_with_its_licence():
    script = bokeh_script()
    assert "</script" not in script.lower() and "Redistribution and use" in script
    assert len(script) < 1_500_000


def drawn(n_images=41, **kwargs):
    places, labels = study(n_images, **kwargs)
    return plot_map(places, [0.4, 0.2], styles_by_rank(labels, RANKS, "genus"), n_images + 2)


def test_the_still_map_names_every_group_and_tells_how_many_of_how_many():
    texts = {text.get_text() for text in drawn().findobj(Text)}
    assert "41 of 43 images, chosen evenly over taxa" in texts
    assert "axis 1 (40 % of the variance)" in texts
    assert {f"G{n % 3:02}_{n:03} ({6 if n < 6 else 5})" for n in range(7)} <= texts
    assert png(drawn()) == png(drawn())


@pytest.mark.parametrize("name", ["", 40 * "x", HOSTILE])
def test_no_name_of_the_still_map_is_cut(name):
    assert_nothing_is_cut(png(drawn(60, n_orders=20, n_genera=20, name=name)))


def test_too_few_images_are_a_notice():
    texts = [text.get_text() for text in drawn(4).findobj(Text)]
    assert "4 images: too few for a map" in texts
