from functools import cache

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_apart, boxes_of
from matplotlib.patches import FancyArrowPatch
from visgen.figures.genetics.sgt_graph import (
    MAX_SYMBOLS,
    STEPS_A_SYMBOL,
    example_sequence,
    most_connected,
    plot_sgt_graph,
    step_values,
    strongest_steps,
)
from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.vectors.encodings import embed_sgt
from visgen.genetics.vectors.files import SequenceVectors

SQUARE = pd.DataFrame([[0.5, 0.1, 0.0], [0.7, 0.0, 0.2], [0.0, 0.3, 0.6]], list("xyz"), list("xyz"))


def vectors(letters, n_bases=211, names=("s1", "s2", "s3")):
    rng = np.random.default_rng(letters)
    taxa = ["Ostrea edulis", "Arca noae", "Arca noae"]
    sequences = [
        Sequence(name, taxon, "".join(rng.choice(list("ACGT"), n_bases)))
        for name, taxon in zip(names, taxa, strict=True)
    ]
    return embed_sgt(
        sequences, engine="fast", letters=letters, symbols="overlapping", kappa=1.0,
        length_sensitive=False, scaling="none",
    )  # fmt: skip


@cache
def graph(letters):
    return plot_sgt_graph(vectors(letters))


def arrows(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]


def test_example_is_the_first_sequence_of_the_taxon_with_most():
    taxa = np.array(["Ca", "Ba", "Aa", "Ba", "Aa"])  # of equals the first by name
    names = np.array([f"s{i}" for i in range(5)])
    given = SequenceVectors(names, taxa, np.array(["A>A"]), np.ones((5, 1)))
    assert example_sequence(given) == 2


def test_values_stand_by_the_earlier_and_the_later_symbol():
    square = step_values(np.array(["y>x", "x>x", "x>y", "y>y"]), np.array([0.7, 0.5, 0.1, 0.0]))
    assert square.loc["y", "x"] == 0.7 and square.loc["x", "y"] == 0.1
    assert square.index.tolist() == square.columns.tolist() == ["x", "y"]


def test_symbols_with_the_largest_sums_from_and_to_them_are_kept():
    # x 0.6 + 1.2, y 0.9 + 0.4, z 0.9 + 0.8
    assert most_connected(SQUARE, 2).index.tolist() == ["x", "z"]
    assert most_connected(SQUARE, 2).columns.tolist() == ["x", "z"]
    assert most_connected(SQUARE, 5).equals(SQUARE)


def test_strongest_steps_come_first_and_those_of_zero_never():
    found = strongest_steps(SQUARE, 3)
    assert found.to_numpy().tolist() == [["y", "x", 0.7], ["z", "z", 0.6], ["x", "x", 0.5]]
    assert len(strongest_steps(SQUARE, 9)) == 6


@pytest.mark.parametrize(("letters", "n_symbols"), [(1, 4), (2, 16), (3, 16)])
def test_symbols_and_the_strongest_steps_are_drawn(letters, n_symbols):
    figure = graph(letters)
    written = [text.get_text() for text in figure.axes[0].texts]
    assert len(set(written)) == len(written) == n_symbols
    assert {len(symbol) for symbol in written} == {letters}
    assert len(arrows(figure)) == STEPS_A_SYMBOL * n_symbols
    assert_apart(boxes_of(figure, figure.axes[0].texts))


def test_the_widest_arrow_is_the_strongest_step():
    figure = graph(1)
    given = vectors(1)
    square = step_values(given.features, given.values[1])
    strongest = strongest_steps(square, 1).iloc[0]
    earlier, later = strongest["earlier"], strongest["later"]
    widest = max(arrows(figure), key=lambda arrow: arrow.get_linewidth())
    places = {text.get_text(): text.xy for text in figure.axes[0].texts}
    start, end = ends_of(widest)
    if earlier != later:
        assert start == pytest.approx(places[earlier]) and end == pytest.approx(places[later])
    else:
        assert np.linalg.norm(np.subtract(start, places[earlier])) < 0.2


def ends_of(arrow):
    return arrow._posA_posB


@pytest.mark.parametrize("letters", [1, 2, 3])
def test_loops_begin_and_end_beside_their_symbol_outside_the_circle(letters):
    figure = graph(letters)
    places = np.array([text.xy for text in figure.axes[0].texts])
    loops = 0
    for arrow in arrows(figure):
        start, end = (np.array(place) for place in ends_of(arrow))
        if np.linalg.norm(start) > 1.01:
            loops += 1
            assert np.linalg.norm(start) == pytest.approx(np.linalg.norm(end))
            near = np.linalg.norm(places - (start + end) / 2, axis=1)
            assert near.min() < 0.1
    given = vectors(letters)
    drawn = most_connected(step_values(given.features, given.values[1]), MAX_SYMBOLS)
    strongest = strongest_steps(drawn, STEPS_A_SYMBOL * len(drawn))
    assert loops == (strongest["earlier"] == strongest["later"]).sum()


def test_title_says_which_sequence_and_how_much_is_drawn():
    title = graph(2).axes[0].get_title(loc="left")
    assert title == "s2, Arca noae\nthe 48 strongest of 256 steps between symbols"
    title = graph(3).axes[0].get_title(loc="left").replace("\n", " ")
    assert "16 of 64 symbols, those connected most" in title


def test_sequence_without_a_pair_gets_a_notice():
    (text,) = plot_sgt_graph(vectors(2, n_bases=2)).texts  # one symbol, which follows nothing
    assert text.get_text() == "s2: no pair of symbols occurs in it"
