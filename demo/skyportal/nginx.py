"""What the nginx in front of SkyPortal does: rate limit, size limit and its own error pages."""

from collections.abc import Callable
from dataclasses import dataclass, field

from demo.skyportal.envelope import Answer

RATE = 5.0
"""Requests per second that SkyPortal's nginx template allows for one Authorization header."""

BURST = 10
"""Requests above the rate that pass at once, without delay."""

MAX_BODY_BYTES = 100 * 2**20
"""``server.max_body_size`` of SkyPortal: 100M."""

REASONS = {
    302: "Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    502: "Bad Gateway",
    504: "Gateway Time-out",
}


@dataclass(kw_only=True)
class RateLimit:
    """``limit_req`` with ``nodelay``: a bucket per key that leaks ``rate`` requests per second.

    A refused request leaves the bucket as it is, so that hammering costs a client nothing.
    """

    clock: Callable[[], float]
    rate: float = RATE
    """Requests per second; 0 lets everything pass, as for a whitelisted address."""
    burst: int = BURST
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def allows(self, key: str) -> bool:
        """Count one request of ``key`` unless it exceeds the burst."""
        if not self.rate:
            return True
        now = self.clock()
        excess, last = self._buckets.get(key, (-1.0, now))
        excess = max(0.0, excess - self.rate * (now - last) + 1)
        if excess > self.burst:
            return False
        self._buckets[key] = (excess, now)
        return True


def page(status: int) -> Answer:
    """Nginx's own HTML page; without a Retry-After header, as the real one."""
    title = f"{status} {REASONS[status]}"
    lines = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>",
        f"<center><h1>{title}</h1></center>",
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
    )
    return Answer(status=status, body="\r\n".join(lines).encode(), content_type="text/html")


def provisioning(method: str) -> Answer:
    """Answer in place of an absent app: the status server behind nginx knows GET only."""
    if method == "GET":
        return Answer(status=503, body=b'{"status": "error", "message": "System provisioning"}')
    body = b"<html><title>405: Method Not Allowed</title><body>405: Method Not Allowed</body></html>"
    return Answer(status=405, body=body, content_type="text/html; charset=UTF-8")


def foreign_page() -> Answer:
    """Answer as something between client and SkyPortal does that has a page of its own for everything, with 200."""
    body = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in to go on.</body></html>\n"
    return Answer(status=200, body=body, content_type="text/html; charset=utf-8")


def redirection(location: str) -> Answer:
    """Send the client elsewhere."""
    found = page(302)
    return Answer(status=302, body=found.body, content_type=found.content_type, headers={"Location": location})
