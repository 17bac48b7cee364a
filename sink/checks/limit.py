"""How many requests SkyPortal takes of the token: what becomes of more than its usual limit lets pass."""

from runtime.checks import Finding, ok, unchecked, warning
from sink.checks.inquiry import THROTTLED, Inquiry
from sink.checks.server import SYSINFO
from sink.settings import AUTO, SinkSettings
from sink.skyportal.client import Unavailable
from sink.skyportal.pace import START

LIMIT = "limit of requests"

MOST = 12
"""Requests of the test: with those that the other checks have sent, more than the limit's burst."""

MARGIN = 2
"""Requests beyond the allowance that show that there is no limit."""


def limit_finding(inquiry: Inquiry, settings: SinkSettings) -> Finding:
    """Return whether SkyPortal limits the requests of the token; refused ones cost it nothing."""
    try:
        for _ in range(MOST):
            if inquiry.was_throttled or inquiry.sent > inquiry.allowance + MARGIN:
                break
            inquiry.ask_at_once(SYSINFO)
    except Unavailable as error:
        return unchecked(LIMIT, str(error))
    if not inquiry.was_throttled:
        if inquiry.sent <= inquiry.allowance + MARGIN:
            return unchecked(LIMIT, f"SkyPortal answers too slowly to meet it; usually it is {START:.0f} a second")
        return ok(LIMIT, f"none is noticed: more than {START:.0f} a second pass")
    said = (
        f"SkyPortal answers {THROTTLED} to too many at once: usually {START:.0f} a second pass, whatever the number of "
        "sinks of one token"
    )
    fixed = settings.skyportal_requests_per_second
    if fixed != AUTO and (not fixed or fixed > START):
        return warning(
            LIMIT,
            f"{said}; SKYPORTAL_REQUESTS_PER_SECOND is {fixed:g}",
            "leave SKYPORTAL_REQUESTS_PER_SECOND out: a sink finds the rate, and shares it with others",
        )
    return ok(LIMIT, f"{said}; SkyPortal's operator can raise it, or exempt this address (server.whitelisted_ips)")
