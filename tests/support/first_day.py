"""A first day with the product, played on a real Kafka and the stand-in SkyPortal."""

import pytest

from demo.fink import FinkAlert
from demo.skyportal.process import SkyPortal
from support import processor, sink
from support.kafka import committed, publish, until
from support.operated import FINK_TOPIC, Operated
from support.patience import wait_for_busy_brokers

ALERTS = 8


def first_day(broker: str) -> dict[str, str]:
    """Set up, deliver, look, pause, put back, replay; return the answer to each command."""
    with SkyPortal() as skyportal, pytest.MonkeyPatch.context() as patch:
        wait_for_busy_brokers(patch)
        here = Operated(broker, skyportal)
        first, *others = processor.ztf_alerts(ALERTS, here.fink_topic)
        here.typed(f"python -m sink provision --topic {FINK_TOPIC} --dry-run")
        here.typed(f"python -m sink provision --topic {FINK_TOPIC}")
        processor.publish_alerts(broker, here.fink_topic, [])
        publish(broker, here.fink_topic, [(b"no schema", b"no alert")])
        processor.publish_alerts(broker, here.fink_topic, [first])
        committed(broker, here.fink_topic, processor.group(here.topic))  # once Kafka has its groups' offsets
        here.typed("python -m processor check")
        with processor.running_processor(here.settings):
            processor.until_done(broker, here.topic, here.fink_topic)
            here.typed(f"python -m sink check --topic {FINK_TOPIC}")
            here.typed("python -m sink run --dry-run --limit 1")
            here.started("python -m sink run --once")
            _deliver_the_others(here, broker, others, refused=_name(others[-1]))
            here.typed("python -m processor redrive list")
    return here.answers


def _deliver_the_others(here: Operated, broker: str, alerts: list[FinkAlert], *, refused: str) -> None:
    path = f"/api/sources/{refused}/annotations"
    here.skyportal.control.fault("reject", obj_id=refused, method="POST", path=path)
    with sink.running_sink(here.settings) as running:
        sink.until_ready(running)
        processor.publish_alerts(broker, here.fink_topic, [alert for alert in alerts if _name(alert) == refused])
        processor.until_said(running, "refused, and not believed")
        processor.publish_alerts(broker, here.fink_topic, [alert for alert in alerts if _name(alert) != refused])
        processor.until_done(broker, here.topic, here.fink_topic)
        sink.until_settled(broker, here.topic)
        # What processes say of themselves is some seconds old.
        _type_until(here, "python -m sink status", f"published {ALERTS} = accepted {ALERTS}", "partitions 0-3")
        here.typed(f"python -m sink show {refused}")
        here.typed('python -m sink pause --reason "upgrade of SkyPortal, back at 18:00"')
        here.typed("python -m sink resume")
        here.skyportal.control.mend()
        here.typed("python -m sink redrive list")
        here.typed("python -m sink redrive put-back --reason Rejected --since 6h --yes")
        sink.until_settled(broker, here.topic)
        here.skyportal.control.purge()
        here.typed("python -m sink replay --since 6h --dry-run")
        here.typed(f"python -m sink replay --since 6h --object {refused} --rate 5")


def _type_until(here: Operated, command: str, *words: str) -> None:
    def is_said() -> bool:
        here.typed(command)
        return all(word in here.answers[command] for word in words)

    until(is_said, f"{words} in the answer to {command}")


def _name(alert: FinkAlert) -> str:
    return str(alert.packet["objectId"])
