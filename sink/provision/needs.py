"""What the routes name in SkyPortal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.record import Survey
from sink.routing.routes import STREAMS, Route, Routes

BANDS: Mapping[Survey, tuple[str, ...]] = {
    "ZTF": ("ztfg", "ztfr", "ztfi"),
    "LSST": ("lsstu", "lsstg", "lsstr", "lssti", "lsstz", "lssty"),
}
"""SkyPortal's names of the bandpasses in which a survey's points come."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """Names, each once."""

    groups: tuple[str, ...]
    streams: tuple[str, ...]
    accesses: tuple[tuple[str, str], ...]
    """Group and stream."""
    instruments: Mapping[str, tuple[tuple[str, ...], ...]]
    """By name, sets of bandpasses of which the instrument must have one whole: several where the survey is unknown."""
    filters: tuple[tuple[str, str, str], ...]
    """Filter, group and stream."""
    taxonomies: Mapping[str, tuple[str, ...]]
    """By name, the groups that classify by it."""
    patterns: bool
    """Whether some route holds for topics that nobody has named: their filters are not among these."""


def needs(routes: Routes, topics: Iterable[str]) -> Needs:
    """Return what ``topics``, and those that the file names exactly, need. Raises `NoRoute` for one without a route.

    Of a route for a pattern of topics, or without a file, only the group and the taxonomy are known.
    """
    given = [routes.route(topic, "LSST" if topic.endswith("_lsst") else "ZTF") for topic in topics]
    named = [*routes.named(), *given]
    every = [*routes.every(), *given]
    classifying = [route for route in every if "classification" in route.parts]
    return Needs(
        groups=_once(route.group for route in every),
        streams=_once(route.stream for route in named),
        accesses=tuple(dict.fromkeys((route.group, route.stream) for route in named)),
        instruments={route.instrument: _bands(route.instrument, named) for route in named},
        filters=tuple(dict.fromkeys((route.filter, route.group, route.stream) for route in named)),
        taxonomies={
            name: _once(route.group for route in classifying if route.taxonomy == name)
            for name in _once(route.taxonomy for route in classifying)
        },
        patterns=not given and len(routes.every()) > len(routes.named()),
    )


def _bands(instrument: str, routes: Sequence[Route]) -> tuple[tuple[str, ...], ...]:
    """Return the bandpasses of all points that ``instrument`` is given, or those of either survey if it is unknown."""
    given = [route for route in routes if route.instrument == instrument and "photometry" in route.parts]
    if not given:
        return ((),)
    surveys = {_survey(route) for route in given} - {""}
    if not surveys:
        return tuple(BANDS.values())
    return (tuple(band for survey, bands in BANDS.items() if survey in surveys for band in bands),)


def _survey(route: Route) -> str:
    """Return the survey whose alerts the route is for, by its stream, else by its instrument; empty if unknown."""
    by_stream = [survey for survey, stream in STREAMS.items() if route.stream == stream]
    return next(iter(by_stream), route.instrument if route.instrument in BANDS else "")


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
