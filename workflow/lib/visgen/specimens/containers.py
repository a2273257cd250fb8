"""What surrounds the pixels in a file: sizes before decoding, and metadata that can be left out."""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_XMP = b"XML:com.adobe.xmp"
_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
_PIECE = 2**20


def webp_size(file: BinaryIO) -> tuple[int, int] | None:
    """Return width and height of a WebP file in pixels, None for any other; the file is rewound."""
    file.seek(0)
    head = file.read(30)
    file.seek(0)
    if len(head) < 30 or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    match head[12:16]:
        case b"VP8X":
            width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = (value & 0x3FFF for value in struct.unpack("<2H", head[26:30]))
        case _:
            return None
    return width, height


def without_metadata(file: BinaryIO) -> BinaryIO | None:
    """Return a PNG or JPEG file again with little but its pixels; None for any other.

    What turns an image upright stays: EXIF, and the orientation that XMP of a PNG names.
    """
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    if head == _PNG:
        return io.BytesIO(_PNG + b"".join(_png_chunks(file)))
    if head[:3] == b"\xff\xd8\xff":
        return io.BytesIO(b"".join(_jpeg_segments(file)))
    return None


def check_whole(file: BinaryIO) -> None:
    """Refuse a PNG or JPEG whose pixels are damaged where Pillow's decoders do not notice.

    A copy that was broken off often has its full length, and zeros from some place on: they decode
    to pixels.

    Raises
    ------
    OSError
        If a check sum of a PNG's pixels is wrong, or nothing ends the pixels of a JPEG.
    """
    file.seek(0)
    head = file.read(8)
    if head == _PNG:
        while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
            length, name = struct.unpack(">I4s", head)
            if name != b"IDAT":
                file.seek(length + 4, io.SEEK_CUR)
                continue
            check, found = zlib.crc32(file.read(length), zlib.crc32(name)), file.read(4)
            if len(found) == 4 and found != struct.pack(">I", check):
                raise OSError("broken data stream: the check sum of its pixels is wrong")
    elif head[:2] == _JPEG and _to_jpeg_pixels(file) and _JPEG_END not in file.read():
        raise OSError("image file is truncated: nothing marks the end of its pixels")


def _to_jpeg_pixels(file: BinaryIO) -> bool:
    """Go to the pixels of a JPEG, and tell whether there are any."""
    file.seek(2)
    while file.read(1) == b"\xff":
        while (byte := file.read(1)) == b"\xff":  # any number of them may stand there
            pass
        if byte == b"\xda":
            return True
        if byte > b"\x01" and not b"\xd0" <= byte <= b"\xd7":  # others have no length
            length = int.from_bytes(file.read(2))
            file.seek(max(length - 2, 0), io.SEEK_CUR)
    return False


def _png_chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name in _PIXELS:
            yield head + file.read(length + 4)  # the check sum follows
        elif name == b"eXIf":
            data, found = file.read(length), file.read(4)
            if found == struct.pack(">I", zlib.crc32(name + data)):
                yield head + data + found
        elif name == b"iTXt":
            data = file.read(length)
            if data.startswith(_XMP + b"\0") and (turned := _orientation(data)):
                yield _chunk(b"iTXt", _XMP + bytes(5) + b'tiff:Orientation="%s"' % turned)
            file.seek(4, io.SEEK_CUR)
        else:
            file.seek(length + 4, io.SEEK_CUR)
        if name == b"IEND":
            return


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def _orientation(text: bytes) -> bytes | None:
    """Return the number of the orientation in an iTXt chunk of XMP, read piece by piece."""
    compressed, *_ = text[len(_XMP) + 1 :]
    value = text[len(_XMP) + 3 :].split(b"\0", 2)[-1]
    if not compressed:
        return match[1] if (match := _ORIENTATION.search(value)) else None
    unpacker, before = zlib.decompressobj(), b""
    try:
        while value:
            piece = before + unpacker.decompress(value, _PIECE)
            if match := _ORIENTATION.search(piece):
                return match[1]
            before, value = piece[-32:], unpacker.unconsumed_tail
    except zlib.error:
        pass  # what is damaged says nothing
    return None


def _jpeg_segments(file: BinaryIO) -> Iterator[bytes]:
    yield file.read(2)
    while len(head := file.read(4)) == 4:
        marker, length = struct.unpack(">2H", head)
        if marker < 0xFF01 or marker == 0xFFDA:  # pixels begin, or what is no marker
            yield head + file.read()
            return
        data = file.read(max(length - 2, 0))
        exif = marker == 0xFFE1 and data.startswith(b"Exif\0\0")
        comment = marker == 0xFFFE
        if marker == 0xFFEE or exif or not (0xFFE0 <= marker <= 0xFFEF or comment):
            yield head + data
