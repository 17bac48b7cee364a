"""Creation and checking of the local topics."""

import logging
import time
from collections.abc import Callable, Mapping

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, ConfigResource, NewTopic

from runtime import kafka
from runtime.patience import Answer, patiently
from runtime.refusals import LOCAL, Refusal
from runtime.settings import ProcessSettings
from runtime.wanted_topics import differences, local_topics, unusable, wanted_partitions, wanted_replicas

log = logging.getLogger(__name__)

VISIBLE_S = 30.0
ANSWER_S = 10.0
"""For one question; it is asked again, by a new client: one whose broker stood still may look for it in vain."""

NOT_YET = (
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001  # librdkafka's own codes begin so
    KafkaError._TIMED_OUT,  # noqa: SLF001  # the same
    KafkaError._TRANSPORT,  # noqa: SLF001  # the same
    KafkaError.INVALID_REPLICATION_FACTOR,  # ours is the number of brokers; one may have gone meanwhile
    KafkaError.NOT_CONTROLLER,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.UNKNOWN_TOPIC_OR_PART,  # to the broker that is asked
)
"""What is said of a Kafka that has just started, or is busy."""


class BrokerUnreachable(Exception):
    """No Kafka broker answers."""


class TopicUnusable(Exception):
    """A local topic is missing or has settings under which alerts would be lost."""


def prepare(settings: ProcessSettings) -> None:
    """Create the local topics that do not exist, and check the ones that do.

    Raises `BrokerUnreachable` if no broker answers, or not to everything, within ``kafka_connect_timeout_s``, and
    `TopicUnusable`.
    """
    seconds = settings.kafka_connect_timeout_s
    attempt = _Attempt(settings, give_up_at=time.monotonic() + seconds)
    try:
        patiently(attempt.make, seconds=seconds, may_pass=lambda error: error.code() in NOT_YET)
    except KafkaException as error:
        raise BrokerUnreachable(
            f"the Kafka at {settings.kafka_bootstrap_servers} answers, but not to everything that is asked of "
            f"its topics ({error.args[0].str()}): are all its brokers and its controller running?"
        ) from error


class _Attempt:
    """Does what `prepare` says, as often as it is asked to. What may pass is a KafkaException."""

    def __init__(self, settings: ProcessSettings, *, give_up_at: float) -> None:
        self._settings = settings
        self._give_up_at = give_up_at
        self._ours: set[str] = set()
        """Topics that were not there at first: an answer that was lost may have been that they are made."""

    def make(self) -> None:
        """Make and check the topics, with a client of its own."""
        refusal = Refusal(LOCAL)
        admin = AdminClient(refusal.heard_by(kafka.connection(self._settings)), logger=kafka.log)
        cluster = self._cluster(admin, refusal)
        replicas = wanted_replicas(len(cluster.brokers))
        for name, config in local_topics(self._settings, brokers=len(cluster.brokers)):
            if name in cluster.topics and name not in self._ours:
                _check(admin, name, config)
                continue
            self._ours.add(name)
            partitions = wanted_partitions(self._settings, name)
            topic = NewTopic(name, num_partitions=partitions, replication_factor=replicas, config=dict(config))
            _create(admin, topic, within_s=max(1.0, min(ANSWER_S, self._give_up_at - time.monotonic())))
            _await(admin, name)

    def _cluster(self, admin: AdminClient, refusal: Refusal) -> ClusterMetadata:
        servers = self._settings.kafka_bootstrap_servers
        while True:
            try:
                return admin.list_topics(timeout=1.0)
            except KafkaException as error:
                if time.monotonic() < self._give_up_at:
                    continue
                admin.poll(0)  # it tells then why
                if refusal.text:
                    raise BrokerUnreachable(
                        f"the Kafka at {servers} and this process refuse each other ({refusal.text}): {refusal.to_do}"
                    ) from error
                raise BrokerUnreachable(
                    f"no Kafka broker answers at {servers} ({error.args[0].str()}): is it running, does it speak as "
                    "KAFKA_SECURITY_PROTOCOL says, and is KAFKA_BOOTSTRAP_SERVERS right?"
                ) from error


def _ask(what: str, question: Callable[[], Answer]) -> Answer:
    """Return the answer. Raises KafkaException where that may come yet, and `TopicUnusable`: it cannot ``what``."""
    try:
        return question()
    except KafkaException as error:
        if error.args[0].code() in NOT_YET:
            log.warning("not yet: cannot %s: %s", what, error.args[0].str())
            raise
        raise TopicUnusable(f"cannot {what}: {error.args[0].str()}") from error


def _create(admin: AdminClient, topic: NewTopic, *, within_s: float) -> None:
    def create() -> bool:
        try:
            admin.create_topics([topic], operation_timeout=within_s, request_timeout=within_s)[topic.topic].result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
            return False  # another process was quicker, or we were, and were not told
        return True

    if _ask(f"create the topic {topic.topic}", create):
        log.info("created topic=%s partitions=%d", topic.topic, topic.num_partitions)


def _await(admin: AdminClient, name: str) -> None:
    """Wait until the brokers know the topic: whoever created it was told so a little earlier."""
    deadline = time.monotonic() + VISIBLE_S
    while time.monotonic() < deadline:
        found = _ask(f"see the topic {name}", lambda: admin.list_topics(topic=name, timeout=ANSWER_S)).topics[name]
        if found.error is None and all(one.leader >= 0 for one in found.partitions.values()):
            return
        time.sleep(0.05)
    raise TopicUnusable(f"the topic {name} was created, but no broker leads it after {VISIBLE_S:.0f} s")


def _check(admin: AdminClient, name: str, config: Mapping[str, str]) -> None:
    """Refuse settings that would lose alerts; warn of the others."""
    actual = _ask(f"read the settings of the topic {name}", lambda: _configuration(admin, name))
    if sentence := unusable(name, config, actual):
        raise TopicUnusable(sentence)
    for option, value in differences(config, actual).items():
        log.warning("topic=%s has %s=%s, ours would be %s", name, option, value, config[option])


def configuration(admin: AdminClient, name: str) -> Mapping[str, str]:
    """Return the settings that a topic has now. Raises `TopicUnusable` if they cannot be read."""
    try:
        return _configuration(admin, name)
    except KafkaException as error:
        raise TopicUnusable(f"cannot read the settings of the topic {name}: {error.args[0].str()}") from error


def _configuration(admin: AdminClient, name: str) -> Mapping[str, str]:
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    found = admin.describe_configs([resource], request_timeout=ANSWER_S)[resource].result()
    return {option: str(entry.value) for option, entry in found.items()}
