"""Which records share a request."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from sink.delivery.held import Audience
from sink.delivery.payloads import MOST_ROWS, unsent
from sink.routing.routed import Routed


def candidates(routed: Iterable[Routed]) -> list[list[Routed]]:
    """Group the records that make one candidate request: one object at one time, in all its topics.

    A record under suspicion is alone: only then is a second refusal about it.
    """
    groups: defaultdict[object, list[Routed]] = defaultdict(list)
    for one in routed:
        alert = one.alert
        suspect = id(one.item) if one.item.suspicion else None
        groups[alert.obj_id, alert.observed_at, suspect].append(one)
    return list(groups.values())


def audience(routed: Iterable[Routed]) -> Audience:
    """Return who may see the points of ``routed`` when they are sent in one request."""
    destinations = [one.destination for one in routed]
    groups = sorted({destination.group_id for destination in destinations})
    streams = sorted({destination.stream_id for destination in destinations})
    return tuple(groups), tuple(streams)


def photometry(routed: Sequence[Routed]) -> Iterator[list[Routed]]:
    """Group the records whose points go into one photometry request: many objects, one audience, few rows.

    The audience of an object is that of all its records here. Records of one object stay together as far as the
    number of rows allows; a record under suspicion is alone.
    """
    objects: defaultdict[str, list[Routed]] = defaultdict(list)
    for one in routed:
        objects[one.alert.obj_id].append(one)
    audiences: defaultdict[Audience, list[Routed]] = defaultdict(list)
    for records in objects.values():
        audiences[audience(records)].extend(records)
    for seen_by, records in audiences.items():
        yield from _chunks(records, seen_by)


def _chunks(records: Iterable[Routed], seen_by: Audience) -> Iterator[list[Routed]]:
    chunk: list[Routed] = []
    rows: set[object] = set()  # histories of one object overlap
    for one in records:
        if one.item.suspicion:
            yield [one]
            continue
        points = {one.point_key(row) for row in unsent(one, seen_by)}
        if chunk and len(rows | points) > MOST_ROWS:
            yield chunk
            chunk, rows = [], set()
        chunk.append(one)
        rows |= points
    if chunk:
        yield chunk
