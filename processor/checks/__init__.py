"""What a processor needs, looked at without changing anything: nothing is committed, no group is joined."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

from processor import fink
from processor.checks.topic import topic_findings
from processor.checks.transfers import transfer_findings
from processor.convert import MoreAnnotations
from processor.decode import Decoder
from processor.fink_security import VARIABLES
from processor.settings import ProcessorSettings
from runtime.checks import Blocked, Finding, collected, unchecked
from runtime.look import Look
from runtime.reach import reached

FINK = "Fink"


def fink_findings(settings: ProcessorSettings) -> Iterator[Finding]:
    """Yield what is found of Fink's Kafka and of each topic that is to be read."""
    connection = fink.connection(
        servers=settings.fink_servers,
        group_id=settings.fink_group_id,
        username=settings.fink_username,
        password=settings.fink_password.get_secret_value(),
        security=settings.fink_security,
    )
    try:
        cluster = yield from reached(FINK, settings.fink_servers, connection, variables=VARIABLES)
    except Blocked:
        for topic in settings.fink_topics:
            yield unchecked(f"Fink topic {topic}", "Fink does not answer")
        return
    with closing(Look(connection, settings.fink_group_id)) as look:
        schemas: dict[str, bytes] = {}
        if settings.processor_service == "transfer":
            yield from collected("Fink's transfers", lambda: transfer_findings(look, settings, schemas))
        decoder, more = Decoder(), MoreAnnotations(settings.processor_annotations)
        for topic in settings.fink_topics:
            step = partial(
                topic_findings,
                look,
                settings,
                topic,
                decoder=decoder,
                more=more,
                schema=schemas.get(topic, b""),
                known=list(cluster.topics),
            )
            yield from collected(f"Fink topic {topic}", step)
