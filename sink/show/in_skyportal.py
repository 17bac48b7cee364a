"""One object as SkyPortal shows it to the bot."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sink.delivery.rank import Rank, rank_in, utc
from sink.routing.directory import Get
from sink.skyportal.client import Request
from sink.skyportal.questions import NotAnswered, Questions
from sink.skyportal.verdicts import Answer, Verdict, judge

ALERTS = "?includeAlerts=true"
WHOLE = "?includeThumbnails=true&includePhotometry=true"

PointKey = tuple[float, float, float | None]
"""mjd, fluxerr and flux: what SkyPortal tells an object's points apart by, but for instrument and origin."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """The object passed a filter."""

    filter: str
    group: str
    """Names; of a filter that the bot does not see its number, and no group."""
    passed_at: str
    """UTC, whole milliseconds, as we send it."""
    alert_id: str
    """Empty if it has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """Facts, with the rank of the alert that they came from."""

    origin: str
    rank: Rank
    groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Class:
    """A classification."""

    name: str
    probability: str
    """Empty if it has none."""
    origin: str
    taxonomy_id: int
    author: str
    is_ours: bool
    groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class InSkyPortal:
    """What SkyPortal holds of an object, as far as the bot sees it."""

    exists: bool = False
    candidates: tuple[Candidate, ...] = ()
    points: Mapping[tuple[str, str], int]
    """How many of each band and origin; an origin of ``alert`` stands for none."""
    point_keys: frozenset[PointKey] = frozenset()
    annotations: tuple[Annotation, ...] = ()
    classes: tuple[Class, ...] = ()
    thumbnails: tuple[str, ...] = ()
    saved_to: tuple[str, ...] = ()


def in_skyportal(questions: Questions, obj_id: str) -> InSkyPortal:
    """Ask for an object. Raises `NotAnswered`, also for an answer in an unknown form."""
    whole = _ask(questions, "sources", obj_id, WHOLE)
    if judge(whole, of_one_object=True) is Verdict.UNKNOWN_OBJECT:
        return InSkyPortal(points={})
    alerts = _ask(questions, "candidates", obj_id, ALERTS)
    try:
        return _read(questions, whole.json["data"], alerts.json["data"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotAnswered(f"SkyPortal shows {obj_id} in an unknown form ({type(error).__name__}: {error})") from error


def _ask(questions: Questions, kind: str, obj_id: str, query: str) -> Answer:
    path = f"/api/{kind}/{quote(obj_id, safe=':;+')}{query}"
    request = Request(method="GET", path=path, endpoint_label=f"/api/{kind}/{{id}}")
    answer = questions.ask(request)
    if judge(answer, of_one_object=True) not in {Verdict.ACCEPTED, Verdict.UNKNOWN_OBJECT}:
        raise NotAnswered(f"{request.endpoint} answers {answer.message}")
    return answer


def _read(questions: Questions, whole: Mapping[str, Any], alerts: Mapping[str, Any]) -> InSkyPortal:
    groups = questions.get("/api/groups")
    names = {int(row["id"]): str(row["name"]) for row in [*groups["all_groups"], *groups["user_groups"]]}
    filters = {int(row["id"]): row for row in questions.get("/api/filters")}
    me = _bot(questions.get, groups["user_groups"])
    points = whole["photometry"]
    return InSkyPortal(
        exists=True,
        candidates=tuple(_candidate(row, filters, names) for row in alerts["passing_alerts"]),
        points=Counter((str(row["filter"]), _origin(row["origin"])) for row in points),
        point_keys=frozenset((row["mjd"], row["fluxerr"], row["flux"]) for row in points),
        annotations=tuple(
            Annotation(origin=str(row["origin"]), rank=rank_in(row["data"]), groups=_names(row["groups"]))
            for row in whole["annotations"]
        ),
        classes=tuple(
            Class(
                name=str(row["classification"]),
                probability="" if row["probability"] is None else f"{row['probability']:.3g}",
                origin=str(row["origin"]),
                taxonomy_id=int(row["taxonomy_id"]),
                author=str(row["author_name"]),
                is_ours=row["author_id"] == me,
                groups=_names(row["groups"]),
            )
            for row in whole["classifications"]
        ),
        thumbnails=tuple(str(row["type"]) for row in whole["thumbnails"]),
        saved_to=_names(whole["groups"]),
    )


def _candidate(
    row: Mapping[str, Any], filters: Mapping[int, Mapping[str, Any]], groups: Mapping[int, str]
) -> Candidate:
    number, alert_id = int(row["filter_id"]), row["passing_alert_id"]
    known = filters.get(number, {})
    return Candidate(
        filter=str(known.get("name", f"number {number}")),
        group=groups.get(known.get("group_id", 0), ""),
        passed_at=utc(datetime.fromisoformat(row["passed_at"])),
        alert_id="" if alert_id is None else str(alert_id),
    )


def _bot(get: Get, groups: Iterable[Mapping[str, Any]]) -> int:
    """Return who we are: the only member of our own group."""
    own = [int(group["id"]) for group in groups if group["single_user_group"]]
    members = [int(user["id"]) for number in own for user in get(f"/api/groups/{number}")["users"]]
    if not members:
        raise ValueError("the bot has no group of its own")
    return members[0]


def _origin(origin: object) -> str:
    return "alert" if origin in {None, "", "None"} else str(origin)


def _names(groups: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted(str(group["name"]) for group in groups))
