"""A backlog and tonight's alerts, of the same objects, and a sink that is far behind."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from confluent_kafka import Consumer

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert, instant
from sink.topic.ahead import Ahead
from support.kafka import ANSWER_S, commit, partitions_of, patiently, publish_records, until
from support.processes import Command
from support.records import AMBIGUOUS, MJD, SUPERNOVA, light_curve, whole_alert
from support.sink import environment

CUTOUTS = ("cutout_science", "cutout_template", "cutout_difference")
TONIGHT = 9
"""The day of tonight's alerts."""


def alert_of(number: int, day: int) -> SkyPortalAlert:
    """Return the alert of a night, with every part; classes change from night to night."""
    name = (SUPERNOVA, AMBIGUOUS)[day % 2]
    return whole_alert(
        day + number / 1000,
        obj_id=f"ZTF26aa{number:05d}",
        observed_at=instant(MJD + day),
        photometry=light_curve(20.5 + day, 18.25, None, mjd=MJD + day),
        classifications=(Classification(name=name, probability=0.8, origin="fink_filters"),),
    )


def backlog_of(objects: int, *, others: int = 200) -> list[SkyPortalAlert]:
    """Return the alerts of an earlier night: first many small ones ``others``, which keep a sink from the rest."""
    small: dict[str, Any] = {"annotations": {}, "classifications": ()} | dict.fromkeys(CUTOUTS)
    return [
        *(replace(alert_of(10_000 + number, 0), **small) for number in range(others)),
        *(alert_of(number, 0) for number in range(objects)),
    ]


def tonights(first: int, end: int) -> list[SkyPortalAlert]:
    """Return new alerts of the objects from number ``first`` on."""
    return [alert_of(number, TONIGHT) for number in range(first, end)]


def far_behind(broker: str, topic: str, skyportal: SkyPortal, **changes: str) -> dict[str, str]:
    """Return the settings of a sink that reads a part of the backlog, and no more before that is settled."""
    return environment(broker, topic, skyportal, SINK_IN_FLIGHT_MIB="0.5", SINK_CONCURRENCY="8", **changes)


def shown(skyportal: SkyPortal, alerts: Sequence[SkyPortalAlert]) -> int:
    """Return how many of these alerts SkyPortal has as candidates."""
    passed = {(alert.obj_id, alert.observed_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]) for alert in alerts}
    rows = skyportal.control.state()["candidates"]
    return len(passed & {(row["obj_id"], row["passed_at"][:23]) for row in rows})


def begun(sink: Command) -> int:
    """Return how often the sink began to read partitions from their end."""
    return sink.output.count("fresh first: read from the first fresh")


def read_ahead_of(sink: Command) -> set[int]:
    """Return the partitions that the sink reads from their end now, by its own words."""
    found: set[int] = set()
    for what, numbers in re.findall(r"fresh first: (.*) partitions=\[([\d, ]+)\]", sink.output):
        said = {int(number) for number in numbers.split(",")}
        found = found | said if what.startswith("read from the first fresh") else found - said
    return found


def until_behind(sink: Command) -> None:
    """Wait until the sink reads ahead."""
    until(lambda: begun(sink) > 0, "the backlog being noticed")


def until_ahead(broker: str, topic: str, skyportal: SkyPortal) -> list[SkyPortalAlert]:
    """Publish new alerts until the first is delivered, whatever else waits; return them.

    A sink that says that it reads a partition from its end may not have asked yet where that is.
    """
    published: list[SkyPortalAlert] = []

    def one_is_shown() -> bool:
        first = 20_000 + len(published)
        published.extend(tonights(first, first + 4))
        publish_records(broker, topic, published[-4:])
        return shown(skyportal, published) > 0

    until(one_is_shown, "one of tonight's alerts")
    return published


def until_live_flows(
    sink: Command, broker: str, topic: str, skyportal: SkyPortal, alerts: Sequence[SkyPortalAlert]
) -> list[SkyPortalAlert]:
    """Publish tonight's ``alerts`` when the sink reads ahead, and wait for some; return what else was published."""
    until_behind(sink)
    pilots = until_ahead(broker, topic, skyportal)
    publish_records(broker, topic, alerts)
    until(lambda: shown(skyportal, alerts) > 3, "some of tonight's alerts")
    return pilots


def notes(broker: str, topic: str) -> dict[int, str]:
    """Return what was committed of each partition as delivered ahead: runs of offsets."""
    consumer = Consumer({"bootstrap.servers": broker, "group.id": f"sink-{topic}", "enable.auto.commit": False})
    parts = partitions_of(broker, topic)
    try:
        found = patiently(lambda: consumer.committed(parts, timeout=ANSWER_S), "what was committed")
    finally:
        consumer.close()
    return {
        part.partition: Ahead(part.metadata or "", end=part.offset + 10**6).note for part in found if part.offset >= 0
    }


def note_something(broker: str, topic: str, note: str) -> None:
    """Let somebody have committed the beginning of the first partition with ``note``."""
    commit(broker, topic, f"sink-{topic}", 0, note=note)
