"""Records that the live sinks have passed, and a replay of them in this process."""

import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from demo.skyportal.process import SkyPortal
from runtime.health import Health
from runtime.settings import load
from schemas.record import SkyPortalAlert
from sink.replay.progress import Plan
from sink.replay.report import Report
from sink.replay.selection import Selection
from sink.replay.service import Replay
from sink.replay.window import Window
from sink.routing.routes import read
from sink.settings import OWN_PREFIXES, SinkSettings
from support.kafka import PATIENCE_S, commit, create_topic, publish_records
from support.sink import environment

QUICK = {"SINK_COLLECT_S": "0.05", "SINK_REJECTION_INTERVAL_S": "0.05"}


def long_ago(**ago: float) -> datetime:
    """Return the time so long ago, in whole milliseconds."""
    return (datetime.now(UTC) - timedelta(**ago)).replace(microsecond=0)


def selection(**changes: Any) -> Selection:
    """Return the selection of all records of the last hour, with ``changes``."""
    return Selection(**({"since": long_ago(hours=1)} | changes))


def publish_passed(broker: str, topic: str, alerts: Iterable[SkyPortalAlert], *, hours_ago: float = 0) -> None:
    """Create a local topic of one partition, with its dead letters, whose records the live sinks have passed."""
    alerts = list(alerts)
    create_topic(broker, topic)
    create_topic(broker, f"{topic}.rejected")
    publish_records(broker, topic, alerts, hours_ago=hours_ago)
    commit(broker, topic, f"sink-{topic}", len(alerts))


def delete_below(broker: str, topic: str, offset: int) -> None:
    """Delete the first records of the first partition, as retention does."""
    admin = AdminClient({"bootstrap.servers": broker})
    for future in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        future.result(PATIENCE_S)


class Replays:
    """Replays of one topic, each as a new process would do it."""

    def __init__(self, broker: str, topic: str, skyportal: SkyPortal, **changes: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (os.environ | environment(broker, topic, skyportal, **QUICK | changes)).items():
                patch.setenv(name, value)
            self.settings = load(SinkSettings, own_prefixes=OWN_PREFIXES)
        self.stop = threading.Event()
        self.turned: Callable[[Report], None] = lambda _report: None
        """Called in each turn of a replay."""

    def look(self, wanted: Selection) -> tuple[Window, Plan]:
        """Return what a replay would begin with. Raises as `Replay.look` does."""
        return self._new(wanted, None).look()

    def run(self, wanted: Selection | None = None, *, routes: Path | None = None) -> Report:
        """Replay what is ``wanted``, all of the last hour by itself, to the end or until ``stop`` is set."""
        self.stop.clear()
        new = self._new(wanted or selection(), routes)
        window, plan = new.look()
        health, mended = Health(), threading.Event()
        return new.deliver(window, plan, health=health, stop=self.stop, mended=mended, turned=self.turned)

    def _new(self, wanted: Selection, routes: Path | None) -> Replay:
        return Replay(self.settings, read(routes), wanted, per_second=0)
