"""What can go wrong with a local Kafka, by what has to be done about it."""


class LocalKafkaError(Exception):
    """The local Kafka cannot run; the sentence says why and what to do."""


class JarsUnavailableError(LocalKafkaError):
    """Kafka's jars are neither in the cache nor to be had: mend the network or the cache, then start again."""


class BrokerDiedError(LocalKafkaError):
    """A broker ended or never answered; the sentence ends with the end of its log."""


class PortTakenError(LocalKafkaError):
    """Another process listens on a broker's port: choose another one."""
