import math

import numpy as np
import pandas as pd
import pytest
from visgen.figures.features.simclr import plot_history


def history(n_epochs):
    epoch = np.arange(1, n_epochs + 1)
    columns = {"loss": 5 / epoch, "chance_loss": math.log(13), "top1": 0.5 - 0.4 / epoch}
    return pd.DataFrame({"epoch": epoch} | columns | {"chance_top1": 1 / 13})


@pytest.mark.parametrize("n_epochs", [1, 17])
def test_loss_and_accuracy_are_drawn_by_epoch_beside_chance(n_epochs):
    given = history(n_epochs)
    figure = plot_history(given)
    for axes, column in zip(figure.axes, ("loss", "top1"), strict=True):
        course, chance = axes.get_lines()
        assert np.array_equal(course.get_xdata(), given["epoch"])
        assert np.array_equal(course.get_ydata(), given[column])
        assert set(chance.get_ydata()) == {given[f"chance_{column}"].iloc[0]}
        assert [text.get_text() for text in axes.texts] == ["chance"]
