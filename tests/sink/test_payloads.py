"""What SkyPortal is asked, to the last field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.record import LightCurve, instant
from sink.delivery import payloads
from sink.delivery.held import Audience, Held
from sink.delivery.payloads import MOST_ROWS
from sink.delivery.rank import utc
from support.in_flight import destination, routed
from support.records import light_curve

AUDIENCE: Audience = ((7,), (1,))


def rows(*curves: LightCurve, **changes: Any) -> dict[str, Any]:
    """Return the only photometry request for alerts with these light curves."""
    requests = list(payloads.photometry([routed(photometry=curve, **changes) for curve in curves], AUDIENCE))
    assert len(requests) == 1
    assert requests[0].body is not None
    return dict(requests[0].body)


def test_a_candidate_carries_the_position_the_filters_and_the_alert() -> None:
    request = payloads.candidate([routed(to=destination(filter_id=9)), routed(to=destination(filter_id=2))])

    assert request.endpoint == "POST /api/candidates"
    assert request.body == {
        "id": "ZTF26aamcbly",
        "ra": 150.1,
        "dec": 2.2,
        "filter_ids": [2, 9],
        "passed_at": "2026-03-22T11:06:52.004",
        "passing_alert_id": 3367463101415010117,
    }


def test_the_position_of_a_known_object_is_left_out() -> None:
    request = payloads.candidate([routed(held=Held(exists=True))])

    assert request.body is not None
    assert {"ra", "dec"}.isdisjoint(request.body)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 3, 22, 11, 6, 52, 4000, tzinfo=UTC), "2026-03-22T11:06:52.004"),
        (datetime(2026, 3, 22, tzinfo=UTC), "2026-03-22T00:00:00.000"),
        (instant(61_121.5), "2026-03-22T12:00:00.000"),
        (instant(61_121 + 1e-9), "2026-03-22T00:00:00.000"),
        (instant(61_121.999_999_999), "2026-03-23T00:00:00.000"),
    ],
)
def test_times_are_naive_utc_with_whole_milliseconds(time: datetime, text: str) -> None:
    assert utc(time) == text


@pytest.mark.parametrize(
    ("alert_id", "sent"),
    [
        ("3367463101415010117", 3367463101415010117),
        ("9223372036854775807", 9223372036854775807),
        ("0", 0),
        ("9223372036854775808", None),
        ("ZTF26aaaaaaa:bn260322:2461121.9", None),
        ("", None),
        ("-5", None),
        ("²", None),
        ("9" * 5000, None),
    ],
)
def test_only_an_id_that_skyportal_can_keep_is_sent(alert_id: str, sent: int | None) -> None:
    body = payloads.candidate([routed(alert_id=alert_id)]).body

    assert body is not None
    assert body.get("passing_alert_id") == sent


def test_of_two_alerts_at_one_time_the_same_is_named_in_any_order() -> None:
    two = [routed(alert_id="9"), routed(alert_id="10")]

    assert payloads.candidate(two) == payloads.candidate(two[::-1])


def test_points_are_sent_as_columns_in_microjansky() -> None:
    body = rows(light_curve(20.5, -3.25, None, origin="alert_fp", mjd=61_121.25))

    assert body == {
        "obj_id": ["ZTF26aamcbly"] * 3,
        "instrument_id": [1] * 3,
        "mjd": [61_121.25, 61_120.25, 61_119.25],
        "filter": ["ztfr"] * 3,
        "flux": [20.5, -3.25, None],
        "fluxerr": [1.25] * 3,
        "ra": [150.1, 150.1, None],
        "dec": [2.2, 2.2, None],
        "origin": ["alert_fp"] * 3,
        "zp": 23.9,
        "magsys": "ab",
        "group_ids": [7],
        "stream_ids": [1],
    }


@pytest.mark.parametrize(
    ("one", "other", "rows_sent"),
    [
        pytest.param(light_curve(20.5), light_curve(20.5), 1, id="the same point"),
        pytest.param(light_curve(None), light_curve(None), 1, id="the same upper limit"),
        pytest.param(light_curve(20.5), light_curve(20.5, band="ztfg"), 1, id="the band is not in the key"),
        pytest.param(light_curve(0.0), light_curve(-0.0), 1, id="minus zero is zero"),
        pytest.param(light_curve(20.5), light_curve(20.5, origin=""), 1, id="an empty origin is none"),
        pytest.param(light_curve(20.5), light_curve(20.5, origin="alert_fp"), 2, id="another origin"),
        pytest.param(light_curve(20.5), light_curve(20.500000000000004), 2, id="the next float"),
        pytest.param(light_curve(20.5), light_curve(20.5, mjd=61_121.0), 2, id="another time"),
        pytest.param(light_curve(20.5), light_curve(None), 2, id="a detection and a limit"),
    ],
)
def test_what_skyportal_takes_for_one_point_is_in_a_request_once(
    one: LightCurve, other: LightCurve, rows_sent: int
) -> None:
    assert len(rows(one, other)["mjd"]) == rows_sent


def test_the_same_point_of_two_objects_or_two_instruments_is_two_points() -> None:
    records = [routed(), routed(obj_id="ZTF26other"), routed(to=destination(instrument_id=2))]

    (request,) = payloads.photometry(records, AUDIENCE)

    assert request.body is not None
    assert len(request.body["mjd"]) == 9


def test_a_request_has_no_more_rows_than_others_can_bear() -> None:
    records = [routed(photometry=light_curve(*map(float, range(MOST_ROWS + 1))))]

    requests = list(payloads.photometry(records, AUDIENCE))

    bodies = [request.body or {} for request in requests]
    assert [len(body["mjd"]) for body in bodies] == [MOST_ROWS, 1]
    assert {len(column) for column in bodies[1].values() if isinstance(column, list)} == {1}


@pytest.mark.parametrize(("groups", "streams"), [(60, 1), (1, 60)])
def test_many_groups_or_streams_mean_fewer_rows(groups: int, streams: int) -> None:
    audience: Audience = (tuple(range(groups)), tuple(range(streams)))
    records = [routed(photometry=light_curve(*map(float, range(600))))]

    bodies = [request.body or {} for request in payloads.photometry(records, audience)]

    assert sum(len(body["mjd"]) for body in bodies) == 600
    assert all(len(body["mjd"]) * (max(groups, streams) + 1) * 4 <= 65_535 for body in bodies)


def test_an_alert_without_points_asks_for_nothing() -> None:
    assert list(payloads.photometry([routed(photometry=light_curve())], AUDIENCE)) == []


def test_the_same_records_give_the_same_request() -> None:
    assert rows(light_curve(1.0, None), obj_id="x") == rows(light_curve(1.0, None), obj_id="x")
