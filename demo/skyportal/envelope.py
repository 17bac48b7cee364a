"""The JSON envelope around every answer of SkyPortal's API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

VERSION = "1.4.0"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back to the client. A HEAD request gets it without its body."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Ends the handling of a request with an error in the envelope."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def answer(self) -> Answer:
        """Wrap the message as SkyPortal does."""
        return error(self.status, self.message)


def success(data: object) -> Answer:
    """Answer 200, whether something was created, updated or only found."""
    body = {"status": "success", "data": data, "version": VERSION}
    return Answer(status=200, body=json.dumps(body).encode())


def error(status: int, message: str) -> Answer:
    """Answer a refusal; SkyPortal's keys and spaces, byte by byte."""
    body = {"status": "error", "message": message, "data": {}, "version": VERSION}
    return Answer(status=status, body=json.dumps(body).encode())
