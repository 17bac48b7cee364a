"""What a number of alerts costs in requests, as counted while they are rehearsed."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping

from sink.skyportal.client import Request


def line(request: Request, *, full: bool = False) -> str:
    """Return a request as it goes out, on one line; without ``full`` a picture is named by its size."""
    if request.body is None:
        return f"{request.method} {request.path}"
    body: Mapping[str, object] = request.body
    picture = body.get("data")
    if not full and isinstance(picture, str):
        body = {**body, "data": f"<PNG, {len(base64.b64decode(picture)):,} bytes>"}
    return f"{request.method} {request.path} {json.dumps(body)}"


class Budget:
    """Counts requests, by endpoint."""

    def __init__(self) -> None:
        self.at_start = 0
        """Questions for the names of groups, filters and the like: once for each start of a sink."""
        self._requests: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def begin(self) -> None:
        """Take what was counted so far for what a start costs."""
        self.at_start = self.requests
        self._requests.clear()
        self._bytes.clear()

    def count(self, request: Request) -> None:
        """Count one request, and the bytes of its body."""
        self._requests[request.label] += 1
        self._bytes[request.label] += 0 if request.body is None else len(json.dumps(request.body))

    @property
    def requests(self) -> int:
        """All of them."""
        return self._requests.total()

    @property
    def questions(self) -> int:
        """Those that change nothing."""
        return sum(number for label, number in self._requests.items() if label.startswith("GET "))

    @property
    def bytes(self) -> int:
        """Of all bodies."""
        return self._bytes.total()

    def lines(self) -> Iterator[str]:
        """Yield a table of the endpoints, the costliest first."""
        yield f"{'requests':>10} {'bytes':>14}  endpoint"
        for label, number in self._requests.most_common():
            yield f"{number:>10} {self._bytes[label]:>14,}  {label}"
