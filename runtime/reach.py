"""Whether a Kafka can be reached: each address by itself, then the cluster behind them."""

import socket
from collections.abc import Generator, Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from runtime import kafka
from runtime.checks import Blocked, Finding, ok, warning, wrong
from runtime.refusals import Refusal, Variables

CONNECT_S = 5.0
"""To wait for one address."""

ANSWER_S = 10.0
"""To wait for the cluster."""


def reached(
    name: str, servers: str, config: kafka.ClientSettings, *, variables: Variables
) -> Generator[Finding, None, ClusterMetadata]:
    """Yield what is found on the way to the cluster at ``servers``, and return what it says of itself.

    ``variables`` are the settings that it is reached by. Raises `Blocked` where no broker answers.
    """
    addresses = [one.strip() for one in servers.split(",") if one.strip()]
    closed = unreachable(addresses)
    if len(closed) == len(addresses):
        yield wrong(
            name, _listed(closed), f"is it running, is {variables.servers} right, does a firewall let us through?"
        )
        raise Blocked
    for address, reason in closed.items():
        yield warning(name, f"{address}: {reason}; others answer", f"take it out of {variables.servers}, or mend it")
    refusal = Refusal(variables)
    admin = AdminClient(refusal.heard_by(config), logger=kafka.log)
    try:
        cluster = admin.list_topics(timeout=ANSWER_S)
    except KafkaException as error:
        admin.poll(0)  # it tells then why
        if refusal.text:
            yield wrong(name, f"refuses us, or we it: {refusal.text}", refusal.to_do)
            raise Blocked from error
        yield wrong(
            name,
            f"{', '.join(one for one in addresses if one not in closed)} can be connected to, but does not answer as "
            f"Kafka does: {error.args[0].str()}",
            f"is {variables.servers} a Kafka, and is {variables.protocol} right?",
        )
        raise Blocked from error
    # A client is sent on to these; behind a firewall or in a container they may be names that nobody here knows.
    named = [f"{broker.host}:{broker.port}" for broker in cluster.brokers.values()]
    hidden = unreachable(one for one in named if one not in addresses)
    for address, reason in hidden.items():
        yield wrong(
            name,
            f"the cluster names a broker {address}, which cannot be reached from here: {reason}",
            "set advertised.listeners of the broker to an address that is known here, or let us through the firewall",
        )
    answering = ", ".join(one for one in named if one not in hidden) or "none that can be reached"
    yield ok(name, f"cluster {cluster.cluster_id}, brokers: {answering}")
    return cluster


def unreachable(addresses: Iterable[str]) -> Mapping[str, str]:
    """Return what is wrong with each ``host:port`` that takes no connection."""
    reasons = {address: _trouble(address) for address in addresses}
    return {address: reason for address, reason in reasons.items() if reason}


def _trouble(address: str) -> str:
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return "no host:port"
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except (OSError, OverflowError, UnicodeError) as error:
        return _said(error)
    return ""


def _said(error: OSError | OverflowError | UnicodeError) -> str:
    """Return what the network said, without the number of the error."""
    said = error.strerror if isinstance(error, OSError) else ""
    return said or str(error) or type(error).__name__


def _listed(reasons: Mapping[str, str]) -> str:
    return "; ".join(f"{address}: {reason}" for address, reason in reasons.items()) or "no address"
