"""What is wrong in an alert is kept from SkyPortal, or from the alerts beside it; the rest arrives whole."""

import math
from dataclasses import replace
from typing import Any

from demo.skyportal.process import SkyPortal
from schemas import codec
from schemas.record import LightCurve
from support.kafka import publish_records
from support.records import MJD, light_curve, some_alerts, whole_alert
from support.sink import (
    assert_never_left_the_group,
    environment,
    letters,
    metric,
    running_sink,
    until_ready,
    until_settled,
)
from support.whole import annotation_of, assert_whole


def test_a_point_whose_flux_differs_in_the_last_digit_is_another_point(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = [
        whole_alert(0, photometry=light_curve(20.5, 18.25)),
        whole_alert(1, photometry=light_curve(20.5, math.nextafter(18.25, math.inf))),
        whole_alert(2, photometry=twice(20.5, math.nextafter(20.5, math.inf))),
    ]

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts)
        until_settled(broker, topic)

    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []


def twice(*fluxes: float) -> LightCurve:
    """Return a light curve of points at one time."""
    return replace(light_curve(*fluxes), mjd=[MJD] * len(fluxes))


def test_a_point_that_stands_twice_in_a_light_curve_is_one(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alert = whole_alert(photometry=twice(20.5, 20.5))

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [alert])
        until_settled(broker, topic)

    assert len(skyportal.control.state()["photometry"]) == 1
    assert_whole(skyportal, [alert])


UNSENDABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"obj_id": ".."}, "check", "obj_id '..'"),
    ({"obj_id": "."}, "check", "obj_id '.'"),
    ({"obj_id": "a/b"}, "decode", "obj_id is 'a/b'"),
    ({"obj_id": "a b"}, "decode", "obj_id is 'a b'"),
    ({"obj_id": ""}, "decode", "obj_id is ''"),
    ({"obj_id": "ZTF26?includePhotometry=true"}, "decode", "obj_id"),
    ({"ra": 400.0}, "check", "ra 400"),
    ({"ra": -0.5}, "check", "ra -0.5"),
    ({"dec": 95.0}, "check", "dec 95"),
    ({"dec": math.nan}, "decode", "position"),
    ({"photometry": replace(light_curve(20.5), fluxerr=[0.0])}, "check", "fluxerr"),
    ({"photometry": replace(light_curve(20.5), fluxerr=[-1.25])}, "check", "fluxerr"),
    ({"photometry": replace(light_curve(20.5), fluxerr=[math.inf])}, "decode", "fluxerr"),
    ({"photometry": light_curve(math.nan)}, "decode", "flux"),
    ({"photometry": light_curve(20.5, mjd=math.nan)}, "decode", "mjd"),
    ({"classifications": (replace(whole_alert().classifications[0], probability=1.6),)}, "check", "probability"),
    ({"classifications": (replace(whole_alert().classifications[0], probability=math.nan),)}, "check", "probability"),
]
"""What is wrong, where it is found, and what the dead letter says of it."""


def test_what_skyportal_would_take_and_should_not_is_put_aside_unsent(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    good = some_alerts(10)
    bad = [replace(whole_alert(obj_id=f"ZTF26bad{number}"), **wrong) for number, (wrong, *_) in enumerate(UNSENDABLE)]

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [*good[:5], *bad, *good[5:]])
        until_settled(broker, topic)
        assert_never_left_the_group(sink)
        for stage in ("check", "decode"):
            wanted = sum(where == stage for _, where, _ in UNSENDABLE)
            assert metric(sink, f'sink_dead_letters_total{{stage="{stage}"}}') == wanted

    found = {message.value: letter for message, letter in letters(broker, topic)}
    assert len(found) == len(bad)
    for alert, (wrong, stage, words) in zip(bad, UNSENDABLE, strict=True):
        letter = found[codec.encode(alert)]
        assert letter.stage == stage, wrong
        assert words in letter.message
        assert letter.answer is None
    named = {name for request in skyportal.control.requests() for name in request["obj_ids"]}
    assert named == {alert.obj_id for alert in good}
    assert_whole(skyportal, good)


def test_an_annotation_without_what_no_database_of_json_holds_arrives(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    odd = {
        "nan": math.nan,
        "infinite": -math.inf,
        "nul": "a\0b",
        "k\0ey": 1,
        "only nul": "\0",
        "large": 2**62,
        "long": "µ" * 10_000,
        "backslash": "\\u0000",
        "emoji \N{COLLISION SYMBOL}": "\N{COLLISION SYMBOL}",
        "observed_at": "another",
    }
    alert = whole_alert(annotations=odd)

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [alert, whole_alert(obj_id="ZTF26other")])
        until_settled(broker, topic)

    assert letters(broker, topic) == []
    assert annotation_of(alert).keys().isdisjoint({"nan", "infinite"})
    assert annotation_of(alert)["nul"] == "ab"
    assert annotation_of(alert)["key"] == 1
    assert_whole(skyportal, [alert, whole_alert(obj_id="ZTF26other")])
