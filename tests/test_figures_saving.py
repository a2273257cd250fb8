import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image
from visgen.figures.saving import save_figure


class Shaken(ConstrainedLayoutEngine):
    """A layout whose last bits are others, as those of another process may be."""

    def execute(self, figure):
        super().execute(figure)
        for axes in figure.axes:
            axes.set_position(axes.get_position(original=True).translated(1e-13, -1e-13))


def drawn(layout="constrained"):
    figure = Figure(figsize=(4, 3), layout=layout)
    for axes in figure.subplots(1, 3):
        axes.plot([1, 2, 3])
        axes.imshow([[0, 1], [1, 0]])
        axes.set(xlabel="what is drawn here", ylabel="counts")
    return figure


@pytest.mark.parametrize("dots_per_inch", [60, 300])
def test_a_figure_has_the_dots_that_are_asked_for_and_lines_beside(tmp_path, dots_per_inch):
    save_figure(drawn(), tmp_path / "a.png", dots_per_inch)
    with Image.open(tmp_path / "a.png") as picture:
        assert round(picture.info["dpi"][0]) == dots_per_inch
        assert picture.size == (4 * dots_per_inch, 3 * dots_per_inch)
    assert "<path" in (tmp_path / "a.svg").read_text()


def test_a_side_of_too_many_dots_gets_fewer(tmp_path):
    save_figure(Figure(figsize=(1, 400)), tmp_path / "a.png", 300)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (75, 30_000)


def test_the_last_bits_of_a_layout_change_no_byte(tmp_path):
    save_figure(drawn(), tmp_path / "a.png", 60)
    save_figure(drawn(Shaken()), tmp_path / "b.png", 60)
    for ending in ("png", "svg"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
