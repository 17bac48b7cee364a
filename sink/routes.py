"""Which topic goes where in SkyPortal, by names: ``routes.toml``, and what holds without it."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from schemas.record import SkyPortalAlert, Survey

Part = Literal["candidate", "photometry", "annotation", "classification", "thumbnail"]
PARTS: tuple[Part, ...] = get_args(Part)

SOLAR_SYSTEM_TOPICS = ("fink_is_solar_system_lsst", "fink_sso_*")
"""Topics whose alerts of solar-system objects are sent unless a route says no."""

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


class TopicRoute(RouteSettings):
    """One ``[[route]]``."""

    topic: str = Field(min_length=1)


class RoutesFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: RouteSettings = RouteSettings()
    route: tuple[TopicRoute, ...] = ()


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

    def takes(self, alert: SkyPortalAlert) -> bool:
        """Say whether the route wants ``alert``."""
        return self.solar_system or not alert.is_solar_system


class Routes:
    """Routes in the order of the file: the first that matches a topic, exactly or as a glob, holds."""

    def __init__(self, file: RoutesFile) -> None:
        self._file = file

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
        return Route(**(defaults | in_file | said.model_dump(exclude_none=True, exclude={"topic"})))


def read(path: Path | None) -> Routes:
    """Read ``routes.toml``; None gives the defaults. Raises `RoutesError`, naming every mistake."""
    if path is None:
        return Routes(RoutesFile())
    try:
        return Routes(RoutesFile.model_validate(tomllib.loads(path.read_text())))
    except OSError as error:
        raise RoutesError(f"SINK_ROUTES: cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(str(step) for step in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise RoutesError("\n".join(lines)) from error
    except ValueError as error:  # TOML's or the encoding's
        raise RoutesError(f"{path}: {error}") from error
