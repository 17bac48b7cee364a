"""Colours and markers of bands: a band is told by both, so that nobody needs to see colours."""

from dataclasses import dataclass

from processor.plot.curve import Kind

INK, FAINT = "#222222", "#8a8f98"


@dataclass(frozen=True, kw_only=True, slots=True)
class BandStyle:
    """How a band is drawn."""

    colour: str
    marker: str


BANDS = {
    "u": BandStyle(colour="#0c71ff", marker="^"),
    "g": BandStyle(colour="#2a9d4a", marker="o"),
    "r": BandStyle(colour="#c61c00", marker="s"),
    "i": BandStyle(colour="#e0a100", marker="D"),
    "z": BandStyle(colour="#d4339a", marker="p"),
    "y": BandStyle(colour="#5d0000", marker="h"),
}
UNKNOWN = BandStyle(colour=FAINT, marker="o")
LIMIT_MARKER, ASIDE_MARKER = "v", "x"


def of_band(band: str) -> BandStyle:
    """Return how a band is drawn; grey for one that is not known."""
    return BANDS.get(band, UNKNOWN)


def marker(kind: Kind, band: BandStyle) -> str:
    """Return the marker of a point."""
    return {Kind.LIMIT: LIMIT_MARKER, Kind.ASIDE: ASIDE_MARKER}.get(kind, band.marker)
