"""The rows that SkyPortal holds, in the words in which the messages say them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from demo.expectation.rows import Candidate, Class, Facts, Owner, Point, Thumbnail, passed_at

Annotation = tuple[Owner, str, tuple[str, ...]]
"""Owner, then the data as `written`, and the names of the groups that see it."""

Classification = tuple[Owner, Class, str, bool, tuple[str, ...]]
"""Owner and class, then the taxonomy's name, whether a machine gave it, and the groups that see it."""


class Held:
    """Rows of `Control.state()`: doubled ones as often as SkyPortal holds them."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = state
        self._filters = _names(state["filters"])
        self._instruments = _names(state["instruments"])
        self._groups = _names(state["groups"])
        self._taxonomies = _names(state["taxonomies"])

    @property
    def objects(self) -> int:
        """How many objects there are."""
        return len(self._state["objects"])

    def candidates(self) -> list[Candidate]:
        """Return the candidates."""
        return [
            (row["obj_id"], self._filters[row["filter_id"]], passed_at(datetime.fromisoformat(row["passed_at"])))
            for row in self._state["candidates"]
        ]

    def points(self) -> list[tuple[Point, str]]:
        """Return the points, each with its bandpass."""
        return [(self._point(row), row["filter"]) for row in self._state["photometry"]]

    def annotations(self) -> list[Annotation]:
        """Return the annotations."""
        return [
            ((row["obj_id"], row["origin"]), written(row["data"]), self._seen_by(row["groups"]))
            for row in self._state["annotations"]
        ]

    def classifications(self) -> list[Classification]:
        """Return the classifications."""
        return [
            (
                (row["obj_id"], str(row["origin"])),
                (row["classification"], row["probability"]),
                self._taxonomies.get(row["taxonomy_id"], "one that is gone"),
                row["ml"],
                self._seen_by(row["groups"]),
            )
            for row in self._state["classifications"]
        ]

    def thumbnails(self) -> list[Thumbnail]:
        """Return the thumbnails."""
        return [(row["obj_id"], row["type"]) for row in self._state["thumbnails"]]

    def _point(self, row: Mapping[str, Any]) -> Point:
        instrument = self._instruments[row["instrument_id"]]
        return row["obj_id"], instrument, row["origin"], row["mjd"], row["fluxerr"], row["flux"]

    def _seen_by(self, groups: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted(self._groups.get(number, "one that is gone") for number in groups))


def written(facts: Facts) -> str:
    """Return the data of an annotation as one text in JSON: equal if, and only if, every key and value is."""
    return json.dumps({key: _plain(value) for key, value in facts.items()}, sort_keys=True)


def _plain(value: object) -> object:
    """Return a number as JSON's readers see it, to whom 1 and 1.0 are the same, and true is neither."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _names(rows: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    return {row["id"]: row["name"] for row in rows}
