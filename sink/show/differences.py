"""Where the topic and SkyPortal differ, in sentences: what is missing, and what that may come from."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from sink.delivery.rank import Rank, rank_of, utc
from sink.show.in_skyportal import InSkyPortal, PointKey
from sink.show.records import InTopic, Record

PURGED = "SkyPortal deletes what nobody saved some days after its creation; or somebody has deleted it"


def has_candidate(record: Record, held: InSkyPortal) -> bool:
    """Say whether SkyPortal shows the candidate that a record makes by the routes of now."""
    passed_at = utc(record.alert.observed_at)
    shown = {(one.filter, one.group, one.passed_at) for one in held.candidates}
    return any((route.filter, route.group, passed_at) in shown for route in record.route)


def differences(obj_id: str, topic: InTopic, held: InSkyPortal, *, origins: tuple[str, str]) -> Iterator[str]:
    """Yield a sentence for each difference that should not be, and for what explains others.

    ``origins`` are those of an object's own annotations, and of the ones that join it to an event.
    """
    settled = [one for one in topic.records if _should_be_there(one)]
    waiting = [one for one in topic.records if not one.place.is_settled]
    if waiting:
        yield f"{_count(waiting, 'record waits', 'records wait')} for a sink: {_such(waiting)}"
    if settled and not held.exists:
        yield (
            f"SkyPortal has no such object, though the group has passed {_count(settled, 'record', 'records')} of it: "
            f"{PURGED}. {_again(obj_id, settled)}"
        )
    if held.exists:
        yield from _candidates(obj_id, topic.records, settled, held)
        yield from _points(settled, held)
        yield from _annotations(settled, held, origins)
        yield from _classes(held)
        yield from _saved(settled, held)


def _should_be_there(record: Record) -> bool:
    return record.place.is_settled and bool(record.route) and not record.unwanted and not record.place.is_rejected


def _candidates(obj_id: str, records: Sequence[Record], settled: Sequence[Record], held: InSkyPortal) -> Iterator[str]:
    missing = [one for one in settled if not has_candidate(one, held)]
    if missing:
        filters = sorted({route.filter for one in missing for route in one.route})
        yield (
            f"{_count(missing, 'passed record has', 'passed records have')} no candidate of {', '.join(filters)}: "
            f"{_such(missing)}. {PURGED}, its filter is not open to the bot, or another route led elsewhere when it "
            f"was delivered. {_again(obj_id, missing)}"
        )
    times = {utc(one.alert.observed_at) for one in records}
    others = sum(one.passed_at not in times for one in held.candidates)
    if others:
        yield f"{others} of SkyPortal's candidates have no record here: they are older than what was read, or not ours"


def _points(settled: Sequence[Record], held: InSkyPortal) -> Iterator[str]:
    sent = {key for one in settled if _sends(one, "photometry") for key in _keys(one)}
    missing = len(sent - held.point_keys)
    if missing:
        yield (
            f"{missing} of {len(sent)} points of the passed records are not in SkyPortal: purged with the object, "
            "which was created anew since, put aside, or not open to the bot"
        )


def _annotations(settled: Sequence[Record], held: InSkyPortal, origins: tuple[str, str]) -> Iterator[str]:
    shown = {one.origin: one.rank for one in held.annotations}
    newest: dict[str, Rank] = {}
    for one in settled:
        if _sends(one, "annotation"):
            origin = origins[":" in one.alert.alert_id]
            newest[origin] = max(rank_of(one.alert), newest.get(origin, rank_of(one.alert)))
    for origin, rank in newest.items():
        if origin not in shown:
            yield f"there is no annotation of {origin}, though records were passed that carry it"
        elif shown[origin] < rank:
            yield (
                f"the annotation of {origin} is of alert {shown[origin].alert_id or 'nobody knows which'}, "
                f"older than the newest passed record, of alert {rank.alert_id}"
            )


def _classes(held: InSkyPortal) -> Iterator[str]:
    ours = Counter((one.origin, one.taxonomy_id) for one in held.classes if one.is_ours)
    for (origin, _taxonomy), number in ours.items():
        if number > 1:
            yield f"there are {number} classes of ours of {origin}: the object's next alert deletes the younger ones"


def _saved(settled: Sequence[Record], held: InSkyPortal) -> Iterator[str]:
    wanted = {route.group for one in settled for route in one.route if route.save}
    if missing := sorted(wanted - set(held.saved_to)):
        yield f"its route saves it to {', '.join(missing)}, where it is not: somebody has taken it out, or it is purged"


def _sends(record: Record, part: str) -> bool:
    return any(part in route.parts for route in record.route)


def _keys(record: Record) -> Iterator[PointKey]:
    curve = record.alert.photometry
    return zip(curve.mjd, curve.fluxerr, curve.flux, strict=True)


def _such(records: Sequence[Record]) -> str:
    places = [f"{one.place.partition}:{one.place.offset}" for one in records]
    return ", ".join(places[:3]) + (", ..." if len(places) > 3 else "")  # noqa: PLR2004  # enough to look for


def _count(records: Sequence[Record], one: str, many: str) -> str:
    return f"{len(records)} {one if len(records) == 1 else many}"


def _again(obj_id: str, records: Sequence[Record]) -> str:
    first = min(one.place.appended_at for one in records)
    since = first.replace(microsecond=0, tzinfo=None).isoformat()
    return f"`python -m sink replay --since {since} --object {shlex.quote(obj_id)}` delivers it again"
