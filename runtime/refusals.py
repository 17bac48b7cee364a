"""Why a Kafka and a client of ours refuse each other: librdkafka tells it beside the call that fails."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError

_HOW_LONG = re.compile(r" \(after \d+ms in state \w+\)$")


@dataclass(frozen=True, kw_only=True)
class Variables:
    """What the settings of one Kafka are called."""

    servers: str
    protocol: str
    authority: str
    login: str
    """User, password and mechanism, as a sentence names them."""
    certificate: str
    """Ours, as a sentence names it; empty where there is no setting for one."""


LOCAL = Variables(
    servers="KAFKA_BOOTSTRAP_SERVERS",
    protocol="KAFKA_SECURITY_PROTOCOL",
    authority="KAFKA_SSL_CA_LOCATION",
    login="KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM",
    certificate="KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION",
)


def advice(error: KafkaError, variables: Variables) -> str:
    """Return what mends it, if ``error`` is a refusal; nothing for an error of another kind."""
    text = error.str()
    if "certificate verify failed" in text:
        return (
            f"set {variables.authority} to the file with the authority that signed the broker's certificate, and "
            f"name the broker in {variables.servers} as its certificate does; has the certificate expired?"
        )
    if "alert certificate required" in text or "alert bad certificate" in text:
        wanted = f"set {variables.certificate}" if variables.certificate else "ask for a listener without one"
        return f"the broker wants a certificate of ours: {wanted}"
    if "PLAINTEXT broker listener" in text:
        return f"the broker speaks no TLS there: is {variables.protocol} right?"
    if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001  # librdkafka's own codes begin so
        return f"are {variables.login} those that the broker knows, and {variables.protocol}?"
    if error.code() == KafkaError._SSL:  # noqa: SLF001  # the same
        return f"are {variables.protocol} and the files of the certificates right?"
    return ""


def said_of(error: KafkaError, variables: Variables) -> str:
    """Return what librdkafka says, with what mends it."""
    text, to_do = _HOW_LONG.sub("", error.str()), advice(error, variables)
    return f"{text}: {to_do}" if to_do else f"{text} ({error.name()})"


class Refusal:
    """Hears what one client says, as its ``error_cb``, and keeps the last refusal."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self.text = ""
        """What was refused; empty while nothing was."""
        self.to_do = ""

    def __call__(self, error: KafkaError) -> None:
        """Note ``error``, if it is a refusal."""
        if to_do := advice(error, self._variables):
            self.text, self.to_do = _HOW_LONG.sub("", error.str()), to_do

    def heard_by(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``config`` for a client that tells us; it does so when it is polled."""
        return {**config, "error_cb": self}
