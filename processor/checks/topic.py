"""One Fink topic: is it there, can it be read, and how far has the group come."""

import time
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from confluent_kafka import KafkaException, Message

from processor.checks.backlog import Sampled, backlog_finding
from processor.convert import MoreAnnotations, Source, Unconvertible, convert
from processor.decode import Decoder, Undecodable
from processor.message import published_at
from processor.settings import ProcessorSettings
from runtime.checks import Finding, counted, ok, unchecked, warning, wrong
from runtime.extent import Extent
from runtime.look import Look, NoSuchTopic, mean_bytes, stamped_at
from runtime.patience import once_coordinated
from schemas.codec import encode


def topic_findings(
    look: Look,
    settings: ProcessorSettings,
    topic: str,
    *,
    decoder: Decoder,
    more: MoreAnnotations,
    schema: bytes,
    known: Sequence[str],
) -> Iterator[Finding]:
    """Yield what is found of ``topic``.

    ``schema`` is its messages' where their keys are none, as in a transfer; ``known`` are the topics that Fink has.
    """
    title = f"Fink topic {topic}"
    try:
        extent = once_coordinated(lambda: look.extent(topic))
        newest = look.messages(extent, extent.newest())
    except NoSuchTopic:
        yield warning(
            title,
            "Fink has no such topic now; it is read as soon as there is one",
            f"is it {_alike(topic, known)}? Some are made when their first alert comes, a typing mistake never is",
        )
        return
    except KafkaException as error:
        yield wrong(
            title,
            f"cannot be read: {error.args[0].str()}",
            "ask Fink's team whether this user and group may read it; is FINK_GROUP_ID the one that Fink gave?",
        )
        return
    if not extent.held:
        yield ok(title, f"is there, with {counted(len(extent.parts), 'partition')}; it is empty now")
        return
    if not newest:
        yield wrong(
            title,
            f"holds {extent.held:,} messages, but none came within some seconds",
            "is the network to Fink slow, or are the messages larger than it can carry?",
        )
        return
    if settings.processor_service == "transfer" and not schema:
        yield unchecked(title, "its messages cannot be decoded without a schema")
        return
    seconds, refusals = [], []
    for message in newest:
        try:
            seconds.append(_converted(message, settings, topic, decoder=decoder, more=more, schema=schema))
        except (Undecodable, Unconvertible) as error:
            refusals.append(str(error))
    there = f"is there, with {counted(len(extent.parts), 'partition')}"
    if refusals:
        failed = warning if seconds else wrong
        yield failed(
            title,
            f"{there}; {len(refusals)} of its {len(newest)} newest messages cannot become records: {refusals[0]}",
            f"is FINK_SURVEY the topic's survey? Such messages are put aside in {settings.undecodable_topic}, "
            "and the others flow",
        )
    else:
        yield ok(title, f"{there}; its newest alerts become records")
    yield backlog_finding(
        f"reading {topic}", _sampled(look, extent, newest, seconds), group_id=settings.fink_group_id, now=time.time()
    )


def _alike(topic: str, known: Sequence[str]) -> str:
    """Return the names that somebody may have meant."""
    return " or ".join(get_close_matches(topic, known, n=3)) or "in Fink's list of topics"


def _converted(
    message: Message,
    settings: ProcessorSettings,
    topic: str,
    *,
    decoder: Decoder,
    more: MoreAnnotations,
    schema: bytes,
) -> float:
    """Make a record of ``message`` and throw it away; return the seconds that it takes once its schema is known."""
    key = schema or message.key()
    decoder.decode(key, message.value())
    began = time.perf_counter()
    packet = decoder.decode(key, message.value())
    source = Source(topic=topic, published_at=published_at(message))
    encode(convert(packet, settings.fink_survey, source, more).record)
    return time.perf_counter() - began


def _sampled(look: Look, extent: Extent, newest: Sequence[Message], seconds: Sequence[float]) -> Sampled:
    return Sampled(
        extent=extent,
        message_bytes=mean_bytes(newest),
        seconds_of_one=sum(seconds) / len(seconds) if seconds else 0.0,
        oldest_at=min(stamped_at(look.messages(extent, extent.oldest())), default=0.0),
        first_unread_at=min(stamped_at(look.messages(extent, extent.first_unread())), default=0.0),
    )
