"""Which topic goes where in SkyPortal, by names: ``routes.toml``, and what holds without it."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from schemas.record import SkyPortalAlert, Survey
from sink.routing.criteria import BANDS, Criteria, Unmet, bare_band
from sink.routing.mistakes import sentences

Part = Literal["candidate", "photometry", "annotation", "classification", "thumbnail"]
PARTS: tuple[Part, ...] = get_args(Part)

SOLAR_SYSTEM_TOPICS = ("fink_is_solar_system_lsst", "fink_sso_*")
"""Topics whose alerts of solar-system objects are sent unless a route says no."""

CRITERIA = tuple(item.name for item in fields(Criteria))
"""Keys of the file that are kept in `Criteria`."""

STREAMS: dict[Survey, str] = {"ZTF": "ZTF Public", "LSST": "LSST Public"}


class RoutesError(Exception):
    """``routes.toml`` is wrong; the text has one line for each mistake."""


class NoRoute(Exception):
    """No route names the topic."""


def _some(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    if not parts:
        raise ValueError("names no part: alerts would be accepted without being sent")
    if "candidate" not in parts:
        raise ValueError("names no candidate, which is what creates the object in SkyPortal")
    if "classification" in parts and "annotation" not in parts:
        raise ValueError("names classification without annotation, which says how old SkyPortal's class is")
    return parts


def _band(name: str) -> str:
    if bare_band(name) not in BANDS:
        raise ValueError(f"must be a band, one of {', '.join(BANDS)}")
    return bare_band(name)


def _each_once(said: object) -> object:
    if isinstance(said, dict):
        bands = [bare_band(str(name)) for name in said]
        if twice := sorted({band for band in bands if bands.count(band) > 1}):
            raise ValueError(f"names {', '.join(twice)} more than once: g, ztfg and lsstg are one band")
    return said


Count = Annotated[int, Field(ge=0, strict=True)]
Band = Annotated[str, AfterValidator(_band)]
Number = Annotated[float, Field(ge=0, strict=True, allow_inf_nan=False)]


class RouteSettings(BaseModel):
    """What a route, or ``[defaults]``, may say. What it leaves out comes from the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: str | None = Field(default=None, min_length=1)
    filter: str | None = Field(default=None, min_length=1)
    stream: str | None = Field(default=None, min_length=1)
    instrument: str | None = Field(default=None, min_length=1)
    taxonomy: str | None = Field(default=None, min_length=1)
    parts: Annotated[tuple[Part, ...], AfterValidator(_some)] | None = None
    save: bool | None = None
    solar_system: bool | None = None
    min_snr: Number | None = None
    min_detections: Count | None = None
    min_detections_per_band: Annotated[dict[Band, Count] | None, BeforeValidator(_each_once)] = None
    min_time_baseline: Number | None = None
    min_score: Annotated[Number, Field(le=1)] | None = None
    quality: Annotated[bool, Field(strict=True)] | None = None


class TopicRoute(RouteSettings):
    """One ``[[route]]``."""

    topic: str = Field(min_length=1)


def _different(routes: tuple[TopicRoute, ...]) -> tuple[TopicRoute, ...]:
    topics = [route.topic for route in routes]
    if twice := sorted({topic for topic in topics if topics.count(topic) > 1}):
        raise ValueError(f"has more than one route of {', '.join(map(repr, twice))}: only the first would hold")
    return routes


class RoutesFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: RouteSettings = RouteSettings()
    route: Annotated[tuple[TopicRoute, ...], AfterValidator(_different)] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Where the alerts of one topic go, by names."""

    group: str
    filter: str
    stream: str
    instrument: str
    taxonomy: str
    parts: tuple[Part, ...]
    save: bool
    solar_system: bool
    criteria: Criteria = field(default_factory=Criteria)

    def unmet(self, alert: SkyPortalAlert) -> Iterator[Unmet]:
        """Yield why the route does not want ``alert``; nothing if it does."""
        if alert.is_solar_system and not self.solar_system:
            yield Unmet(criterion="solar_system", sentence="is of a solar-system object")
        yield from self.criteria.unmet(alert)


class Routes:
    """Routes in the order of the file: the first that matches a topic, exactly or as a glob, holds."""

    def __init__(self, file: RoutesFile, *, path: Path | None = None, text: str = "") -> None:
        """``path`` is where they were read, ``text`` what stood there."""
        self._file = file
        self.path = path
        self.text = text

    def route(self, topic: str, survey: Survey) -> Route:
        """Return the route of ``topic``. Raises `NoRoute` if the file has routes and none matches."""
        for candidate in self._file.route:
            if fnmatchcase(topic, candidate.topic):
                return self._complete(candidate, topic, survey)
        if self._file.route:
            raise NoRoute(f"routes.toml has no [[route]] for the topic {topic}: add one")
        return self._complete(RouteSettings(), topic, survey)

    def named(self) -> Sequence[Route]:
        """Return the routes of the topics that the file names exactly: they can be checked before an alert comes."""
        return [
            self._complete(item, item.topic, "LSST" if item.topic.endswith("_lsst") else "ZTF")
            for item in self._file.route
            if not set("*?[") & set(item.topic)
        ]

    def every(self) -> Sequence[Route]:
        """Return each route of the file, globs included, as it is for the topic of the route's own text."""
        said = self._file.route or (RouteSettings(),)
        return [self._complete(item, getattr(item, "topic", ""), "ZTF") for item in said]

    def by_topic(self) -> Mapping[str, object]:
        """Return what stands in the file, by the topics of the routes: what differs is another route."""
        said = self._file.route or (TopicRoute(topic="*"),)
        surveys: tuple[Survey, ...] = get_args(Survey)
        return {item.topic: [self._complete(item, item.topic, survey) for survey in surveys] for item in said}

    def leads_as(self, other: "Routes", topic: str) -> bool:
        """Say whether ``topic`` goes by the same route in ``other``."""
        surveys: tuple[Survey, ...] = get_args(Survey)
        return all(self._found(topic, survey) == other._found(topic, survey) for survey in surveys)  # noqa: SLF001

    def _found(self, topic: str, survey: Survey) -> Sequence[Route]:
        try:
            return [self.route(topic, survey)]
        except NoRoute:
            return []

    def _complete(self, said: RouteSettings, topic: str, survey: Survey) -> Route:
        defaults: dict[str, Any] = {
            "group": "Fink",
            "filter": topic,
            "stream": STREAMS[survey],
            "instrument": survey,
            "taxonomy": "Fink",
            "parts": PARTS,
            "save": False,
            "solar_system": any(fnmatchcase(topic, pattern) for pattern in SOLAR_SYSTEM_TOPICS),
        }
        in_file = self._file.defaults.model_dump(exclude_none=True)
        chosen = defaults | in_file | said.model_dump(exclude_none=True, exclude={"topic"})
        criteria = {name: chosen.pop(name) for name in CRITERIA if name in chosen}
        return Route(**chosen, criteria=Criteria(**criteria))


def read(path: Path | None) -> Routes:
    """Read ``routes.toml``; None gives the defaults. Raises `RoutesError`, naming every mistake."""
    return Routes(RoutesFile()) if path is None else parse(text_of(path), path)


def text_of(path: Path) -> str:
    """Return what stands in ``routes.toml``. Raises `RoutesError` if that cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")  # TOML is UTF-8; editors of Windows begin with a mark
    except OSError as error:
        raise RoutesError(f"SINK_ROUTES: cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RoutesError(f"{path}: {error}") from error


def parse(text: str, path: Path) -> Routes:
    """Return the routes that ``text`` says, which stands in ``path``. Raises `RoutesError`, naming every mistake."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RoutesError(f"{path}: {error}") from error
    try:
        return Routes(RoutesFile.model_validate(said), path=path, text=text)
    except ValidationError as error:
        raise RoutesError("\n".join(f"{path}: {line}" for line in sentences(said, RoutesFile, error))) from error
