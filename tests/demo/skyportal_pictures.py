"""Pictures for a SkyPortal, made without any library of pictures."""

import base64
import struct
import zlib

GREY, COLOUR = 0, 2
"""Colour types of a PNG."""

_FRAME = struct.pack(">2sHBHHBBBB", b"\xff\xc0", 11, 8, 63, 63, 1, 1, 0x11, 0)
_SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
JPEG = base64.b64encode(
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + _FRAME + _SCAN + b"\xff\xd9"
).decode()
"""Enough of a JPEG to be recognised as one of 63 x 63 pixels."""


def png(width: int = 63, height: int = 63, shade: int = 0, colours: int = GREY) -> bytes:
    """Return a picture of one shade."""
    line = b"\x00" + bytes([shade]) * width * (3 if colours == COLOUR else 1)
    header = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(line * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def text(data: bytes) -> str:
    """Return a picture as a request carries it."""
    return base64.b64encode(data).decode()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
