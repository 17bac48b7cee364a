"""Dead letters, as a half of the product puts them aside, and the commands that an operator has for them."""

import json
from collections.abc import Iterable
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from typer.testing import CliRunner, Result

from runtime.redrive.box import LetterBox
from runtime.redrive.command import redrive_app
from runtime.redrive.half import Half
from runtime.settings import ProcessSettings
from schemas import names
from schemas.dead_letters import Answer, DeadLetter, Header
from support.kafka import PATIENCE_S, until

ANSWER = Answer(endpoint="POST /api/sources/{id}/annotations", status=400, body="Not this one.", attempts=2)


def dead_letter(offset: int = 0, **changes: Any) -> DeadLetter:
    """Return the reason of a record of which SkyPortal has refused the annotation, with ``changes``."""
    ordinary: dict[str, Any] = {
        "topic": "alerts",
        "partition": 0,
        "signed_by": names.SINK,
        "stage": "part",
        "reason": "Rejected",
        "message": "POST annotations answered 400: Not this one.",
        "part": "annotation",
        "answer": ANSWER,
    }
    return DeadLetter(offset=offset, **(ordinary | changes))


Message = tuple[bytes | None, bytes | None, list[Header]]
"""Key, value and headers."""


def put_aside(broker: str, topic: str, messages: Iterable[Message], *, partition: int = 0) -> None:
    """Publish messages to one partition of ``topic``, in order, and see that they arrived."""
    producer = Producer({"bootstrap.servers": broker, "max.in.flight": 1, "message.max.bytes": 10_000_000})
    errors = []
    for key, value, headers in messages:
        producer.produce(
            topic, value, key, partition, lambda error, _message: errors.append(error), headers=list(headers)
        )
        producer.poll(0)
    assert producer.flush(PATIENCE_S) == 0
    assert not any(errors), errors


def let_topic_take(broker: str, topic: str, max_message_bytes: int) -> None:
    """Change how large a message ``topic`` takes; returns when its broker says so."""
    entry = ConfigEntry("max.message.bytes", str(max_message_bytes), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": broker})
    admin.incremental_alter_configs([resource])[resource].result(PATIENCE_S)
    asked = ConfigResource(ConfigResource.Type.TOPIC, topic)

    def is_in_force() -> bool:
        found = admin.describe_configs([asked])[asked].result(PATIENCE_S)
        return bool(found[entry.name].value == entry.value)

    until(is_in_force, f"{topic} to take {max_message_bytes} bytes")


class Commands:
    """``redrive`` of one half."""

    def __init__(self, settings: ProcessSettings, half: Half, name: str) -> None:
        self._app = redrive_app(lambda: LetterBox(settings, half, name), about="")

    def run(self, *arguments: str, typed: str = "") -> Result:
        """Run one command in this process, with ``typed`` at the keyboard."""
        return CliRunner().invoke(self._app, arguments, input=typed)

    def said(self, *arguments: str) -> str:
        """Return what a command says that ends well."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return str(result.stdout)

    def ids(self, *selection: str) -> list[str]:
        """Return the ids of the letters that wait and fit, as ``list`` has them."""
        return [str(letter["id"]) for letter in self.listed(*selection)["letters"]]

    def listed(self, *selection: str) -> dict[str, Any]:
        """Return the document that ``list --json`` writes."""
        found: dict[str, Any] = json.loads(self.said("list", "--json", *selection))
        return found
