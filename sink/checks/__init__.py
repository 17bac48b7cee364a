"""What a sink needs, looked at without changing anything in SkyPortal or Kafka."""

from collections.abc import Iterator, Mapping
from contextlib import closing

from confluent_kafka.admin import AdminClient

from runtime import kafka, state
from runtime.checks import Blocked, Finding, collected, ok, unchecked, warning
from runtime.look import Look, NoSuchTopic
from runtime.patience import once_coordinated
from schemas.record import Survey
from sink.checks.group import BACKLOG, SINKS, group_findings
from sink.checks.inquiry import Inquiry
from sink.checks.limit import LIMIT, limit_finding
from sink.checks.other_ingestion import OTHERS, other_ingestion_findings
from sink.checks.seen import RECORDS, record_findings
from sink.checks.server import SERVER, server_findings
from sink.checks.set_up import SET_UP, set_up_findings
from sink.checks.token import TOKEN, token_findings
from sink.provision.asking import Asking
from sink.routing.routes import Routes
from sink.settings import SinkSettings
from sink.skyportal.pause import HOW_TO_END_IT
from sink.skyportal.pause_word import key_of, sentence_of
from sink.skyportal.trust import HOW_TO_ENCRYPT, exposed

PAUSE, WAY = "pause", "way to SkyPortal"


def skyportal_findings(settings: SinkSettings, routes: Routes, topics: Mapping[str, Survey]) -> Iterator[Finding]:
    """Yield what is found of SkyPortal, of the token and of what the routes name for alerts of ``topics``."""
    if sentence := exposed(settings.skyportal_url):
        yield warning(WAY, sentence, HOW_TO_ENCRYPT)
    inquiry = Inquiry(settings)
    try:
        yield from server_findings(inquiry)
    except Blocked:
        for name in (TOKEN, SET_UP, LIMIT, OTHERS):
            yield unchecked(name, "SkyPortal does not answer")
        return
    try:
        yield from token_findings(inquiry, routes)
    except Blocked:
        for name in (SET_UP, LIMIT, OTHERS):
            yield unchecked(name, "SkyPortal answers nothing to the token")
        return
    asking, filters = Asking(inquiry), set[int]()
    yield from collected(SET_UP, lambda: set_up_findings(asking, routes, topics, filters))
    yield from collected(OTHERS, lambda: other_ingestion_findings(asking, filters))
    yield from collected(LIMIT, lambda: [limit_finding(inquiry, settings)])


def topic_findings(settings: SinkSettings, topics: dict[str, Survey]) -> Iterator[Finding]:
    """Yield what is found of the records in the local topic and of the group; put their Fink topics into ``topics``."""
    connection, topic, group_id = kafka.connection(settings), settings.kafka_topic, settings.sink_group_id
    with closing(Look(connection, group_id)) as look:
        try:
            once_coordinated(lambda: look.extent(topic))
        except NoSuchTopic:
            for name in (RECORDS, SINKS, BACKLOG):
                yield unchecked(name, f"there is no topic {topic} yet")
            return
        yield from collected(RECORDS, lambda: record_findings(look, topic, topics))
        admin = AdminClient(connection, logger=kafka.log)
        yield from collected(SINKS, lambda: group_findings(admin, look, group_id=group_id, topic=topic))
        yield from collected(PAUSE, lambda: [_pause_finding(settings)])


def _pause_finding(settings: SinkSettings) -> Finding:
    word = state.read(settings).get(key_of(settings))
    if word is None:
        return ok(PAUSE, "the operator has not paused the sinks")
    return warning(PAUSE, sentence_of(word), HOW_TO_END_IT)


__all__ = ["SERVER", "skyportal_findings", "topic_findings"]
