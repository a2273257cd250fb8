from functools import cache

import numpy as np
import pandas as pd
import pytest
from visgen.figures.embedding.guidance import plot_guidance


def history(n_epochs, kept, *, watched=True):
    epoch = np.arange(n_epochs + 1)
    return pd.DataFrame({
        "epoch": epoch,
        "loss": 1 / (1 + epoch),
        "watched_loss": 1.3 / (1 + epoch) if watched else np.nan,
        "kept": epoch == kept,
    })  # fmt: skip


def fit(zero=0.9, constant=0.6, n_watched=5):
    named = {"n_known": 23, "n_watched": n_watched}
    return named | {"loss_of_zero": zero, "loss_of_constant": constant}


def lines(axes):
    return {line.get_color(): line for line in axes.get_lines() if len(line.get_xdata()) > 2}


def test_losses_the_kept_epoch_and_the_constants_are_drawn():
    given = history(17, kept=11)
    (axes,) = plot_guidance({"guided": given}, {"guided": fit()}).axes
    fitted, watched = lines(axes).values()
    assert np.array_equal(fitted.get_ydata(), given["loss"])
    assert np.array_equal(watched.get_ydata(), given["watched_loss"])
    rest = [line for line in axes.get_lines() if line not in lines(axes).values()]
    marks = [line.get_xydata()[0].tolist() for line in rest if len(line.get_xdata()) == 1]
    assert marks == [[11, given["loss"][11]], [11, given["watched_loss"][11]]]
    level = {
        line.get_ydata()[0]: line.get_linestyle()
        for line in rest
        if list(line.get_xdata()) == [0, 1]
    }
    assert level == {0.9: ":", 0.6: "--"}
    assert "1 → 0.08333 at epoch 11\n23 taxa, 5 of them watched" in axes.get_title(loc="left")


def dashes(figure):
    (legend,) = figure.legends
    constants = [line for line in legend.get_lines() if line.get_color() == "0.45"]
    names = {line.get_label() for line in constants}
    return names, [
        {line.get_linestyle() for line in axes.get_lines() if line.get_color() == "0.45"}
        for axes in figure.axes
    ]


@cache
def equal_constants():
    return plot_guidance({"stress": history(7, kept=3)}, {"stress": fit(zero=0.7, constant=0.7)})


def test_constants_that_lose_the_same_are_one_line():
    alike, apart = fit(zero=0.7, constant=0.7), fit()
    given = {"stress": history(7, kept=3), "mse": history(7, kept=3)}
    names, drawn = dashes(plot_guidance(given, {"stress": alike, "mse": apart}))
    both = "a similarity of 0, the best constant"
    assert names == {both, "a similarity of 0 for all pairs", "the best constant"}
    assert drawn == [{"-."}, {":", "--"}]
    assert dashes(equal_constants()) == ({both}, [{"-."}])


def test_without_watched_taxa_there_is_one_course():
    given = history(7, kept=7, watched=False)
    (axes,) = plot_guidance({"roy": given}, {"roy": fit(n_watched=0)}).axes
    assert len(lines(axes)) == 1
    assert axes.get_title(loc="left").endswith("23 taxa, none of them watched")


def test_a_fit_that_stopped_at_once_is_drawn():
    (axes,) = plot_guidance({"still": history(0, kept=0)}, {"still": fit()}).axes
    assert "at epoch 0" in axes.get_title(loc="left")


def test_a_watched_loss_that_runs_away_does_not_flatten_the_rest():
    given = history(7, kept=2)
    given.loc[7, "watched_loss"] = 1234.5
    (axes,) = plot_guidance({"guided": given}, {"guided": fit()}).axes
    assert axes.get_ylim()[1] < 3
    assert [text.get_text() for text in axes.texts] == ["watched: up to 1.23e+03"]


@pytest.mark.parametrize("n_variants", [1, 2, 5, 13])
def test_each_variant_has_a_panel(n_variants):
    names = [f"guided {i}" for i in range(n_variants)]
    histories = {name: history(3, kept=3) for name in names}
    assert len(plot_guidance(histories, dict.fromkeys(names, fit())).axes) == n_variants


def test_a_ridge_which_has_no_losses_is_not_drawn_and_alone_makes_a_notice():
    fits = {"guided": fit(), "ridge": {"power": 4}}
    figure = plot_guidance({"guided": history(5, kept=3)}, fits)
    assert len(figure.axes) == 1
    alone = plot_guidance({"guided": history(5, kept=3)}, {"ridge": {"power": 4}})
    assert alone.texts[0].get_text() == "too few taxa to be guided by"
