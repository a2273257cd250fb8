"""A sheet of small pictures with a label under each."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

_GAP = 6
_PAPER, _INK = "white", "black"


def contact_sheet(
    images: Sequence[Image.Image], labels: Sequence[str], columns: int, cell: int, font_size: int
) -> Image.Image:
    """Lay out pictures in rows.

    Parameters
    ----------
    images : sequence of PIL.Image.Image
        The pictures, in reading order; each is fitted into its cell.
    labels : sequence of str
        One a picture, may hold line breaks; a line wider than the cell is cut off.
    columns : int
        Pictures in a row.
    cell : int
        Width and height of a cell in pixels.
    font_size : int
        Height of the letters in pixels.

    Returns
    -------
    PIL.Image.Image
        The sheet, RGB.

    Raises
    ------
    ValueError
        If there is no picture, or not one label for each.
    """
    if not images or len(images) != len(labels):
        raise ValueError(f"{len(images)} images and {len(labels)} labels; one label each is needed")
    font = ImageFont.load_default(font_size)
    lines = max(label.count("\n") + 1 for label in labels)
    caption = round(1.35 * font_size * lines)
    rows = -(-len(images) // columns)
    width, height = cell + _GAP, cell + caption + _GAP
    sheet = Image.new("RGB", (columns * width + _GAP, rows * height + _GAP), _PAPER)
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        row, column = divmod(i, columns)
        left, top = _GAP + column * width, _GAP + row * height
        small = image.convert("RGB")
        small.thumbnail((cell, cell))
        sheet.paste(small, (left + (cell - small.width) // 2, top + (cell - small.height) // 2))
        strip = Image.new("RGB", (cell, caption), _PAPER)
        ImageDraw.Draw(strip).multiline_text((0, 0), label, fill=_INK, font=font, spacing=2)
        sheet.paste(strip, (left, top + cell + 2))
    return sheet
