"""Fink's Data Transfers: is there a schema beside each."""

from collections.abc import Iterator, MutableMapping

from confluent_kafka import KafkaException

from processor.settings import ProcessorSettings
from processor.transfer import SCHEMA_SUFFIX, TransferUnusable, check_schema
from runtime.checks import Finding, ok, warning, wrong
from runtime.look import Look, NoSuchTopic


def transfer_findings(
    look: Look, settings: ProcessorSettings, schemas: MutableMapping[str, bytes]
) -> Iterator[Finding]:
    """Yield what is found of each transfer's schema, and put those that can be used into ``schemas``."""
    for topic in settings.fink_topics:
        beside = topic + SCHEMA_SUFFIX
        title = f"schema of {topic}"
        try:
            extent = look.extent(beside)
            newest = look.messages(extent, extent.newest())
        except NoSuchTopic:
            yield warning(
                title,
                f"there is no topic {beside}, and the transfer is not read before there is one",
                "is the name the one that Fink's portal gave, and the transfer less than a week old?",
            )
            continue
        except KafkaException as error:
            yield wrong(title, f"{beside} cannot be read: {error.args[0].str()}", "ask Fink's team for access")
            continue
        if not newest:
            yield warning(title, f"{beside} is empty", "if that lasts, make the transfer anew at Fink's portal")
            continue
        key = max(newest, key=lambda message: message.timestamp()[1]).key() or b""
        try:
            check_schema(topic, key, settings.fink_survey)
        except TransferUnusable as error:
            what, _, to_do = str(error).rpartition(": ")
            yield wrong(title, what, to_do)
            continue
        schemas[topic] = key
        yield ok(title, "is there, and of alerts that can be converted")
