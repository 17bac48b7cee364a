"""Positions as SkyPortal shows them: galactic coordinates and the pixel that its cone searches use."""

import math

HEALPIX_ORDER = 29
"""SkyPortal numbers pixels in the finest grid that fits 64 bits, nested."""

POLE_RA, POLE_DEC, NODE_LON = math.radians(192.85948), math.radians(27.12825), math.radians(122.93192)
"""The north galactic pole in ICRS, and the galactic longitude of the north celestial pole."""


def galactic(ra: float, dec: float) -> tuple[float, float]:
    """Return galactic longitude and latitude, degrees."""
    ra, dec = math.radians(ra) - POLE_RA, math.radians(dec)
    sin_lat = math.sin(POLE_DEC) * math.sin(dec) + math.cos(POLE_DEC) * math.cos(dec) * math.cos(ra)
    y = math.cos(dec) * math.sin(ra)
    x = math.cos(POLE_DEC) * math.sin(dec) - math.sin(POLE_DEC) * math.cos(dec) * math.cos(ra)
    return math.degrees(NODE_LON - math.atan2(y, x)) % 360, math.degrees(math.asin(sin_lat))


def healpix(ra: float, dec: float) -> int:
    """Return the nested HEALPix index of a position; Gorski et al. 2005, section 4."""
    nside = 1 << HEALPIX_ORDER
    z = math.sin(math.radians(dec))
    quadrant = (ra % 360) / 90
    if abs(z) <= 2 / 3:
        rising, falling = nside * (0.5 + quadrant - 0.75 * z), nside * (0.5 + quadrant + 0.75 * z)
        face_p, face_m = int(rising) >> HEALPIX_ORDER, int(falling) >> HEALPIX_ORDER
        face = face_p | 4 if face_p == face_m else face_p if face_p < face_m else face_m + 8
        x, y = int(falling) & (nside - 1), nside - (int(rising) & (nside - 1)) - 1
    else:
        corner = min(int(quadrant), 3)
        along = quadrant - corner
        radius = nside * math.sqrt(3 * (1 - abs(z)))
        rise, fall = min(int(along * radius), nside - 1), min(int((1 - along) * radius), nside - 1)
        face, x, y = (corner, nside - fall - 1, nside - rise - 1) if z >= 0 else (corner + 8, rise, fall)
    return (face << 2 * HEALPIX_ORDER) + sum(
        (x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1 for bit in range(HEALPIX_ORDER)
    )
