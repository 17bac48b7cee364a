"""What SkyPortal answers while something beneath it is broken; it differs from endpoint to endpoint."""

from demo.skyportal import auth, nginx, tracebacks
from demo.skyportal.envelope import Answer, Refusal
from demo.skyportal.faults import Fault, Request
from demo.skyportal.tracebacks import DatabaseError

QUEUE_POOL = (
    "QueuePool limit of size 10 overflow 15 reached, connection timed out, timeout 30.00 "
    "(Background on this error at: https://sqlalche.me/e/20/3o7r)"
)
PHOTOMETRY = "/api/photometry"
PREFIXES = {
    "/api/sources": "Failed to post source: ",
    "/api/classification": "Error posting classification: ",
    "/api/thumbnail": "Thumbnail failed to post: ",
}
"""Endpoints whose POST catches everything and answers 400; their other methods, and all others, do not."""

HIDDEN_CAUSE = (
    "Thumbnail failed to post: StatementError.__init__() missing 3 required positional arguments: "
    "'statement', 'params', and 'orig'"
)
EARLY_SHARE = 3
"""Of that many lost connections of a photometry request one is lost before the part that catches it."""


HUGE_ROWS = 8192
"""Of two groups each: the smallest request that SkyPortal repeats in its answer."""


def gateway(fault: Fault, request: Request) -> Answer:
    """Answer in place of SkyPortal's app."""
    match fault.kind:
        case "outage":
            return nginx.provisioning(request.method)
        case "bad_gateway":
            return nginx.page(502)
        case "page":
            return nginx.foreign_page()
        case "redirect":
            return nginx.redirection(fault.location)
        case _:
            return nginx.page(504)


def authentication(fault: Fault) -> Refusal:
    """Answer in the authentication step."""
    return auth.database_down() if fault.kind == "database_down" else auth.unauthorized()


def handler(fault: Fault, request: Request) -> Refusal:
    """Answer inside an endpoint."""
    match fault.kind:
        case "reject":
            return Refusal(fault.status, fault.message)
        case "pool_exhausted":
            prefix = _prefix(request)
            return Refusal(400 if prefix else 500, prefix + QUEUE_POOL)
        case "deadlock":
            return _database(tracebacks.DEADLOCK, request)
        case "readonly":
            return _hidden(request) or _database(tracebacks.READ_ONLY, request)
        case "huge":
            huge = tracebacks.too_many_parameters("group", HUGE_ROWS, (1, 2))
            return Refusal(400, tracebacks.photometry(huge, request.method))
        case _:
            return _connection_lost(fault, request)


def _connection_lost(fault: Fault, request: Request) -> Refusal:
    error = tracebacks.connection_lost(fault.answered)
    if fault.answered % 2 and (hidden := _hidden(request)):
        return hidden
    if request.path == PHOTOMETRY and fault.answered % EARLY_SHARE == 0:
        return Refusal(500, str(error))
    return _database(error, request)


def _hidden(request: Request) -> Refusal | None:
    """Return what a thumbnail's INSERT says, whatever the database said to it; None for other requests."""
    inserts_picture = (request.method, request.path) == ("POST", "/api/thumbnail")
    return Refusal(400, HIDDEN_CAUSE) if inserts_picture else None


def _database(error: DatabaseError, request: Request) -> Refusal:
    if request.path == PHOTOMETRY and request.method in {"PUT", "POST"}:
        return Refusal(400, tracebacks.photometry(error, request.method))
    prefix = _prefix(request)
    return Refusal(400 if prefix else 500, prefix + str(error))


def _prefix(request: Request) -> str:
    return PREFIXES.get(request.path, "") if request.method == "POST" else ""
