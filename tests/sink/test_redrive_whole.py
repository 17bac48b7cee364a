"""What SkyPortal refused is delivered when it is mended and put back, beside everything else, and once."""

from test_bad_input_refused import IMPATIENT, deliver_until

from demo.skyportal.process import SkyPortal
from support.kafka import publish_records, read_all
from support.processes import running
from support.records import whole_alert
from support.sink import environment, letters, metric, running_sink, until_ready, until_settled
from support.whole import assert_whole

REFUSED = {
    "ZTF26nothing": [("POST", "/api/candidates")],
    "ZTF26noparts": [("POST", "/api/sources/ZTF26noparts/annotations"), ("POST", "/api/thumbnail")],
}
"""What SkyPortal refuses of an object: all of it, or two parts."""


def test_what_was_refused_is_accepted_once_it_is_mended_and_put_back(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    settings = environment(broker, topic, skyportal, **IMPATIENT)
    older = [whole_alert(0, obj_id=name) for name in REFUSED]
    newer = [whole_alert(1, obj_id=name) for name in REFUSED]
    for name, endpoints in REFUSED.items():
        for method, path in endpoints:
            skyportal.control.fault("reject", obj_id=name, method=method, path=path)

    with running_sink(settings) as sink:
        until_ready(sink)
        publish_records(broker, topic, older)
        others = deliver_until(lambda: len(letters(broker, topic)) >= 3, broker, topic, sink)
        until_settled(broker, topic)
        skyportal.control.mend()
        publish_records(broker, topic, newer)
        until_settled(broker, topic)
        before = len(read_all(broker, topic))

        for expected in ("\n2 alerts put back\n", "nothing to put back"):
            with running(["sink", "redrive", "put-back", "--reason", "Rejected", "--yes"], settings) as redrive:
                assert redrive.ended() == 0
                assert expected in redrive.output
                assert skyportal.token not in redrive.output
        assert len(read_all(broker, topic)) == before + 2
        until_settled(broker, topic)
        assert metric(sink, 'sink_alerts_settled_total{outcome="rejected"}') == 1

    assert_whole(skyportal, [*older, *newer, *others])
