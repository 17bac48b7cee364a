"""How a band is drawn: by colour and by shape, so that nobody needs to see colours."""

import math

LETTERS = "ugrizy"
CORNERS = {"u": 3, "r": 4, "i": 4, "z": 5, "y": 6}
"""Of a band's symbol; the others are round."""
TURNED = {"r": math.pi / 4}
"""From standing on a corner's opposite."""
ROUNDED = {"u": 1.35, "r": 1.2, "i": 1.3, "z": 1.15, "y": 1.1}
"""What makes shapes look as large as a circle."""


def letter(band: str) -> str:
    """Return the band without its survey (``ztfg``: g), and ``x`` for one that has no colour here."""
    last = band[-1:].lower()
    return last if last in LETTERS else "x"


def symbol(band: str, x: float, y: float, radius: float) -> str:
    """Return the path of the band's symbol."""
    name = letter(band)
    if name not in CORNERS:
        half = f"a{radius:g} {radius:g} 0 1 0"
        return f"M{x - radius:.1f} {y:.1f}{half} {2 * radius:g} 0{half} {-2 * radius:g} 0z"
    return _polygon(CORNERS[name], x, y, radius * ROUNDED[name], TURNED.get(name, 0.0))


def falling(x: float, y: float, radius: float) -> str:
    """Return the path of an upper limit: a bar, and an arrow down from it."""
    length, head = 3.8 * radius, 1.1 * radius
    return (
        f"M{x - radius:.1f} {y:.1f}h{2 * radius:g}"
        f"M{x:.1f} {y:.1f}v{length:.1f}m{-head:.1f} {-head:.1f}l{head:.1f} {head:.1f} {head:.1f} {-head:.1f}"
    )


def open_falling(x: float, y: float, radius: float) -> str:
    """Return the path of a limit that was forced: a triangle that points down."""
    return _polygon(3, x, y, radius * 1.2, math.pi)


def cross(x: float, y: float, radius: float) -> str:
    """Return the path of what has no place on the axis."""
    size = 2 * radius
    return f"M{x - radius:.1f} {y - radius:.1f}l{size:g} {size:g}m0 {-size:g}l{-size:g} {size:g}"


def _polygon(corners: int, x: float, y: float, radius: float, turned: float) -> str:
    angles = [turned + 2 * math.pi * number / corners for number in range(corners)]
    return "M" + "L".join(f"{x + radius * math.sin(one):.1f} {y - radius * math.cos(one):.1f}" for one in angles) + "z"
