"""A sink that stands still for longer than the group waits, as in a machine that is moved: it is no member any more."""

import zlib

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert, instant
from support.kafka import create_topic, publish_records, until
from support.records import AMBIGUOUS, MJD, SUPERNOVA, light_curve, whole_alert
from support.sink import environment, letters, running_sink, until_assigned, until_settled
from support.skyportal import answered
from support.whole import assert_whole

NAMES = [f"ZTF26aa{number:05d}" for number in range(64)]
WORKERS = 16
SHARDS = {zlib.crc32(name.encode()) % WORKERS for name in NAMES}


def night(day: int) -> list[SkyPortalAlert]:
    found = (Classification(name=(SUPERNOVA, AMBIGUOUS)[day % 2], probability=0.8, origin="fink_filters"),)
    curve = light_curve(20.5 + day, 18.25, None, mjd=MJD + day)
    time = instant(MJD + day)
    return [whole_alert(day, obj_id=name, observed_at=time, photometry=curve, classifications=found) for name in NAMES]


def test_a_sink_that_stood_still_does_not_overwrite_what_another_has_written_meanwhile(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    settings = environment(broker, topic, skyportal, SINK_CONCURRENCY=str(WORKERS))
    create_topic(broker, topic, 4)

    with running_sink(settings) as first:
        publish_records(broker, topic, night(0))
        until_settled(broker, topic)
        fault = skyportal.control.fault("hang", method="PUT", path="/api/sources")
        publish_records(broker, topic, night(1))
        until(lambda: answered(skyportal, fault) == len(SHARDS), "a request of each worker")
        first.freeze()
        skyportal.control.mend()
        with running_sink(settings) as second:
            until_assigned(second)
            publish_records(broker, topic, night(5))
            until_settled(broker, topic)
            first.thaw()
            until(lambda: " lost partitions=" in first.output, "the first one to see that it was left out")
            assert second.stop() == 0
        publish_records(broker, topic, night(4))
        until_settled(broker, topic)

    assert_whole(skyportal, [*night(0), *night(1), *night(4), *night(5)])
    assert letters(broker, topic) == []
