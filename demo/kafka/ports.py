"""Ports on 127.0.0.1 that nobody listens on."""

import random
import socket
from collections.abc import Container

LOOPBACK = "127.0.0.1"

# Below the ports that systems give to outgoing connections. A client that keeps calling a dead broker on a port from
# that range will sooner or later be given the very port it calls, connect to itself, and block the broker's return.
CANDIDATES = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a broker could listen there now: connections that are still fading away do not hinder it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int, besides: Container[int] = ()) -> list[int]:
    """Choose different ports ``besides`` some others; another process may take one before it is used."""
    chosen: list[int] = []
    for port in random.SystemRandom().sample(CANDIDATES, len(CANDIDATES)):
        if len(chosen) == count:
            break
        if port not in besides and is_free(port):
            chosen.append(port)
    return chosen
