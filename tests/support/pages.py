"""The pages that a processor and a sink serve about themselves."""

import re
import urllib.error
import urllib.request

from support.kafka import PATIENCE_S, until
from support.processes import Command


def page_of(command: Command, path: str) -> tuple[int, str]:
    """Return status and text of ``path`` at the process's own HTTP server, once it has said its port."""
    ports: list[str] = []

    def is_told() -> bool:
        ports.extend(re.findall(r"metrics_port=(\d+)\n", command.output))
        return bool(ports)

    until(is_told, "the process to say its port")
    (port,) = ports
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
