"""What `show` says to a program: the same as its lines, as values for JSON."""

from collections.abc import Sequence
from typing import Any

from runtime.redrive.letter import Letter
from sink.delivery.rank import utc
from sink.show.differences import has_candidate
from sink.show.in_skyportal import InSkyPortal
from sink.show.records import InTopic, Place, Record


def document(obj_id: str, topic: InTopic, held: Sequence[InSkyPortal], wrong: Sequence[str]) -> dict[str, Any]:
    """Return the same as values for JSON; ``skyportal`` is empty if it did not answer."""
    return {
        "obj_id": obj_id,
        "records": [_record_values(record, held) for record in topic.records],
        "unreadable": [_place_values(one.place) | {"reason": one.reason} for one in topic.oddities],
        "older_records_left_out": topic.left_out,
        "other_dead_letters": [_letter_values(letter) for letter in topic.older_letters],
        "skyportal": _held_values(held[0]) if held else {},
        "differences": list(wrong),
    }


def _place_values(place: Place) -> dict[str, Any]:
    return {
        "partition": place.partition,
        "offset": place.offset,
        "appended_at": place.appended_at.isoformat(timespec="milliseconds"),
        "state": place.state,
        "dead_letters": [_letter_values(letter) for letter in place.letters],
    }


def _letter_values(letter: Letter) -> dict[str, Any]:
    why = letter.why
    return {
        "id": letter.id,
        "put_aside_at": letter.put_aside_at.isoformat(timespec="milliseconds"),
        "stage": why.stage,
        "part": why.part,
        "reason": why.reason,
        "text": why.message,
    }


def _record_values(record: Record, held: Sequence[InSkyPortal]) -> dict[str, Any]:
    alert = record.alert
    return _place_values(record.place) | {
        "topic": alert.topic,
        "alert_id": alert.alert_id,
        "observed_at": utc(alert.observed_at),
        "points": len(alert.photometry),
        "score": alert.score,
        "classes": [
            {"name": one.name, "probability": one.probability, "origin": one.origin} for one in alert.classifications
        ],
        "not_sent_because": record.unwanted,
        "has_candidate": bool(held) and has_candidate(record, held[0]),
    }


def _held_values(held: InSkyPortal) -> dict[str, Any]:
    return {
        "exists": held.exists,
        "saved_to": list(held.saved_to),
        "candidates": [
            {"filter": one.filter, "group": one.group, "passed_at": one.passed_at, "alert_id": one.alert_id}
            for one in held.candidates
        ],
        "points": [
            {"filter": band, "origin": origin, "number": number} for (band, origin), number in held.points.items()
        ],
        "annotations": [
            {
                "origin": one.origin,
                "observed_at": one.rank.observed_at,
                "alert_id": one.rank.alert_id,
                "groups": list(one.groups),
            }
            for one in held.annotations
        ],
        "classes": [
            {
                "name": one.name,
                "probability": one.probability,
                "origin": one.origin,
                "author": one.author,
                "is_ours": one.is_ours,
                "groups": list(one.groups),
            }
            for one in held.classes
        ],
        "thumbnails": list(held.thumbnails),
    }
