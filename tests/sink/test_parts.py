"""Every part of an alert in SkyPortal: points, annotation, classes, thumbnails, each once."""

import pytest

from demo.skyportal.process import SkyPortal
from schemas.record import Classification, SkyPortalAlert
from sink.delivery.parts.annotation import data_of
from support.kafka import publish_records
from support.records import AMBIGUOUS, SUPERNOVA, whole_alert
from support.sink import environment, letters, metric, running_sink, until_ready, until_settled


def deliver(broker: str, topic: str, skyportal: SkyPortal, *batches: list[SkyPortalAlert], **changes: str) -> None:
    """Let a sink deliver batch after batch; each batch by a new process."""
    for batch in batches:
        with running_sink(environment(broker, topic, skyportal, **changes)) as sink:
            until_ready(sink)
            publish_records(broker, topic, batch)
            until_settled(broker, topic)
            assert sink.stop() == 0  # else the next one waits until this one is missed


def test_an_alert_arrives_with_all_its_parts(broker: str, topic: str, skyportal: SkyPortal) -> None:
    first = whole_alert()

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [first])
        until_settled(broker, topic)
        sent = {part: metric(sink, f'sink_parts_total{{outcome="sent",part="{part}"}}') for part in PARTS}

    state = skyportal.control.state()
    (group,) = [one["id"] for one in state["groups"] if one["name"] == "Fink"]
    (annotation,) = state["annotations"]
    assert (annotation["origin"], annotation["data"], annotation["groups"]) == ("Fink", data_of(first), [group])
    (row,) = state["classifications"]
    assert (row["classification"], row["probability"], row["origin"]) == (SUPERNOVA, 0.8, "fink_filters")
    assert (row["ml"], row["groups"]) == (True, [group])
    assert sorted(one["type"] for one in state["thumbnails"]) == ["new", "ref", "sub"]
    assert sent == {"candidate": 1, "photometry": 1, "annotation": 1, "classification": 1, "thumbnail": 3}


PARTS = ("candidate", "photometry", "annotation", "classification", "thumbnail")


@pytest.mark.parametrize("order", ["in order", "newest first"])
@pytest.mark.parametrize("batches", ["one batch", "one process each"])
def test_the_newest_alert_wins_whenever_it_comes(
    order: str, batches: str, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    old = whole_alert(0, classifications=(Classification(name=SUPERNOVA, probability=0.9, origin="fink_filters"),))
    new = whole_alert(1, classifications=(Classification(name=AMBIGUOUS, probability=0.3, origin="fink_filters"),))
    alerts = [old, new] if order == "in order" else [new, old]

    deliver(broker, topic, skyportal, *([alerts] if batches == "one batch" else [[one] for one in alerts]))

    state = skyportal.control.state()
    assert [one["data"] for one in state["annotations"]] == [data_of(new)]
    assert [(one["classification"], one["probability"]) for one in state["classifications"]] == [(AMBIGUOUS, 0.3)]
    assert len(state["candidates"]) == 2
    assert len(state["thumbnails"]) == 3


def test_a_class_that_skyportal_does_not_know_is_put_aside_and_the_rest_is_accepted(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    odd = Classification(name="Martian", probability=0.5, origin="fink_cats")
    first = whole_alert(classifications=(odd, Classification(name=SUPERNOVA, probability=0.8, origin="fink_filters")))

    with running_sink(environment(broker, topic, skyportal)) as sink:
        until_ready(sink)
        publish_records(broker, topic, [first])
        until_settled(broker, topic)
        assert metric(sink, 'sink_alerts_settled_total{outcome="accepted"}') == 1
        assert metric(sink, 'sink_parts_total{outcome="lost",part="classification"}') == 1

    state = skyportal.control.state()
    assert [one["classification"] for one in state["classifications"]] == [SUPERNOVA]
    ((message, letter),) = letters(broker, topic)
    assert (letter.stage, letter.part, letter.reason) == ("part", "classification", "OutsideTaxonomy")
    assert "Martian" in letter.message
    assert message.key == first.obj_id.encode()


def test_a_cutout_that_is_no_picture_is_put_aside_and_the_rest_is_accepted(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    deliver(broker, topic, skyportal, [whole_alert(cutout_template=b"no picture")])

    state = skyportal.control.state()
    assert sorted(one["type"] for one in state["thumbnails"]) == ["new", "sub"]
    assert len(state["annotations"]) == len(state["classifications"]) == 1
    ((_, letter),) = letters(broker, topic)
    assert (letter.stage, letter.part, letter.reason) == ("part", "thumbnail", "Unrenderable")
