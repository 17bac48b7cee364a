"""What SkyPortal looks at in a picture: that it is a PNG, and its sides."""

import struct
import zlib
from dataclasses import dataclass

from demo.skyportal.envelope import Refusal

PNG = b"\x89PNG\r\n\x1a\n"
OTHERS = (b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF")
"""How the files of other kinds of pictures begin: they are recognised, and refused."""

HEADER = struct.Struct(">4sIIBB3x")
"""Behind the signature and the length: the chunk's name, width, height, bit depth, colour type."""

COLOUR = 2
"""The bit of a PNG's colour type that says so."""

SMALLEST, LARGEST = 16, 500
"""Pixels of a side."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that SkyPortal takes."""

    data: bytes
    is_grayscale: bool


def read(data: bytes) -> Picture:
    """Return the picture; refuse what is none, no PNG, too small or too large."""
    header = data[len(PNG) + 4 : len(PNG) + 4 + HEADER.size]
    check = data[len(PNG) + 4 + HEADER.size :][:4]
    if any(data.startswith(signature) for signature in OTHERS):
        raise Refusal(400, "Invalid thumbnail image type. Only PNG are supported.")
    if not data.startswith(PNG) or len(check) < 4 or zlib.crc32(header) != int.from_bytes(check):  # noqa: PLR2004 - 32 bits
        raise Refusal(400, f"Invalid file type: cannot identify image file <_io.BytesIO object at 0x{id(data):x}>")
    _, width, height, _, colour = HEADER.unpack(header)
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise Refusal(
            400,
            f"Invalid thumbnail size. Only thumbnails between {SMALLEST, SMALLEST} and {LARGEST, LARGEST} allowed.",
        )
    return Picture(data=data, is_grayscale=not colour & COLOUR)
