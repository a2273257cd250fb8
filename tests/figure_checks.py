"""What tests of figures look at: bytes, edges and boxes of texts."""

import io

from matplotlib.image import imread


def png(figure, dpi=60):
    content = io.BytesIO()
    figure.savefig(content, dpi=dpi, metadata={"Software": None})
    return content.getvalue()


def assert_nothing_is_cut(content):
    """Check that a picture (PNG) has a white edge all around."""
    pixels = imread(io.BytesIO(content))[..., :3]
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 1).all()


def boxes_of(figure, texts):
    """Return where texts stand once the figure is laid out."""
    figure.draw_without_rendering()
    return [text.get_window_extent() for text in texts]


def assert_apart(boxes):
    assert not any(box.count_overlaps(boxes[:i]) for i, box in enumerate(boxes))
