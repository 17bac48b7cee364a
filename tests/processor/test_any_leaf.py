"""One value of a whole packet after another, replaced by each way in which it could be missing or wrong."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_rules import is_none, plain

from demo.fink import Survey, night
from processor.convert import FinkSurvey, MoreAnnotations, Source, Unconvertible, convert
from schemas import codec

Path = tuple[str | int, ...]
Packet = dict[str, Any]

EVERYTHING = MoreAnnotations(["*"])

REQUIRED: dict[str, set[Path]] = {
    "ztf": {("objectId",), *(("candidate", name) for name in ("jd", "fid", "ra", "dec"))},
    "lsst": {("diaSource", "midpointMjdTai"), ("diaSource", "band")},
    "moving": {("diaSource", name) for name in ("midpointMjdTai", "band", "ra", "dec")},
    "joined": {(name,) for name in ("objectId", "triggerId", "ztf_ra", "ztf_dec", "jd")},
}
"""Without which an alert is none. Ids and designations stand in a packet twice."""

FOR_WHOM = {"ztf": FinkSurvey.ZTF, "lsst": FinkSurvey.LSST, "moving": FinkSurvey.LSST, "joined": FinkSurvey.ZTF}


def _packets() -> dict[str, Packet]:
    """Return a whole packet of each kind, one of a history's points kept: copying and writing take most of the time."""
    found = {
        "ztf": _first(lambda one: bool(one.get("prv_candidates")) and "candidate" in one),
        "lsst": _first(lambda one: bool(one.get("prvDiaForcedSources") and one.get("prvDiaSources"))),
        "moving": _first(lambda one: bool(one.get("pred", {}).get("is_sso"))),
        "joined": _first(lambda one: "triggerId" in one, surveys=("ztf",)),
    }
    for packet in found.values():
        packet.update({name: value[-1:] for name, value in packet.items() if isinstance(value, list)})
        packet.update({name: value[:2_880] for name, value in packet.items() if isinstance(value, bytes)})
    return found


def _first(is_wanted: Callable[[Packet], bool], surveys: Sequence[Survey] = ("ztf", "lsst")) -> Packet:
    """Return the first packet of a night that ``is_wanted``; no alert is made after it."""
    return next(alert.packet for alert in night(seed=7, alerts=400, surveys=surveys) if is_wanted(alert.packet))


PACKETS = _packets()


def paths(value: Any, prefix: Path = ()) -> Iterator[Path]:
    """Yield the path of every value, records and arrays among them."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*prefix, name)
        yield from paths(one, (*prefix, name))


ABSENT = object()


def replaced(packet: Any, path: Path, value: Any) -> Any:
    """Return a packet that is ``packet`` but for one place; as it is, if there is no such place any more."""
    step, *rest = path
    if step not in (packet if isinstance(packet, dict) else range(len(packet)) if isinstance(packet, list) else ()):
        return packet
    changed = packet.copy()
    if rest:
        changed[step] = replaced(packet[step], tuple(rest), value)
    elif value is ABSENT:
        del changed[step]
    else:
        changed[step] = value
    return changed


def record_of(kind: str, packet: Packet) -> Any:
    """Convert, and assert what every record promises."""
    conversion = convert(packet, FOR_WHOM[kind], Source(topic="fink_in_tns_lsst"), EVERYTHING)
    alert, curve = conversion.record, conversion.record.photometry
    for number in (alert.ra, alert.dec, alert.score, *curve.mjd, *curve.flux, *curve.fluxerr, *curve.ra, *curve.dec):
        assert number is None or math.isfinite(number)
    assert all(error > 0 for error in curve.fluxerr)
    assert [path for path, value in alert.annotations.items() if is_none(value) and path != "fink_filters.class"] == []
    assert codec.encode(alert)
    return alert


@pytest.mark.parametrize("kind", PACKETS)
def test_a_null_in_any_place_costs_at_most_what_it_is_of(kind: str) -> None:
    packet = PACKETS[kind]
    refused = set()
    for path in paths(packet):
        try:
            found = record_of(kind, replaced(packet, path, None))
        except Unconvertible:
            refused.add(path)
        else:
            assert found.survey in {"ZTF", "LSST"}

    whole_structs = {(path[0],) for path in REQUIRED[kind]}
    assert REQUIRED[kind] <= refused
    assert refused <= REQUIRED[kind] | whole_structs


@pytest.mark.parametrize("kind", PACKETS)
def test_an_absent_field_in_any_place_costs_at_most_what_it_is_of(kind: str) -> None:
    packet = PACKETS[kind]
    refused = set()
    for path in paths(packet):
        try:
            record_of(kind, replaced(packet, path, ABSENT))
        except Unconvertible:
            refused.add(path)

    assert refused <= REQUIRED[kind] | {(path[0],) for path in REQUIRED[kind]}


VALUES = (
    *("", " ", "nan", "Unknown", "Fail 503", "a text", "\0"),
    *(math.nan, math.inf, -1, -999.0, 0, True, 2**63 - 1, 1e308, 10**400),
    *(b"bytes", [], {}, [None], [["a", 1]], {"a": None}),
)


@pytest.mark.parametrize("kind", PACKETS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_any_value_in_any_place_gives_a_sound_record_or_a_refusal(kind: str, value: Any) -> None:
    packet = PACKETS[kind]
    converted = 0
    for path in paths(packet):
        try:
            record_of(kind, replaced(packet, path, value))
        except Unconvertible:
            continue
        converted += 1

    assert converted > 20


@settings(max_examples=150)
@given(
    kind=st.sampled_from(sorted(PACKETS)),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from([None, *VALUES])), max_size=8),
)
def test_any_values_in_several_places_give_a_sound_record_or_a_refusal(kind: str, changes: list[Any]) -> None:
    packet = PACKETS[kind]
    places = list(paths(packet))
    for place, value in changes:
        packet = replaced(packet, places[place % len(places)], value)
    with suppress(Unconvertible):
        alert = record_of(kind, packet)
        json.dumps(dict(alert.annotations), allow_nan=False)
        assert plain(codec.decode(codec.encode(alert))) == plain(alert)


@pytest.mark.parametrize("big", [2**53 + 1, 3367463101415010117, 2**63 - 1])
def test_an_id_beyond_what_a_float_holds_is_itself_to_the_last_digit(big: int) -> None:
    ztf = record_of("ztf", {**PACKETS["ztf"], "candid": big})
    lsst = record_of("lsst", replaced({**PACKETS["lsst"], "diaSourceId": big}, ("diaObject", "diaObjectId"), big - 1))

    assert ztf.alert_id == ztf.annotations["candid"] == str(big)
    assert (lsst.alert_id, lsst.obj_id) == (str(big), str(big - 1))
