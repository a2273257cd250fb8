import hashlib
import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin
from visgen.specimens.images import ImageFacts, RefusedImage, inspect_image, load_image, naming

ROSE = (201, 103, 53)


def noise(height, width, *bands, seed=7):
    return np.random.default_rng(seed).integers(0, 256, (height, width, *bands), dtype=np.uint8)


def pixels(path, **options):
    image = load_image(path, **options)
    assert image.mode == "RGB"
    return np.asarray(image)


def png(width, height, depth, colour_type, scan_lines, transparent=b""):
    """Write a PNG by hand, for the kinds that Pillow reads but does not write."""

    def chunk(name, data):
        checked = name + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(scan_lines))]
    if transparent:
        parts.insert(1, chunk(b"tRNS", transparent))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def text_of(name, data):
    """Return what Pillow puts a chunk into a PNG by."""
    info = PngImagePlugin.PngInfo()
    info.add(name, data)
    return info


def test_colour_is_kept(tmp_path):
    colours = noise(13, 17, 3)
    for name in ("a.png", "a.tif"):
        Image.fromarray(colours).save(tmp_path / name)
        assert (pixels(tmp_path / name) == colours).all()
    Image.fromarray(colours).save(tmp_path / "a.webp", lossless=True)
    assert (pixels(tmp_path / "a.webp") == colours).all()


def test_grey_becomes_three_equal_bands(tmp_path):
    grey = noise(13, 17)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert (pixels(tmp_path / "a.png") == grey[..., None]).all()


def test_one_bit_becomes_black_and_white(tmp_path):
    bits = noise(13, 17) > 127
    Image.fromarray(bits).save(tmp_path / "a.tif")
    assert (pixels(tmp_path / "a.tif") == 255 * bits[..., None]).all()


def test_palette_is_resolved(tmp_path):
    image = Image.new("P", (5, 3), 1)
    image.putpalette([0, 0, 0, *ROSE])
    image.save(tmp_path / "a.png")
    assert (pixels(tmp_path / "a.png") == ROSE).all()


def test_cmyk_becomes_rgb(tmp_path):
    Image.new("CMYK", (5, 3), (255, 0, 0, 0)).save(tmp_path / "a.tif")
    assert (pixels(tmp_path / "a.tif") == (0, 255, 255)).all()


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.tif", "RGBA"),
        ("a.png", "RGBA"),
        ("a.webp", "RGBA"),
        ("a.tif", "LA"),
        ("a.png", "LA"),
        ("a.png", "P"),  # a palette with one transparent colour
    ],
)
def test_background_shows_through_transparent_pixels(tmp_path, name, mode):
    image = Image.new("RGBA", (2, 1), (90, 90, 90, 255))
    image.putpixel((1, 0), (10, 10, 10, 0))
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    image.save(tmp_path / name, **({"lossless": True} if name == "a.webp" else {}))
    assert pixels(tmp_path / name, background=ROSE).tolist() == [[[90, 90, 90], list(ROSE)]]


def test_half_transparent_is_mixed_with_the_background(tmp_path):
    Image.new("RGBA", (2, 3), (0, 100, 200, 51)).save(tmp_path / "a.png")  # alpha 51/255 = 0.2
    assert pixels(tmp_path / "a.png")[0, 0].tolist() == [204, 224, 244]


@pytest.mark.parametrize(
    ("depth", "colour_type", "scan_line", "transparent", "opaque"),
    [
        (8, 2, bytes([9, 8, 7, 6, 5, 4]), struct.pack(">3H", 9, 8, 7), [6, 5, 4]),
        (8, 0, bytes([9, 6]), struct.pack(">H", 9), [6, 6, 6]),
        (16, 0, struct.pack(">2H", 999, 90 * 257), struct.pack(">H", 999), [90, 90, 90]),
        (16, 2, struct.pack(">6H", *[999] * 3, 9 << 8, 8 << 8, 255 << 8),
         struct.pack(">3H", 999, 999, 999), [9, 8, 255]),
        (4, 0, bytes([0x59]), struct.pack(">H", 5), [153, 153, 153]),
        (2, 0, bytes([0b10_01_0000]), struct.pack(">H", 2), [85, 85, 85]),
    ],
)  # fmt: skip
def test_a_transparent_colour_shows_the_background(
    tmp_path, depth, colour_type, scan_line, transparent, opaque
):
    (tmp_path / "a.png").write_bytes(png(2, 1, depth, colour_type, b"\0" + scan_line, transparent))
    found = pixels(tmp_path / "a.png", background=ROSE)
    assert found.tolist() == [[list(ROSE), opaque]]


@pytest.mark.parametrize(("name", "kind"), [("a.png", "u2"), ("a.tif", "<u2"), ("a.tif", ">u2")])
def test_sixteen_bit_grey_is_scaled_from_the_full_range(tmp_path, name, kind):
    grey = noise(13, 17)
    Image.fromarray((grey.astype(int) * 257).astype(kind)).save(tmp_path / name)
    assert (pixels(tmp_path / name) == grey[..., None]).all()


@pytest.mark.parametrize(("brightest", "white"), [(4095, 4095), (3000, 4095), (16384, 65535)])
def test_sixteen_bit_grey_is_as_deep_as_its_largest_value_needs(tmp_path, brightest, white):
    Image.fromarray(np.array([[0, 129, brightest]], dtype="u2")).save(tmp_path / "a.png")
    expected = [0, round(129 * 255 / white), round(brightest * 255 / white)]
    assert pixels(tmp_path / "a.png")[0, :, 0].tolist() == expected


@pytest.mark.parametrize(("depth", "kind", "n_bands"), [(16, 2, 3), (16, 6, 4)])
def test_sixteen_bit_colour_is_as_deep_as_its_largest_value_needs(tmp_path, depth, kind, n_bands):
    scan_line = struct.pack(f">{n_bands}H", 4095, 273, 546, *[4095] * (n_bands - 3))
    (tmp_path / "a.png").write_bytes(png(1, 1, depth, kind, b"\0" + scan_line))
    assert pixels(tmp_path / "a.png").tolist() == [[[255, 17, 34]]]
    assert "12 bits" in inspect_image(tmp_path / "a.png").reading


def test_dark_grey_beside_full_alpha_stays_dark(tmp_path):
    (tmp_path / "a.png").write_bytes(png(1, 1, 16, 4, b"\0" + struct.pack(">2H", 4095, 65535)))
    assert pixels(tmp_path / "a.png").tolist() == [[[15, 15, 15]]]


def test_long_grey_is_scaled_like_sixteen_bits_where_it_fits_and_stretched_elsewhere(tmp_path):
    Image.fromarray(np.array([[0, 257, 65535]], dtype="i4")).save(tmp_path / "a.tif")
    assert pixels(tmp_path / "a.tif")[0, :, 0].tolist() == [0, 1, 255]
    Image.fromarray(np.array([[-1000, 0, 99000]], dtype="i4")).save(tmp_path / "b.tif")
    assert pixels(tmp_path / "b.tif")[0, :, 0].tolist() == [0, 3, 255]  # 255/100 = 2.55


def test_floating_grey_runs_from_zero_to_one_or_to_a_depth_or_is_stretched(tmp_path):
    Image.fromarray(np.array([[0.2, 0.4, 0.6]], dtype="f4")).save(tmp_path / "a.tif")
    assert pixels(tmp_path / "a.tif")[0, :, 0].tolist() == [51, 102, 153]
    Image.fromarray(np.array([[100.0, 140.0, 200.0]], dtype="f4")).save(tmp_path / "b.tif")
    assert pixels(tmp_path / "b.tif")[0, :, 0].tolist() == [100, 140, 200]
    Image.fromarray(np.array([[-1.0, 0.0, 1.55]], dtype="f4")).save(tmp_path / "c.tif")
    assert pixels(tmp_path / "c.tif")[0, :, 0].tolist() == [0, 100, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(tmp_path, value):
    Image.fromarray(np.array([[0.2, value]], dtype="f4")).save(tmp_path / "a.tif")
    with pytest.raises(RefusedImage, match=r"a\.tif: unreadable: .*not finite"):
        load_image(tmp_path / "a.tif")


def test_sixteen_bit_colour_keeps_the_high_bytes(tmp_path):
    scan_line = b"\0" + struct.pack(">3H", 0xFFFF, 0x0A80, 0x00FF)
    (tmp_path / "a.png").write_bytes(png(1, 1, 16, 2, scan_line))
    assert pixels(tmp_path / "a.png").tolist() == [[[255, 10, 0]]]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_is_undone(tmp_path, form):
    picture = noise(2, 3, 3).repeat(8, axis=0).repeat(8, axis=1)
    upright = {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.swapaxes(0, 1),
        6: np.rot90(picture, -1),
        7: np.rot90(picture, 2).swapaxes(0, 1),
        8: np.rot90(picture, 1),
    }
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(form, {})
    for orientation, expected in upright.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.{form.lower()}"
        Image.fromarray(picture).save(path, form, exif=exif, **options)
        found = pixels(path).astype(int)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= 3
        assert inspect_image(path)[1:3] == (expected.shape[1], expected.shape[0])


def test_damaged_metadata_do_no_harm(tmp_path):
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xffgarbage\0\0\xff"
    Image.new("RGB", (5, 3), ROSE).save(tmp_path / "a.jpg", exif=exif)
    with pytest.warns(UserWarning, match="EXIF"):
        assert load_image(tmp_path / "a.jpg").size == (5, 3)


def test_orientation_survives_damaged_tags_beside_it(tmp_path):
    # Pillow fails when it has to write such metadata again: a number kept as text of length 2.
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0100] = 31
    data = bytearray(exif.tobytes())
    kind = data.index(b"\x01\x00\x00") + 2  # the type of tag 0x0100
    data[kind : kind + 2] = b"\0\x02"
    Image.new("RGB", (5, 3), ROSE).save(tmp_path / "a.jpg", exif=bytes(data))
    assert load_image(tmp_path / "a.jpg").size == (3, 5)


LARGE = b"<x>" + bytes(3_000_000) + b"</x>"
XMP = b"XML:com.adobe.xmp\0\1\0\0\0"  # compressed


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param(b"zTXt", b"Comment\0\0" + zlib.compress(LARGE), id="zTXt"),
        pytest.param(b"iTXt", XMP + zlib.compress(LARGE), id="XMP"),
        pytest.param(b"iCCP", b"icc\0\0" + zlib.compress(LARGE), id="ICC"),
        pytest.param(b"tEXt", b"Comment\0" + bytes(20_000_000), id="tEXt"),
        pytest.param(b"zTXt", b"Comment\0\7" + b"of an unknown compression", id="unknown"),
        pytest.param(b"eXIf", b"MM\0*" + bytes(100), id="EXIF"),
    ],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("after", [False, True])
def test_metadata_of_a_png_cost_no_pixels(tmp_path, name, data, after):
    colours = noise(13, 17, 3)
    buffer = io.BytesIO()
    Image.fromarray(colours).save(buffer, "PNG")
    sound = buffer.getvalue()
    cut = sound.index(b"IEND" if after else b"IDAT") - 4
    head = struct.pack(">I", len(data)) + name
    chunk = head + data + struct.pack(">I", zlib.crc32(name + data))
    (tmp_path / "a.png").write_bytes(sound[:cut] + chunk + sound[cut:])
    assert (pixels(tmp_path / "a.png") == colours).all()
    broken = chunk[:-1] + bytes([chunk[-1] ^ 1])
    (tmp_path / "b.png").write_bytes(sound[:cut] + broken + sound[cut:])
    assert (pixels(tmp_path / "b.png") == colours).all()


@pytest.mark.parametrize("before", [0, 2_999_990])
def test_the_orientation_in_large_xmp_holds(tmp_path, before):
    xmp = XMP + zlib.compress(bytes(before) + b'tiff:Orientation="6"' + LARGE)
    Image.new("RGB", (5, 3)).save(tmp_path / "a.png", pnginfo=text_of(b"iTXt", xmp))
    assert load_image(tmp_path / "a.png").size == (3, 5)
    assert "metadata too large" in inspect_image(tmp_path / "a.png").reading


@pytest.mark.parametrize("form", ["JPEG", "TIFF", "WEBP"])
def test_large_metadata_of_other_formats_cost_no_pixels(tmp_path, form):
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    options = {"exif": exif, "icc_profile": bytes(2_000_000)}
    options |= {} if form == "JPEG" else {"xmp": LARGE.replace(b"\0", b" ")}
    if form == "TIFF":
        options = {
            "tiffinfo": {700: options["xmp"], 34675: options["icc_profile"], 270: "x" * 10**6}
        }
    Image.new("RGB", (5, 3), ROSE).save(tmp_path / "a", form, **options)
    assert (tmp_path / "a").stat().st_size > 2_000_000
    assert np.abs(pixels(tmp_path / "a").astype(int) - ROSE).max() <= 3


def test_damaged_segments_of_a_jpeg_cost_no_pixels(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(noise(13, 17, 3)).save(buffer, "JPEG")
    sound = buffer.getvalue()
    icc = b"\xff\xe2\0\x0eICC_PROFILE\0"  # without its number
    (tmp_path / "a.jpg").write_bytes(sound[:2] + icc + sound[2:])
    (tmp_path / "b.jpg").write_bytes(sound)
    assert (pixels(tmp_path / "a.jpg") == pixels(tmp_path / "b.jpg")).all()


def test_metadata_are_left_behind(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (5, 3), ROSE).save(tmp_path / "a.png", exif=exif, dpi=(300, 300))
    image = load_image(tmp_path / "a.png")
    assert image.info == {}
    assert not dict(image.getexif())


@pytest.mark.parametrize("form", ["TIFF", "WEBP", "PNG", "MPO"])
def test_the_first_frame_is_taken(tmp_path, form):
    first = Image.new("RGB", (16, 16), (255, 0, 0))
    second = Image.new("RGB", (16, 16), (0, 0, 255))
    options = {"lossless": True} if form == "WEBP" else {}
    path = tmp_path / "a.jpg"
    first.save(path, form, save_all=True, append_images=[second], **options)
    assert np.abs(pixels(path).astype(int) - (255, 0, 0)).max() <= 2


@pytest.mark.parametrize(
    ("at_least", "size"),
    [(46, (103, 93)), (47, (205, 185)), (92, (205, 185)), (93, (410, 370)), (999, (410, 370))],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_large_jpegs_may_be_decoded_smaller_but_never_too_small(tmp_path, mode, at_least, size):
    Image.fromarray(noise(370, 410, 3)).convert(mode).save(tmp_path / "a.jpg")
    assert load_image(tmp_path / "a.jpg", at_least=at_least).size == size


def test_at_least_leaves_other_formats_alone(tmp_path):
    Image.new("RGB", (410, 370)).save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png", at_least=5).size == (410, 370)


def test_pixel_limit_is_checked_before_decoding(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png(7001, 5003, 8, 2, b"no pixels at all"))
    with pytest.raises(RefusedImage, match="7001 x 5003 pixels, the limit is 35000000") as caught:
        load_image(tmp_path / "bomb.png", max_pixels=35_000_000)
    assert caught.value.reason == "too_many_pixels"
    with pytest.raises(RefusedImage) as caught:
        load_image(tmp_path / "bomb.png", max_pixels=7001 * 5003)
    assert caught.value.reason == "truncated"


def test_an_image_beyond_pillows_own_limit_is_refused(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png(70_001, 70_001, 8, 2, b""))
    with pytest.raises(RefusedImage) as caught:
        inspect_image(tmp_path / "bomb.png", max_pixels=10**12)
    assert caught.value.reason == "too_many_pixels"


def test_facts_are_digest_and_upright_size(tmp_path):
    Image.new("RGB", (5, 3)).save(tmp_path / "a.png")
    digest = hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    pixels = hashlib.sha256(b"5 x 3" + bytes(5 * 3 * 3)).hexdigest()
    assert inspect_image(tmp_path / "a.png") == ImageFacts(digest, 5, 3, pixels, None)


def test_the_same_pixels_have_the_same_digest_whatever_the_file(tmp_path):
    picture = Image.fromarray(noise(13, 17, 3))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.png")
    picture.save(tmp_path / "b.tif", compression="tiff_lzw")
    picture.save(tmp_path / "c.webp", lossless=True)
    picture.rotate(90, expand=True).save(tmp_path / "d.png", exif=exif)
    picture.save(tmp_path / "e.png", pnginfo=text_of(b"tEXt", b"Comment\0two"))
    facts = [inspect_image(path) for path in sorted(tmp_path.iterdir())]
    assert len({fact.sha256 for fact in facts}) == len(facts) == 5
    assert {fact.pixels for fact in facts} == {facts[0].pixels}
    picture.rotate(180).save(tmp_path / "f.png")
    Image.fromarray(np.asarray(picture).reshape(17, 13, 3)).save(tmp_path / "g.png")
    for name in ("f.png", "g.png"):
        assert inspect_image(tmp_path / name).pixels != facts[0].pixels


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_file_that_ends_early_is_truncated(tmp_path, form, kept):
    buffer = io.BytesIO()
    Image.fromarray(noise(61, 67, 3)).save(buffer, form)
    data = buffer.getvalue()
    (tmp_path / "a.jpg").write_bytes(data[: int(kept * len(data))])
    with pytest.raises(RefusedImage) as caught:
        inspect_image(tmp_path / "a.jpg")
    assert caught.value.reason == "truncated"


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_zeros_from_some_place_on_are_no_pixels(tmp_path, form):
    buffer = io.BytesIO()
    Image.fromarray(noise(61, 67, 3)).save(buffer, form, subsampling=0)
    data = buffer.getvalue()
    for kept in range(len(data) * 3 // 4, len(data) - 16, 97):
        (tmp_path / "a.jpg").write_bytes(data[:kept].ljust(len(data), b"\0"))
        with pytest.raises(RefusedImage, match=r"a\.jpg: truncated"):
            inspect_image(tmp_path / "a.jpg")


def test_what_stands_between_and_behind_the_segments_of_a_jpeg_does_no_harm(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(noise(13, 17, 3)).save(buffer, "JPEG")
    data = buffer.getvalue()
    thumbnail = b"\xff\xe1" + struct.pack(">H", len(data) + 8) + b"Thumb\0" + data
    (tmp_path / "a.jpg").write_bytes(data)
    (tmp_path / "b.jpg").write_bytes(data[:2] + thumbnail + 3 * b"\xff" + data[2:] + bytes(99))
    assert len({inspect_image(path).pixels for path in tmp_path.iterdir()}) == 1
    data = (tmp_path / "b.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(data[:-300] + bytes(300))  # the end is the thumbnail's
    with pytest.raises(RefusedImage, match="truncated: nothing marks the end of its pixels"):
        inspect_image(tmp_path / "b.jpg")


def test_corrupt_pixels_are_truncated(tmp_path):
    Image.fromarray(noise(61, 67, 3)).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[len(data) // 2] ^= 255
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(RefusedImage, match="truncated"):
        inspect_image(tmp_path / "a.png")


def test_what_is_no_image_is_unreadable(tmp_path):
    (tmp_path / "a.jpg").write_text("<html>404 not found</html>")
    Image.new("RGB", (5, 3)).save(tmp_path / "b.jpg", "GIF")
    Image.new("RGB", (5, 3)).save(tmp_path / "c.png", "BMP")
    (tmp_path / "d.png").mkdir()
    for path in tmp_path.iterdir():
        with pytest.raises(RefusedImage, match=rf"{path.name}: unreadable"):
            inspect_image(path)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        (
            "a.jpg",
            b"\xff\xd8\xff\xc0\0\x0b\x0c\0\x05\0\x05\1\1\x11\0",
            "cannot handle 12-bit layers",
        ),
        ("a.png", png(5, 3, 3, 0, b""), "a PNG with an unknown header"),
        ("a.gif", b"GIF89a", "not a JPEG, PNG, TIFF or WebP image: it begins as a GIF"),
        ("a.jpg", b"\0\0\0\x18ftypheic\0\0\0\0", "begins as a HEIC"),
        ("a.jpg", b"<!DOCTYPE HTML><title>403", "begins as a web page"),
        ("a.png", b"version https://git-lfs.github.com/spec/v1", "begins as a pointer of Git LFS"),
        ("a.png", b"no image", "begins with b'no image'"),
        ("a.tif", bytes(999), "begins with zeros"),
    ],
)
def test_a_refusal_has_the_words_of_the_decoder(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(RefusedImage, match=words) as caught:
        inspect_image(tmp_path / name)
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("error", [MemoryError(), OSError("out of memory when reading image file")])
def test_lack_of_memory_names_the_file(tmp_path, monkeypatch, error):
    def lacking(*_):
        raise error

    Image.new("RGB", (5, 3)).save(tmp_path / "a.png")
    monkeypatch.setattr("visgen.specimens.decoding.to_rgb", lacking)
    for read in (load_image, inspect_image):
        with pytest.raises(MemoryError, match=r"a\.png: not enough memory to decode it$"):
            read(tmp_path / "a.png")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("no room\nfor it")])
def test_an_error_gets_the_name_of_the_file_once_and_in_one_line(error):
    with pytest.raises((ValueError, MemoryError)) as caught, naming("a.jpg"):
        raise error
    assert str(caught.value) in ("a.jpg: MemoryError", "a.jpg: RuntimeError: no room for it")
    with pytest.raises(RefusedImage, match=r"^a\.jpg: empty"), naming("a.jpg"):
        raise RefusedImage("a.jpg", "empty_file", "0 bytes")


@pytest.mark.parametrize(
    ("size", "reason", "detail"),
    [
        ((17, 1), "too_small", "17 x 1 pixels; ingest.min_side wants at least 2 a side"),
        ((2, 41), "too_elongated", "2 x 41 pixels; ingest.max_aspect_ratio allows 20 : 1"),
        ((40, 2), None, None),
    ],
)
def test_shape_is_checked_before_decoding(tmp_path, size, reason, detail):
    (tmp_path / "a.png").write_bytes(png(*size, 8, 0, b"no pixels at all"))
    with pytest.raises(RefusedImage) as caught:
        inspect_image(tmp_path / "a.png", min_side=2, max_aspect_ratio=20)
    if reason is None:
        assert caught.value.reason == "truncated"
    else:
        assert (caught.value.reason, caught.value.detail) == (reason, detail)


@pytest.mark.parametrize("kind", [b"VP8X", b"VP8L", b"VP8 "])
def test_the_pixels_of_webp_are_counted_in_its_header(tmp_path, kind):
    head = {
        b"VP8X": bytes(8) + b"\x57\x1b\0\x8a\x13\0",
        b"VP8L": bytes(4) + b"\x2f" + (7000 - 1 | (5003 - 1) << 14).to_bytes(9, "little"),
        b"VP8 ": bytes(10) + struct.pack("<2H", 7000, 5003),
    }[kind]
    data = b"WEBP" + kind + head
    (tmp_path / "a.webp").write_bytes(b"RIFF" + struct.pack("<I", len(data)) + data)
    with pytest.raises(RefusedImage, match="7000 x 5003 pixels, the limit is 35000000") as caught:
        inspect_image(tmp_path / "a.webp", max_pixels=35_000_000)
    assert caught.value.reason == "too_many_pixels"


def test_a_missing_and_an_empty_file_are_told_apart(tmp_path):
    (tmp_path / "empty.jpg").touch()
    for name, reason in (("empty.jpg", "empty_file"), ("lost.jpg", "missing_file")):
        for read in (load_image, inspect_image):
            with pytest.raises(RefusedImage) as caught:
                read(tmp_path / name)
            assert caught.value.reason == reason


def test_any_damage_is_refused_or_read_but_never_another_error(tmp_path):
    generator = np.random.default_rng(11)
    for form in ("JPEG", "PNG", "WEBP"):
        buffer = io.BytesIO()
        Image.fromarray(noise(17, 19, 3)).save(buffer, form)
        for _ in range(100):
            data = np.frombuffer(buffer.getvalue(), np.uint8).copy()
            where = generator.integers(0, len(data), 5)
            data[where] = generator.integers(0, 256, 5)
            (tmp_path / "a.jpg").write_bytes(data[: generator.integers(1, 2 * len(data))])
            try:
                inspect_image(tmp_path / "a.jpg", max_pixels=10**6)
            except RefusedImage as refusal:
                assert refusal.reason in ("unreadable", "truncated", "too_many_pixels")


def test_a_refusal_can_be_sent_between_processes():
    refusal = pickle.loads(pickle.dumps(RefusedImage("a.jpg", "empty_file", "0 bytes")))
    assert (refusal.path, refusal.reason, refusal.detail) == ("a.jpg", "empty_file", "0 bytes")
    assert str(refusal) == "a.jpg: empty_file: 0 bytes"


def test_pillow_is_left_as_it_is(tmp_path):
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    Image.new("RGB", (5, 3)).save(tmp_path / "a.png")
    inspect_image(tmp_path / "a.png")
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
