"""What the network sees of numbers that are known, in every form that files give them."""

import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from visgen.specimens.images import RefusedImage, inspect_image, load_image

WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK, LAB = 0, 1, 2, 3, 5, 8
UNSIGNED, SIGNED, FLOATING = 1, 2, 3
LITTLE, BIG = "<", ">"
PLAIN, DEFLATED = 1, 8
CODES = {"H": 3, "I": 4}


def write_tiff(path, numbers, photometric, order=LITTLE, compression=PLAIN, planar=1, **tags):
    """Write a TIFF by hand, for the kinds that Pillow reads but does not write.

    `numbers` is (height, width) or (height, width, bands), of the type in the file; other tags are
    tNUMBER=values, 16 bits each.
    """
    height, width, n_bands = (*numbers.shape, 1)[:3]
    bands = numbers.reshape(height, width, n_bands)
    parts = [bands] if planar == 1 else [bands[..., i] for i in range(n_bands)]
    strips = [part.astype(part.dtype.newbyteorder(order)).tobytes() for part in parts]
    if compression == DEFLATED:
        strips = [zlib.compress(strip) for strip in strips]
    form = {"u": UNSIGNED, "b": UNSIGNED, "i": SIGNED, "f": FLOATING}[numbers.dtype.kind]
    entries = {256: [width], 257: [height], 258: [8 * numbers.dtype.itemsize] * n_bands}
    entries |= {259: [compression], 277: [n_bands], 278: [height], 284: [planar]}
    entries |= {339: [form] * n_bands} | ({} if photometric is None else {262: [photometric]})
    entries |= {int(name[1:]): values for name, values in tags.items()}
    entries = {tag: ("H", values) for tag, values in entries.items()}
    first = 5000  # where the pixels begin
    starts = [first + sum(map(len, strips[:i])) for i in range(len(strips))]
    entries |= {273: ("I", starts), 279: ("I", list(map(len, strips)))}
    directory, beyond, after = b"", b"", 8 + 2 + 12 * len(entries) + 4
    for tag, (code, values) in sorted(entries.items()):
        data = struct.pack(f"{order}{len(values)}{code}", *values)
        if len(data) > 4:
            data, beyond = struct.pack(order + "I", after + len(beyond)), beyond + data
        directory += struct.pack(order + "HHI", tag, CODES[code], len(values)) + data.ljust(
            4, b"\0"
        )
    head = {LITTLE: b"II*\0", BIG: b"MM\0*"}[order] + struct.pack(order + "IH", 8, len(entries))
    path.write_bytes((head + directory + bytes(4) + beyond).ljust(first, b"\0") + b"".join(strips))


def row(*values, kind):
    return np.array([values], dtype=kind)


def shades(path):
    """Return the only row of a picture, with one number for a pixel where its bands are equal."""
    found = np.asarray(load_image(path))[0]
    return found[:, 0].tolist() if (found == found[:, :1]).all() else found.tolist()


layouts = pytest.mark.parametrize(
    ("order", "compression"), [(LITTLE, PLAIN), (BIG, PLAIN), (LITTLE, DEFLATED), (BIG, DEFLATED)]
)


@layouts
@pytest.mark.parametrize(
    ("numbers", "photometric", "tags", "expected"),
    [
        pytest.param(row(0, 10, 255, kind="u1"), GREY, {}, [0, 10, 255], id="8 bits"),
        pytest.param(row(0, 10, 255, kind="u1"), WHITE_IS_ZERO, {}, [255, 245, 0], id="8 inverted"),
        pytest.param(row(0, 10, 255, kind="u1"), None, {}, [0, 10, 255], id="8 of no meaning"),
        pytest.param(row(0, 257, 65535, kind="u2"), GREY, {}, [0, 1, 255], id="16 bits"),
        pytest.param(row(0, 273, 4095, kind="u2"), GREY, {}, [0, 17, 255], id="12 of 16 bits"),
        pytest.param(row(0, 512, 1023, kind="u2"), GREY, {}, [0, 128, 255], id="10 of 16 bits"),
        pytest.param(row(0, 77, 200, kind="u2"), GREY, {}, [0, 77, 200], id="8 of 16 bits"),
        pytest.param(
            row(0, 273, 1000, kind="u2"), GREY, {"t281": [4095]}, [0, 17, 62], id="12 bits told"
        ),
        pytest.param(
            row(0, 257, 4095, kind="u2"), GREY, {"t281": [65535]}, [0, 1, 16], id="16 bits told"
        ),
        pytest.param(row(0, 2, 4, kind="u2"), GREY, {}, [0, 128, 255], id="numbers of classes"),
        pytest.param(row(0, 0, kind="u2"), GREY, {}, [0, 0], id="black"),
        pytest.param(row(0, 129, 32767, kind="i2"), GREY, {}, [0, 1, 255], id="signed 16"),
        pytest.param(row(-100, 0, 155, kind="i2"), GREY, {}, [0, 100, 255], id="below zero"),
        pytest.param(row(-128, 0, 127, kind="i1"), GREY, {}, [0, 128, 255], id="signed 8"),
        pytest.param(row(-2000, 0, 49000, kind="i4"), GREY, {}, [0, 10, 255], id="signed 32"),
        pytest.param(row(0, 0.2, 1, kind="f4"), GREY, {}, [0, 51, 255], id="floating to 1"),
        pytest.param(row(0, 51, 250, kind="f4"), GREY, {}, [0, 51, 250], id="floating to 255"),
        pytest.param(row(0, 257, 6e4, kind="f4"), GREY, {}, [0, 1, 233], id="floating to 65535"),
        pytest.param(row(-0.1, 0, 0.41, kind="f4"), GREY, {}, [0, 50, 255], id="floating below 0"),
        pytest.param(
            row(0, 0.2, 1, kind="f4"), WHITE_IS_ZERO, {}, [255, 204, 0], id="floating inv"
        ),
        pytest.param(
            row([1, 2, 3], [40, 50, 60], kind="u1"), RGB, {}, [[1, 2, 3], [40, 50, 60]], id="RGB"
        ),
        pytest.param(
            row([257, 514, 771], [0, 0, 65535], kind="u2"),
            *(RGB, {}, [[1, 2, 3], [0, 0, 255]]),
            id="RGB of 16 bits",
        ),
        pytest.param(
            row([273, 0, 0], [0, 546, 4095], kind="u2"),
            *(RGB, {}, [[17, 0, 0], [0, 34, 255]]),
            id="RGB of 12 in 16 bits",
        ),
        pytest.param(
            row([257, 514, 771, 65535], [0, 0, 257, 0], kind="u2"),
            *(RGB, {"t338": [2]}, [[1, 2, 3], [255, 255, 255]]),
            id="RGB of 16 bits with alpha",
        ),
        pytest.param(
            row([10, 20, 40, 255], [10, 20, 40, 51], kind="u1"),
            *(RGB, {"t338": [1]}, [[10, 20, 40], [214, 224, 244]]),
            id="alpha that colours are multiplied with",
        ),
        pytest.param(
            row([10, 255], [10, 51], kind="u1"),
            GREY,
            {"t338": [1]},
            [10, 214],
            id="grey with alpha",
        ),
        pytest.param(
            row([10, 20, 40, 99], kind="u1"), RGB, {"t338": [0]}, [[10, 20, 40]], id="a fourth band"
        ),
        pytest.param(
            row([255, 0, 0, 0], [0, 0, 0, 255], kind="u1"),
            *(CMYK, {}, [[0, 255, 255], [0, 0, 0]]),
            id="CMYK",
        ),
        pytest.param(
            row([4095, 0, 0, 0], kind="u2"), CMYK, {}, [[240, 255, 255]], id="little ink of 16 bits"
        ),
        pytest.param(  # nearly white and nearly black: lcms rounds
            row([255, 0, 0], [0, 0, 0], kind="u1"),
            *(LAB, {}, [[254, 255, 254], [1, 0, 1]]),
            id="Lab",
        ),
        pytest.param(
            row(0, 1, 2, kind="u1"),
            *(PALETTE, {"t320": [0, 65535, 0, *[0] * 253, 0, 0, 257, *[0] * 253, *[0] * 256]}),
            [[0, 0, 0], [255, 0, 0], [0, 1, 0]],
            id="palette",
        ),
        pytest.param(
            row(0, 1, 2, kind="u1"),
            *(PALETTE, {"t320": [0, 255, 0, *[0] * 253, 0, 0, 1, *[0] * 253, *[0] * 256]}),
            [[0, 0, 0], [255, 0, 0], [0, 1, 0]],
            id="palette of 8 bits",
        ),
    ],
)
def test_numbers_of_tiffs_become_colours(
    tmp_path, numbers, photometric, tags, expected, order, compression
):
    write_tiff(tmp_path / "a.tif", numbers, photometric, order, compression, **tags)
    assert shades(tmp_path / "a.tif") == expected


@pytest.mark.parametrize("compression", [PLAIN, DEFLATED])
@pytest.mark.parametrize(
    ("packed", "bits", "photometric", "expected"),
    [
        ([0b1010_0000], 1, GREY, [255, 0, 255, 0]),
        ([0b1010_0000], 1, WHITE_IS_ZERO, [0, 255, 0, 255]),
        ([0b1010_0000], 1, None, [255, 0, 255, 0]),
        ([0b11_01_10_00], 2, WHITE_IS_ZERO, [0, 170, 85, 255]),
        ([0x0F, 0x5A], 4, GREY, [0, 255, 85, 170]),
        ([0x0F, 0x5A], 4, PALETTE, [0, 15, 5, 10]),
        ([0x00, 0x01, 0x11, 0x01, 0x22, 0x00], 12, GREY, [0, 17, 1, 32]),
    ],
)
def test_numbers_that_share_bytes(tmp_path, packed, bits, photometric, expected, compression):
    colours = {"t320": [257 * shade for shade in range(2**bits)] * 3} if photometric == 3 else {}
    tags = colours | {"t256": [4], "t258": [bits]}
    numbers = row(*packed, kind="u1")
    write_tiff(tmp_path / "a.tif", numbers, photometric, LITTLE, compression, **tags)
    assert shades(tmp_path / "a.tif") == expected


@layouts
@pytest.mark.parametrize("factor", [1, 257])
def test_planes_are_brought_together(tmp_path, order, compression, factor):
    numbers = row([1, 2, 3], [40, 50, 60], [99, 0, 255], kind="u1" if factor == 1 else "u2")
    write_tiff(tmp_path / "a.tif", numbers * factor, RGB, order, compression, planar=2)
    assert shades(tmp_path / "a.tif") == numbers[0].tolist()


@pytest.mark.parametrize("compression", [PLAIN, DEFLATED])
def test_sixteen_and_thirty_two_bits_without_a_sign(tmp_path, compression):
    write_tiff(
        tmp_path / "a.tif", row(0, 257, 65535, kind="u2"), WHITE_IS_ZERO, LITTLE, compression
    )
    assert shades(tmp_path / "a.tif") == [255, 254, 0]
    write_tiff(tmp_path / "b.tif", row(0, 2**31, 2**32 - 1, kind="u4"), GREY, LITTLE, compression)
    assert shades(tmp_path / "b.tif") == [0, 128, 255]


@pytest.mark.parametrize(
    ("numbers", "photometric", "order", "message"),
    [
        (
            row(0, 9, kind="u2"),
            WHITE_IS_ZERO,
            BIG,
            "1 x 16 bits a pixel, unsigned .* 0: no decoder",
        ),
        (row(0, 0.5, kind="f8"), GREY, LITTLE, "1 x 64 bits a pixel, floating-point .* 1: no dec"),
        (row([0, 0.5, 1], kind="f4"), RGB, LITTLE, "3 x 32 bits a pixel, floating-point .* 2: no"),
        (row([0, 9], kind="u2"), GREY, LITTLE, "2 x 16 bits a pixel, unsigned .* 1: no decoder"),
        (row(0, np.nan, kind="f4"), GREY, LITTLE, "not finite"),
        (row(0, -np.inf, kind="f4"), GREY, BIG, "not finite"),
    ],
)
def test_numbers_that_cannot_be_read_are_refused_in_words(
    tmp_path, numbers, photometric, order, message
):
    write_tiff(tmp_path / "a.tif", numbers, photometric, order)
    with pytest.raises(RefusedImage, match=f"a.tif: unreadable: .*{message}"):
        load_image(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("photometric", "tags", "message"),
    [
        (RGB, {"t254": [1], "t330": [8]}, "camera's raw file, .* preview of 2 x 1 pixels"),
        (RGB, {"t50706": [260]}, "camera's raw file"),
        (6, {"t530": [2, 1], "t256": [3]}, "uncompressed, with colours that several pixels share"),
        (RGB, {"t257": [9]}, "pixels in 1 strips or tiles, expected 9"),
    ],
)
def test_a_tiff_that_would_give_another_picture_is_refused(tmp_path, photometric, tags, message):
    write_tiff(tmp_path / "a.tif", row([1, 2, 3], [4, 5, 6], kind="u1"), photometric, **tags)
    with pytest.raises(RefusedImage, match=f"a.tif: unreadable: .*{message}"):
        load_image(tmp_path / "a.tif")


def test_a_short_strip_is_not_read_into_the_next(tmp_path):
    planes = row([1, 2, 3], [4, 5, 6], kind="u1")
    write_tiff(tmp_path / "a.tif", planes, RGB, planar=2, t256=[3])
    with pytest.raises(RefusedImage, match=r"a.tif: unreadable: .*strips that are empty or short"):
        load_image(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("numbers", "tags", "reading"),
    [
        (row(0, 65535, kind="u2"), {}, None),
        (row(0, 1, kind="f4"), {}, None),
        (row(7, 4095, kind="u2"), {}, "12 bits of the 16 bits are used: the largest value is 4095"),
        (row(7, 90, kind="u2"), {"t281": [900]}, "10 bits .* are used: MaxSampleValue is 900"),
        (
            row(7, 255, kind="f4"),
            {},
            "8 bits of floating-point numbers .*: the largest value is 255",
        ),
        (row(-7, 8, kind="f4"), {}, "values from -7 to 8 are stretched to 0 to 255"),
    ],
)
def test_a_decision_about_numbers_is_told(tmp_path, numbers, tags, reading):
    write_tiff(tmp_path / "a.tif", numbers, GREY, **tags)
    found = inspect_image(tmp_path / "a.tif").reading
    assert found is None if reading is None else re.fullmatch(reading, found)


def test_a_missing_meaning_a_short_palette_and_further_pages_are_told(tmp_path):
    write_tiff(tmp_path / "a.tif", row(0, 9, kind="u1"), None)
    write_tiff(tmp_path / "b.tif", row(0, 1, kind="u1"), PALETTE, t320=[0, 9] * 384)
    pages = [Image.new("L", (3, 2), shade) for shade in (7, 9)]
    pages[0].save(tmp_path / "c.tif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "c.webp", save_all=True, append_images=pages[1:], lossless=True)
    told = {path.name: inspect_image(path).reading for path in tmp_path.iterdir()}
    assert told == {
        "a.tif": "no PhotometricInterpretation: 0 is taken for black",
        "b.tif": "the palette is of 8 bits a colour",
        "c.tif": "the first of several frames",
        "c.webp": "the first of several frames",
    }
