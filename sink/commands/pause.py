"""``python -m sink pause`` and ``python -m sink resume``."""

from typing import Annotated

import typer

from runtime import topics
from runtime.publisher import NotPublished, Publisher
from sink.commands.start import end, read_consumer_group
from sink.skyportal.pause import HOW_TO_END_IT
from sink.skyportal.pause_word import PauseWord, sentence_of

ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why, for whoever looks at the log or at /readyz; kept if it is not said anew.")
]

UNREACHABLE = (topics.BrokerUnreachable, topics.TopicUnusable, NotPublished)


def pause(reason: ReasonOption = "") -> None:
    """Pause all sinks of the group: an upgrade is near.

    Holds for every sink, replay included, of the consumer group SINK_GROUP_ID on the topic KAFKA_TOPIC, on whatever
    machine, and for those that are started meanwhile. Each hears it within about a second, finishes the requests that
    are under way, and sends SkyPortal no other one, not even to find out whether it is there. It stays in its group and
    goes on reading as far as its memory allows. What waits is not put aside because of the pause: patience with broken
    routes stands still meanwhile. /readyz and the log say since when and why; the metric sink_paused is 1.

    Nothing but `python -m sink resume` ends it: no restart, no signal, no new token. To pause once more changes the
    reason, and not since when.

    Exit status 0: Kafka keeps the pause; 1: it could not be reached, try again; 2: settings are wrong.
    """
    settings = read_consumer_group()
    try:
        topics.prepare(settings)
        operator = PauseWord(settings, Publisher(settings))
        already = operator.standing()
        word = operator.pause(reason)
    except UNREACHABLE as error:
        end(str(error))
    again = "were paused already, and are " if already else "are "
    typer.echo(f"the sinks of the group {settings.sink_group_id} {again}{sentence_of(word)}")
    typer.echo(HOW_TO_END_IT)


def resume() -> None:
    """Let all paused sinks of the group go on.

    Each hears it within about a second. Its next request shows whether SkyPortal is back; if not, it waits for that as
    ever. Without a pause nothing is changed.

    Exit status 0: no sink is paused; 1: Kafka could not be reached, try again; 2: settings are wrong.
    """
    settings = read_consumer_group()
    try:
        operator = PauseWord(settings, Publisher(settings))
        standing = operator.standing()
        if standing:
            operator.resume()
    except UNREACHABLE as error:
        end(str(error))
    for word in standing:
        typer.echo(f"the sinks of the group {settings.sink_group_id} go on; they were {sentence_of(word)}")
    if not standing:
        typer.echo(f"the sinks of the group {settings.sink_group_id} are not paused")
