"""The other side of ``/_control``, with nothing but the standard library."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Control:
    """Looks into a stand-in SkyPortal and breaks it."""

    url: str
    """Of the server, without a path."""

    def fault(self, kind: str, **options: object) -> int:
        """Put a fault in force and return its id.

        Options: ``seconds``, ``count``, ``after``, ``every``, ``method``, ``path``, ``obj_id`` say which requests meet
        it; ``delay``, ``applied``, ``linger``, ``status``, ``message``, ``location`` what they meet. An unknown kind or
        option is a ValueError that lists them.
        """
        return int(self._ask("POST", "faults", {"kind": kind, **options})["id"])

    def mend(self, fault: int | None = None) -> None:
        """End the fault of this id, or all; called again, what an outage left behind too."""
        self._ask("DELETE", "faults", None if fault is None else {"number": fault})

    def faults(self) -> list[dict[str, Any]]:
        """Return all faults so far and how often each answered."""
        return list(self._ask("GET", "faults"))

    def state(self) -> dict[str, Any]:
        """Return all tables."""
        return dict(self._ask("GET", "state"))

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return what came in after request number ``since``."""
        return list(self._ask("GET", f"requests?since={since}"))

    def counts(self) -> dict[str, Any]:
        """Return the sizes of the tables and the requests by status."""
        return dict(self._ask("GET", "counts"))

    def setup(self, **wishes: object) -> dict[str, Any]:
        """Change the set-up and return it: see ``arrangement.arrange``."""
        return dict(self._ask("POST", "setup", wishes))

    def purge(self, older_than_s: float = 0) -> list[str]:
        """Delete the objects that no group saved and that are older, with all of theirs; return their names."""
        return list(self._ask("POST", "purge", {"older_than_s": older_than_s})["purged"])

    def limit(self, requests_per_second: float) -> None:
        """Let so many requests of a token pass in a second from now on, after a burst; 0 lets all of them pass."""
        self._ask("POST", "limit", {"requests_per_second": requests_per_second})

    def service_times(self, *, taken: bool) -> None:
        """Take as long as the real one from now on, or no time at all."""
        self._ask("POST", "service_times", {"taken": taken})

    def reset(self) -> None:
        """Empty the tables and the list of requests; the set-up and the faults stay."""
        self._ask("POST", "reset")

    def _ask(self, method: str, name: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_control/{name}", data=data, method=method)  # noqa: S310 - http
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - http
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(json.load(error)["error"]) from error
