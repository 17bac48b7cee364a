"""All that SkyPortal holds, against what the alerts say: each row once, and of what can be there once the newest's."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from demo.skyportal.process import SkyPortal
from schemas.record import AnnotationValue, Classification, SkyPortalAlert
from sink.routing.routes import Route, read

ORIGIN = "Fink"
MULTI_MESSENGER = "Fink multi-messenger"
PICTURES = {"new": "cutout_science", "ref": "cutout_template", "sub": "cutout_difference"}
WORTH_WRITING = 0.1
"""A probability that has moved by less may stay as it is."""

TABLES = ("objects", "candidates", "photometry", "annotations", "classifications", "thumbnails", "sources")
EXAMPLES = 3

State = Mapping[str, Any]
Rows = Mapping[str, Counter[Any]]
"""What makes a row, by the kind of row."""


def assert_whole(skyportal: SkyPortal, alerts: Iterable[SkyPortalAlert], *, routes: Path | None = None) -> None:
    """See that SkyPortal holds what ``alerts`` say, and nothing else.

    Each candidate, point, annotation, class and thumbnail once; an annotation and a class (of an origin) as the newest
    alert has them that says something of it; seen by the groups of all alerts that say something of it. Classes that
    another user wrote are not looked at. ``routes`` is a ``routes.toml``.
    """
    wrong = differences(skyportal, skyportal.control.state(), alerts, routes=routes)
    assert not wrong, "\n".join(wrong)


def differences(
    skyportal: SkyPortal, state: State, alerts: Iterable[SkyPortalAlert], *, routes: Path | None = None
) -> Sequence[str]:
    """Return what `assert_whole` complains about, with the state already asked for: a sentence for each kind of row."""
    ways = read(routes)
    routed = [(alert, ways.route(alert.topic, alert.survey)) for alert in alerts]
    held, due = _Held(state, skyportal.token), _due(routed)
    wrong = [sentence for kind in due for sentence in _compare(kind, held.rows[kind], due[kind])]
    return [*wrong, *held.audiences(routed), *held.probabilities(routed)]


def only(state: State, obj_ids: Collection[str]) -> State:
    """Return the state as if no other objects were there."""
    names = {"objects": "id"}
    return {
        table: [row for row in rows if table not in TABLES or row[names.get(table, "obj_id")] in obj_ids]
        for table, rows in state.items()
    }


def annotation_of(alert: SkyPortalAlert) -> dict[str, AnnotationValue]:
    """Return the data of an alert's annotation: what a database of JSON cannot hold is left out."""
    data = {name.replace("\0", ""): _storable(value) for name, value in alert.annotations.items()}
    stamp = {"observed_at": _time(alert)[:-3], "alert_id": alert.alert_id}
    return {name: value for name, value in {**data, **stamp}.items() if value is not None}


def _storable(value: AnnotationValue) -> AnnotationValue:
    if isinstance(value, str):
        return value.replace("\0", "")
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _time(alert: SkyPortalAlert) -> str:
    return alert.observed_at.strftime("%Y-%m-%dT%H:%M:%S.%f")


def _age(alert: SkyPortalAlert) -> tuple[str, int, str]:
    number = int(alert.alert_id) if alert.alert_id.isdecimal() and int(alert.alert_id) < 2**63 else -1
    return _time(alert), number, alert.alert_id


def _origin(alert: SkyPortalAlert) -> str:
    return MULTI_MESSENGER if ":" in alert.alert_id else ORIGIN


def _points(alert: SkyPortalAlert, route: Route) -> Iterator[tuple[object, ...]]:
    curve = alert.photometry
    for row, origin in enumerate(curve.origin):
        measured = curve.mjd[row], curve.fluxerr[row], curve.flux[row], curve.filter[row]
        yield alert.obj_id, route.instrument, str(origin), *measured


def _classes(routed: Iterable[tuple[SkyPortalAlert, Route]]) -> dict[tuple[str, str, str], Classification]:
    """Return the class of each object, origin and taxonomy."""
    found = {}
    for alert, route in sorted(routed, key=lambda one: _age(one[0])):
        if "classification" in route.parts:
            for one in reversed(alert.classifications):  # the first of an origin holds
                found[alert.obj_id, one.origin, route.taxonomy] = one
    return found


def _due(routed: Sequence[tuple[SkyPortalAlert, Route]]) -> Rows:
    newest: dict[tuple[str, str], SkyPortalAlert] = {}
    due: defaultdict[str, set[Any]] = defaultdict(set)
    for kind in TABLES:
        due[kind] = set()
    for alert, route in sorted(routed, key=lambda one: _age(one[0])):
        due["objects"].add(alert.obj_id)
        due["candidates"].add((alert.obj_id, route.filter, route.group, _time(alert)))
        if "photometry" in route.parts:
            due["photometry"].update(_points(alert, route))
        if "annotation" in route.parts:
            newest[alert.obj_id, _origin(alert)] = alert
        if "thumbnail" in route.parts:
            shown = [kind for kind, cutout in PICTURES.items() if getattr(alert, cutout) is not None]
            due["thumbnails"].update((alert.obj_id, kind, alert.survey) for kind in shown)
        if route.save:
            due["sources"].add((alert.obj_id, route.group))
    due["annotations"] = {(*owner, _written(annotation_of(alert))) for owner, alert in newest.items()}
    due["classifications"] = {(*owner, one.name, True, False) for owner, one in _classes(routed).items()}
    return {kind: Counter(rows) for kind, rows in due.items()}


class _Held:
    """The rows of a state, in the words in which alerts say them."""

    def __init__(self, state: State, token: str) -> None:
        (user,) = (one for one in state["users"] if one["token"] == token)
        self._own_group = user["group"]
        self._names = {
            table: {row["id"]: row["name"] for row in state[table]}
            for table in ("filters", "groups", "instruments", "taxonomies")
        }
        self._state = {
            **state,
            "classifications": [r for r in state["classifications"] if r["author_id"] == user["id"]],
        }
        groups = {row["id"]: self._names["groups"].get(row["group_id"], "one that is gone") for row in state["filters"]}
        self.rows: Rows = {
            "objects": Counter(row["id"] for row in state["objects"]),
            "candidates": Counter(
                (row["obj_id"], self._name("filters", row["filter_id"]), groups.get(row["filter_id"]), row["passed_at"])
                for row in state["candidates"]
            ),
            "photometry": Counter(self._point(row) for row in state["photometry"]),
            "annotations": Counter(
                (row["obj_id"], row["origin"], _written(row["data"])) for row in state["annotations"]
            ),
            "classifications": Counter(
                (*self._owner(row), row["classification"], row["ml"], bool(row["votes"]))
                for row in self._state["classifications"]
            ),
            "thumbnails": Counter((row["obj_id"], row["type"], row["survey"]) for row in state["thumbnails"]),
            "sources": Counter(
                (row["obj_id"], self._name("groups", group)) for row in state["sources"] for group in row["groups"]
            ),
        }

    def audiences(self, routed: Sequence[tuple[SkyPortalAlert, Route]]) -> Iterator[str]:
        """Say which rows are not seen by the groups of their alerts, and by no others."""
        due: defaultdict[object, set[str]] = defaultdict(set)
        for alert, route in routed:
            due["object", alert.obj_id].add(route.group)
            if "annotation" in route.parts:
                due["annotation", alert.obj_id, _origin(alert)].add(route.group)
            for one in alert.classifications if "classification" in route.parts else ():
                due["class", alert.obj_id, one.origin, route.taxonomy].add(route.group)
            for point in _points(alert, route):
                due["point", *point].add(route.group)
        keys: list[tuple[object, State]] = [
            *((("annotation", row["obj_id"], row["origin"]), row) for row in self._state["annotations"]),
            *((("class", *self._owner(row)), row) for row in self._state["classifications"]),
        ]
        for key, row in keys:
            if key in due and self._seen_by(row) != due[key]:
                yield f"{key} is seen by {sorted(self._seen_by(row))} and not by {sorted(due[key])}"
        for row in self._state["photometry"]:  # the points of one request have one list of groups
            seen = self._seen_by(row)
            if not due["point", *self._point(row)] <= seen <= due["object", row["obj_id"]]:
                yield f"point {self._point(row)} is seen by {sorted(seen)}"

    def probabilities(self, routed: Sequence[tuple[SkyPortalAlert, Route]]) -> Iterator[str]:
        """Say which classes have a probability that is far from the newest alert's."""
        due = _classes(routed)
        for row in self._state["classifications"]:
            found, wanted = row["probability"], due.get(self._owner(row))
            if wanted is None or found is wanted.probability is None:
                continue
            if found is None or wanted.probability is None or abs(found - wanted.probability) >= WORTH_WRITING:
                yield f"class {self._owner(row)} has the probability {found} and not {wanted.probability}"

    def _point(self, row: State) -> tuple[object, ...]:
        instrument = self._name("instruments", row["instrument_id"])
        return row["obj_id"], instrument, row["origin"], row["mjd"], row["fluxerr"], row["flux"], row["filter"]

    def _owner(self, row: State) -> tuple[str, str, str]:
        return row["obj_id"], row["origin"], self._name("taxonomies", row["taxonomy_id"])

    def _seen_by(self, row: State) -> set[str]:
        return {self._name("groups", group) for group in row["groups"] if group != self._own_group}

    def _name(self, table: str, number: int) -> str:
        return str(self._names[table].get(number, "one that is gone"))


def _written(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True)


def _compare(kind: str, held: Counter[Any], due: Counter[Any]) -> Iterator[str]:
    for what, rows in (("missing", due - held), ("too many", held - due)):
        if rows:
            yield f"{kind}: {rows.total()} of {due.total()} {what}, such as {list(rows.elements())[:EXAMPLES]}"
