"""``python -m sink topics``."""

from runtime import log as logs
from runtime import topics as local_topics
from runtime.settings import ProcessSettings, SettingsError, load
from sink.commands.start import WRONG_SETTINGS, end


def topics() -> None:
    """Create the local topics that do not exist, and check those that do.

    Every processor and sink does the same when it starts. By itself it is for whoever starts them: a job that ends
    before they begin. It needs no other setting than those of Kafka (KAFKA_*), and asks neither Fink nor SkyPortal.

    Exit status 0: they are there; 1: no broker answers, or a topic would lose alerts; 2: a setting is wrong.
    """
    try:
        settings = load(ProcessSettings, own_prefixes=())
    except SettingsError as error:
        end(str(error), WRONG_SETTINGS)
    logs.configure("INFO")
    try:
        local_topics.prepare(settings)
    except (local_topics.BrokerUnreachable, local_topics.TopicUnusable) as error:
        end(str(error))
