"""A position in hours, degrees, minutes and seconds."""

FULL_CIRCLE, POLE = 360, 90
HOUR = 15
"""Degrees."""


def sexagesimal(ra: object, dec: object) -> str:
    """Return ``hh:mm:ss.ss +dd:mm:ss.s``; nothing if they are no numbers on the sky."""
    if not (isinstance(ra, int | float) and isinstance(dec, int | float)):
        return ""
    if not (0 <= ra <= FULL_CIRCLE and abs(dec) <= POLE):
        return ""
    right = round(ra / HOUR * 3600 * 100) % (24 * 3600 * 100)
    up = round(abs(dec) * 3600 * 10)
    sign = "−" if dec < 0 else "+"
    hours = f"{right // 360_000:02}:{right // 6_000 % 60:02}:{right % 6_000 / 100:05.2f}"
    return f"{hours} {sign}{up // 36_000:02}:{up // 600 % 60:02}:{up % 600 / 10:04.1f}"
