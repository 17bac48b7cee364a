"""What may be sent: each rule, and that nothing breaks a request that keeps them all."""

import json
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.convert import FinkSurvey, Source, convert
from schemas.record import Classification, LightCurve, SkyPortalAlert
from sink.delivery import payloads
from sink.delivery.validity import Unsendable, check
from support.in_flight import routed
from support.records import light_curve, skyportal_alert, whole_alert


def curve(**columns: Any) -> LightCurve:
    return replace(light_curve(20.5, 18.25, None), **columns)


def classified(probability: float | None) -> tuple[Classification, ...]:
    return (Classification(name="SN candidate", probability=probability, origin="fink_filters"),)


RIGHT: list[dict[str, Any]] = [
    {},
    *(
        {"obj_id": name}
        for name in (
            "ZTF26aamcbly",
            "170032882292621361",
            "-17",
            "sso_2015_AB123",
            "sso_C/2023_A3".replace("/", "_"),
            "a.b",
            "..a",
            ";:+.-_",
            "0",
            "x" * 300,
        )
    ),
    {"ra": 0.0, "dec": -90.0},
    {"ra": 360.0, "dec": 90.0},
    {"ra": -0.0, "dec": 1e-300},
    {"photometry": light_curve()},
    {"photometry": light_curve(-12.5)},
    {"photometry": light_curve(None, None)},
    {"photometry": light_curve(20.5, origin="alert_fp")},
    {"photometry": light_curve(0.0, 1e12)},
    {"photometry": curve(fluxerr=[5e-324, 1e300, 1.0])},
    {"photometry": curve(ra=[None] * 3, dec=[None] * 3)},
    *({"classifications": classified(probability)} for probability in (None, 0.0, 0.5, 1.0)),
    {"annotations": {"missing": None, "odd": nan, "odder": inf}},
    {"alert_id": "ZTF26aamcbly:S260322a:2461121.9631"},
]

WRONG: list[tuple[dict[str, Any], str]] = [
    *(
        ({"obj_id": name}, "is no name for a source")
        for name in ("", ".", "..", "...", "a b", "a/b", "../a", "a\n", "\na", "ä", "a?b", "a#b", "a%2Fb", "a\0", "①")
    ),
    *(({"ra": ra}, "ra .* is not between 0 and 360") for ra in (-1e-9, 360.000_001, nan, inf, -inf)),
    *(({"dec": dec}, "dec .* is not between -90 and 90") for dec in (-90.000_001, 90.000_001, nan, inf, -inf)),
    *(
        ({"photometry": curve(**{name: [1.0] * 2})}, "the columns of the light curve differ in length")
        for name in ("mjd", "flux", "fluxerr", "ra", "dec")
    ),
    *(
        ({"photometry": curve(**{name: [None] * 4})}, "the columns of the light curve differ in length")
        for name in ("filter", "origin", "program_id")
    ),
    *(({"photometry": curve(mjd=[61_121.0, bad, 61_119.0])}, "a point has no mjd") for bad in (nan, inf, -inf)),
    *(({"photometry": curve(mjd=[61_121.0, bad, 61_119.0])}, "a point has no mjd") for bad in (-1.0, 9.9e6, 1e300)),
    *(
        ({"photometry": curve(fluxerr=[1.0, 1.0, bad])}, "fluxerr is not positive and finite")
        for bad in (0.0, -0.0, -1.0, nan, inf, -inf)
    ),
    *(
        ({"photometry": curve(**{name: [1.0, bad, None]})}, "flux, ra or dec is not finite")
        for name in ("flux", "ra", "dec")
        for bad in (nan, inf, -inf)
    ),
    *(
        ({"classifications": classified(bad)}, "probability .* of 'SN candidate' is not between 0 and 1")
        for bad in (-1e-9, 1.000_001, nan, inf, -inf)
    ),
]


@pytest.mark.parametrize("changes", RIGHT, ids=repr)
def test_what_skyportal_takes_may_be_sent(changes: dict[str, Any]) -> None:
    check(skyportal_alert(**changes))


@pytest.mark.parametrize(("changes", "sentence"), WRONG, ids=repr)
def test_what_skyportal_would_store_or_choke_on_may_not(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unsendable, match=sentence):
        check(skyportal_alert(**changes))


def test_everything_that_is_wrong_is_named_at_once() -> None:
    alert = skyportal_alert(
        obj_id="..", ra=nan, dec=95.0, photometry=curve(fluxerr=[0.0] * 3), classifications=classified(2.0)
    )

    with pytest.raises(Unsendable) as unsendable:
        check(alert)

    assert len(str(unsendable.value).split("; ")) == 5


def test_a_very_long_name_is_not_repeated_whole() -> None:
    with pytest.raises(Unsendable) as unsendable:
        check(skyportal_alert(obj_id="ä" * 1_000_000))

    assert len(str(unsendable.value)) < 1000


def test_a_whole_alert_may_be_sent() -> None:
    check(whole_alert())


@pytest.mark.parametrize("survey", FinkSurvey)
def test_real_alerts_may_be_sent(survey: FinkSurvey, samples: Path) -> None:
    (file,) = samples.glob(f"fink_{survey.value}_*alerts.avro")
    with file.open("rb") as opened:
        packets = [packet for packet in fastavro.reader(opened) if isinstance(packet, dict)]

    for packet in packets:
        check(convert(packet, survey, Source(topic=f"fink_x_{survey.value}")).record)
    assert len(packets) > 1


ANY = st.floats(0.1, 0.9) | st.sampled_from((0.0, 1.0, -1.0, 91.0, 361.0)) | st.floats()
SOME = st.none() | ANY
NAMES = st.text("aZ0_-;:+. /\0", max_size=3) | st.text(max_size=3)


@st.composite
def any_alert(draw: st.DrawFn) -> SkyPortalAlert:
    """Draw a record of the right types whose numbers are any."""
    count = draw(st.integers(0, 3))
    columns: dict[str, Any] = {name: draw(st.lists(ANY, min_size=count, max_size=count)) for name in ("mjd", "fluxerr")}
    columns |= {name: draw(st.lists(SOME, min_size=count, max_size=count)) for name in ("flux", "ra", "dec")}
    return skyportal_alert(
        obj_id=draw(NAMES),
        ra=draw(ANY),
        dec=draw(ANY),
        photometry=LightCurve(filter=["ztfr"] * count, origin=[None] * count, program_id=[1] * count, **columns),
        classifications=classified(draw(SOME)),
    )


@given(alert=any_alert())
def test_what_may_be_sent_makes_requests_of_json(alert: SkyPortalAlert) -> None:
    try:
        check(alert)
    except Unsendable:
        return
    one = routed(**{name: getattr(alert, name) for name in ("obj_id", "ra", "dec", "photometry", "classifications")})
    audience = ((one.destination.group_id,), (one.destination.stream_id,))
    rows = [payloads.new_classification(alert.obj_id, found, 1, {1}) for found in alert.classifications]
    requests = [
        payloads.candidate([one]),
        *payloads.photometry([one], audience),
        payloads.new_classifications(rows),
        payloads.show(alert.obj_id),
    ]

    for request in requests:
        json.dumps(request.body, allow_nan=False)
        assert request.path.isascii()
        assert request.path.isprintable()
