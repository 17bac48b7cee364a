"""A sink that is asked to leave goes in time, whatever it waits for; the next one ends what it began, once."""

from typing import Any

import pytest

from demo.skyportal.process import SkyPortal
from support.kafka import publish_records, until
from support.processes import LEAVING_S
from support.records import whole_alert
from support.sink import (
    environment,
    letters,
    running_sink,
    until_ready,
    until_settled,
    until_unready,
)
from support.skyportal import answered
from support.whole import assert_whole

NEVER_S = "600"
LASTING = [
    pytest.param("database_down", {}, "skyportal: ", id="in an outage"),
    pytest.param("token_revoked", {}, "skyportal: .*SKYPORTAL_TOKEN", id="halted"),
    pytest.param("redirect", {"method": "PUT", "path": "/api/photometry"}, "skyportal: ", id="halted half way"),
]


@pytest.mark.parametrize(("kind", "options", "sentence"), LASTING)
def test_a_sink_leaves_though_it_waits_for_skyportal(
    kind: str, options: dict[str, Any], sentence: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = [whole_alert(obj_id=f"ZTF26aa{number:05d}") for number in range(6)]
    settings = environment(
        broker, topic, skyportal, SKYPORTAL_HALTED_PAUSE_S=NEVER_S, SKYPORTAL_LONGEST_PAUSE_S=NEVER_S
    )

    with running_sink(settings) as sink:
        until_ready(sink)
        skyportal.control.fault(kind, **options)
        publish_records(broker, topic, alerts)
        until_unready(sink, sentence)
        assert sink.stop(LEAVING_S) == 0
        assert "Traceback" not in sink.output
        assert sink.output.splitlines()[-1].endswith("INFO sink stopped")

    skyportal.control.mend()
    with running_sink(settings):
        until_settled(broker, topic)
    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []


@pytest.mark.parametrize(
    ("path", "applied"),
    [
        ("/api/classification", True),
        ("/api/classification", False),
        ("/api/sources/*/annotations", True),
        ("/api/thumbnail", True),
    ],
)
def test_a_write_that_hangs_is_left_behind_and_is_there_once(
    path: str,
    applied: bool,  # noqa: FBT001  # a table
    broker: str,
    topic: str,
    skyportal: SkyPortal,
) -> None:
    alerts = [whole_alert(obj_id=f"ZTF26aa{number:05d}") for number in range(3)]
    settings = environment(broker, topic, skyportal, SINK_CONCURRENCY="1")

    with running_sink(settings) as sink:
        until_ready(sink)
        fault = skyportal.control.fault("hang", method="POST", path=path, applied=applied)
        publish_records(broker, topic, alerts)
        until(lambda: answered(skyportal, fault) > 0, "a write that hangs")
        assert sink.stop(LEAVING_S) == 0
        assert "Traceback" not in sink.output

    skyportal.control.mend()
    with running_sink(settings):
        until_settled(broker, topic)
    assert_whole(skyportal, alerts)
    assert letters(broker, topic) == []
