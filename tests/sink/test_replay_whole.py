"""A replay beside a live sink, as two processes: each alert once, the newest kept, whatever ends the replay."""

import re
from dataclasses import replace

from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert
from support.kafka import create_topic, publish_records, until
from support.processes import Command, running
from support.records import AMBIGUOUS, SUPERNOVA, Classification, some_alerts
from support.replay import publish_passed
from support.sink import assert_never_left_the_group, environment, letters, running_sink, until_settled
from support.skyportal import accepted, answered
from support.whole import assert_whole

OBJECTS = 15
PAST = 150


def night(count: int, *, first: int = 0) -> list[SkyPortalAlert]:
    """Return different alerts, each of which changes its object's annotation and class."""
    alerts = some_alerts(count, first=first, objects=OBJECTS)
    return [
        replace(
            alert,
            annotations={"number": number},
            classifications=(
                Classification(name=(SUPERNOVA, AMBIGUOUS)[number // OBJECTS % 2], probability=0.5, origin="fink"),
            ),
        )
        for number, alert in enumerate(alerts, start=first)
    ]


def replayed(replay: Command) -> bool:
    return replay.process.poll() is not None


def test_a_replay_beside_a_live_sink_brings_back_what_was_purged_once_and_keeps_the_newest(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    past, live = night(PAST), night(30, first=PAST)
    settings = environment(broker, topic, skyportal)
    create_topic(broker, topic, 4)
    create_topic(broker, f"{topic}.rejected")
    publish_records(broker, topic, past)

    with running_sink(settings) as sink:
        until_settled(broker, topic)
        assert len(skyportal.control.purge()) == OBJECTS
        command = ["sink", "replay", "--since", "2026-01-01", "--rate", "100", "--yes"]
        fault = skyportal.control.fault("hang", method="POST", path="/api/candidates", after=PAST // 3, count=1)
        with running(command, settings) as first:
            until(lambda: answered(skyportal, fault) > 0, "a part of the replay")
            publish_records(broker, topic, live[:10])
            first.kill()
        skyportal.control.mend()
        with running(command, settings) as second:
            until(lambda: "goes on with a replay that was stopped" in second.output, "the second replay")
            for number in range(10, len(live), 4):
                publish_records(broker, topic, live[number : number + 4])
                enough = min(PAST, PAST / 2 + 3 * number)
                until(lambda: accepted(skyportal) >= enough or replayed(second), "more of the replay")  # noqa: B023
            assert second.ended() == 0
            assert f"replay: records={PAST} " in second.output
            assert "refused=0" in second.output
        until_settled(broker, topic)
        assert_never_left_the_group(sink)

    assert_whole(skyportal, [*past, *live])
    assert letters(broker, topic) == []


def test_a_replay_that_is_asked_to_stop_says_how_to_go_on(broker: str, topic: str, skyportal: SkyPortal) -> None:
    alerts = night(60)
    settings = environment(broker, topic, skyportal)
    publish_passed(broker, topic, alerts)
    fault = skyportal.control.fault("hang", method="POST", path="/api/candidates", after=20)

    with running(["sink", "replay", "--since", "1d", "--rate", "100"], settings) as first:
        until(lambda: answered(skyportal, fault) > 0, "a part of the replay")
        first.ask_to_stop()
        skyportal.control.fault("database_down")  # a replay that hears late that it is to stop does not come to its end
        skyportal.control.mend(fault)
        assert first.ended() == 1
        (line,) = re.findall(r"^sink: python -m (.*)$", first.output, re.MULTILINE)
        command = line.replace(" --rate 100", "").split()
    skyportal.control.mend()
    with running([*command, "--rate", "0"], settings) as second:
        assert second.ended() == 0
        assert "goes on with a replay that was stopped" in second.output

    assert_whole(skyportal, alerts)
