"""Figures of relatives and rare taxa."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_nothing_is_cut, png
from PIL import Image
from visgen.figures.prior.curve import plot_curve
from visgen.figures.prior.examples import choose_examples, plot_examples
from visgen.figures.prior.gain import gains_of_taxa, plot_gain
from visgen.metrics import metrics_table
from visgen.prior.scoring import NOTHING, TAXA_COLUMNS

TAXA = [f"Arca with a long name {i}" for i in range(12)]
SOURCES = [NOTHING, "taxonomy", "tree"]


def curve(numbers=(0, 1, 2)):
    rows = [
        {"experiment": "prior", "evaluator": "balanced", "metric": "right", "n": 12}
        | {"variant": source, "part": f"curve_{n}", "value": 0.2 * n + 0.1 * place}
        | {"ci_low": 0.2 * n, "ci_high": 0.2 * n + 0.2}
        for place, source in enumerate(SOURCES)
        for n in numbers
    ]
    return metrics_table([*rows, rows[0] | {"variant": "tree_beyond_taxonomy", "value": 0.9}])


def taxa():
    rng = np.random.default_rng(1)
    rows = [
        (seed, "test", 1 + i % 3, taxon, source, "balanced", "right", 4, rng.random())
        for seed in (1, 2)
        for source in SOURCES
        for i, taxon in enumerate(TAXA)
    ]
    return pd.DataFrame(rows, columns=TAXA_COLUMNS)


def nearest():
    rows = [
        (seed, source, taxon, float(i))
        for seed in (1, 2)
        for source in SOURCES[1:]
        for i, taxon in enumerate(TAXA)
    ]
    return pd.DataFrame(rows, columns=["seed", "relatives", "taxon", "nearest"])


def predictions():
    """The first three taxa are right with relatives only, the last without them only."""
    rows = []
    for i, taxon in enumerate(TAXA[:4]):
        other = TAXA[-1]
        names = {NOTHING: other, "tree": taxon} if i < 3 else {NOTHING: taxon, "tree": other}
        rows += [(f"s{i}", taxon, 1 + i, source, name) for source, name in names.items()]
    return pd.DataFrame(rows, columns=["specimen", "taxon", "n_train", "relatives", "predicted"])


def test_every_source_alone_is_a_line_of_the_curve():
    figure = plot_curve(curve())
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == ["no relatives", "taxonomy", "tree"]
    assert axes.lines[2].get_ydata().tolist() == pytest.approx([0.2, 0.4, 0.6])
    assert_nothing_is_cut(png(figure))


def test_gains_are_paired_by_taxon_and_seed():
    table = taxa()
    found = gains_of_taxa(table, nearest()).set_index(["seed", "relatives", "taxon"])
    values = table.set_index(["seed", "relatives", "taxon"])["value"]
    for seed, source, taxon in found.index:
        gain = values[seed, source, taxon] - values[seed, NOTHING, taxon]
        assert found.loc[(seed, source, taxon), "gain"] == pytest.approx(gain)
    assert len(found) == 2 * 2 * 12 and (found["nearest"] == np.tile(np.arange(12.0), 4)).all()


def test_gains_have_a_row_a_source_within_the_edges():
    figure = plot_gain(gains_of_taxa(taxa(), nearest().assign(nearest=np.nan)), 2)
    assert len(figure.axes) == 4
    assert_nothing_is_cut(png(plot_gain(gains_of_taxa(taxa(), nearest()), 2)))


def test_examples_are_those_whose_name_changes_rarest_taxa_first():
    found = choose_examples(predictions(), "tree")
    assert found["kind"].tolist() == ["helped"] * 3 + ["harmed"]
    assert found["specimen"].tolist() == ["s0", "s1", "s2", "s3"]
    assert choose_examples(predictions(), "taxonomy").empty


def test_examples_show_photographs_with_all_names(tmp_path):
    paths = {}
    for i in range(4):
        paths[f"s{i}"] = str(tmp_path / f"{i}.png")
        Image.new("RGB", (90, 60), (60 * i, 90, 90)).save(paths[f"s{i}"])
    figure = plot_examples(
        choose_examples(predictions(), "tree"), pd.Series(paths), "tree", (255, 255, 255), 10**6
    )
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 4 and all("right" in title for title in titles)
    assert_nothing_is_cut(png(figure))


@pytest.mark.parametrize(
    "figure",
    [
        lambda: plot_curve(curve()[:0]),
        lambda: plot_gain(gains_of_taxa(taxa()[:0], nearest()), 2),
        lambda: plot_examples(choose_examples(predictions()[:0], "tree"), None, "tree", None, 1),
    ],
)
def test_without_anything_to_draw_a_notice_is_drawn(figure):
    assert_nothing_is_cut(png(figure()))
