"""From a Fink message to what SkyPortal holds, with the commands that an operator runs."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.expectation import compare, expect
from demo.fink import FinkAlert, FinkPublisher, encode, night
from demo.skyportal.process import SkyPortal
from schemas.taxonomy import TAXONOMY, classes
from support import processor, sink
from support.kafka import create_topic, publish, until

STREAMS = {"ztf": "ZTF Public", "lsst": "LSST Public"}


def own_names(topics: Iterable[str]) -> dict[str, str]:
    """Return names for Fink topics that no other test uses; those of the solar system are still known as such."""
    run = uuid.uuid4().hex[:8]
    return {topic: topic.replace("fink_", f"fink_{'sso_' * ('solar' in topic)}{run}_") for topic in topics}


@contextmanager
def taxonomy_with_tags_of(skyportal: SkyPortal, fink_topics: Iterable[str]) -> Iterator[None]:
    """Give SkyPortal another version of the taxonomy for a while: a Rubin topic of another name is another class."""
    tags = [name.removeprefix("fink_").removesuffix("_lsst") for name in fink_topics if name.endswith("_lsst")]
    before = {one["id"] for one in skyportal.control.state()["taxonomies"]}
    shown = skyportal.control.setup(taxonomies=[("Fink", uuid.uuid4().hex, [*classes(TAXONOMY.hierarchy), *tags])])
    try:
        yield
    finally:
        skyportal.control.setup(remove_taxonomies=[one["id"] for one in shown["taxonomies"] if one["id"] not in before])


@contextmanager
def running_product(
    broker: str, topic: str, skyportal: SkyPortal, fink_topics: Iterable[str], **changes: str
) -> Iterator[Mapping[str, str]]:
    """Run a processor for each survey, with a filter in SkyPortal for each topic; the sinks are the test's."""
    topics = sorted(fink_topics)
    with ExitStack() as stack:
        stack.enter_context(taxonomy_with_tags_of(skyportal, topics))
        for survey, stream in STREAMS.items():
            own = [name for name in topics if name.endswith("lsst") == (survey == "lsst")]
            skyportal.control.setup(filters=[(name, "Fink", stream) for name in own])
            settings = processor.environment(broker, topic, *own, FINK_SURVEY=survey)
            stack.enter_context(processor.running_processor(settings))
        yield sink.environment(broker, topic, skyportal, **changes)


def test_live_messages_of_fink_arrive_with_every_point_exact(
    broker: str, topic: str, skyportal: SkyPortal, samples: Path
) -> None:
    values = {
        "fink_sn_candidates_ztf": "ztf_sn",
        "fink_in_tns_lsst": "lsst_static_ddf",
        "fink_is_solar_system_lsst": "lsst_sso",
    }
    names = own_names(values)
    messages = [
        (
            names[name],
            (samples / f"live_key_{value.partition('_')[0]}_2026-03.json").read_bytes(),
            (samples / f"live_value_{value}.bin").read_bytes(),
        )
        for name, value in values.items()
    ]
    for name, key, value in messages:
        create_topic(broker, name)
        publish(broker, name, [(key, value)])

    with running_product(broker, topic, skyportal, names.values()) as settings, sink.running_sink(settings):
        processor.until_done(broker, topic, *names.values())
        sink.until_settled(broker, topic)
        account = compare(expect(messages), skyportal.control.state())

    assert (account.objects, account.accepted, account.lost, account.doubled) == (3, 3, 0, 0), account.examples
    assert account.points > 600


def test_a_night_with_an_outage_and_a_killed_sink_ends_with_every_row_once(
    broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = list(night(seed=7, alerts=80))
    names = own_names({name for alert in alerts for name in alert.topics})
    alerts = [
        FinkAlert(survey=alert.survey, topics=tuple(names[name] for name in alert.topics), packet=alert.packet)
        for alert in alerts
    ]
    fink = FinkPublisher(broker)
    fink.create_topics(names.values())

    with running_product(broker, topic, skyportal, names.values()) as settings:
        published = fink.publish(alerts, seed=7)
        with sink.running_sink(settings) as first:
            until(lambda: skyportal.control.counts()["candidates"] > 10, "some candidates")
            skyportal.control.fault("outage", seconds=2, linger=1)
            first.kill()
        with sink.running_sink(settings), sink.running_sink(settings):
            processor.until_done(broker, topic, *names.values())
            sink.until_settled(broker, topic)
        wire = [(message.topic, *encode(message.alert)) for message in published]
        account = compare(expect(wire), skyportal.control.state())

    assert (account.lost, account.doubled) == (0, 0), account.examples
    assert account.accepted >= 70
