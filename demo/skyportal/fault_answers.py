"""What SkyPortal answers while something beneath it is broken; it differs from endpoint to endpoint."""

from demo.skyportal import auth, tracebacks
from demo.skyportal.envelope import Refusal
from demo.skyportal.faults import Fault, Request
from demo.skyportal.tracebacks import DatabaseError

QUEUE_POOL = (
    "QueuePool limit of size 10 overflow 15 reached, connection timed out, timeout 30.00 "
    "(Background on this error at: https://sqlalche.me/e/20/3o7r)"
)
PREFIXES = {
    "/api/sources": "Failed to post source: ",
    "/api/classification": "Error posting classification: ",
    "/api/thumbnail": "Thumbnail failed to post: ",
}
"""Endpoints that catch everything and answer 400."""

HIDDEN_CAUSE = (
    "Thumbnail failed to post: StatementError.__init__() missing 3 required positional arguments: "
    "'statement', 'params', and 'orig'"
)
EARLY_SHARE = 3
"""Of that many lost connections of a photometry request one is lost before the part that catches it."""


def authentication(fault: Fault) -> Refusal:
    """Answer in the authentication step."""
    return auth.database_down() if fault.kind == "database_down" else auth.unauthorized()


def handler(fault: Fault, request: Request) -> Refusal:
    """Answer inside an endpoint; nothing is applied."""
    match fault.kind:
        case "reject":
            return Refusal(fault.status, fault.message)
        case "pool_exhausted":
            prefix = _prefix(request)
            return Refusal(400 if prefix else 500, prefix + QUEUE_POOL)
        case "deadlock":
            return _database(tracebacks.DEADLOCK, request)
        case "readonly":
            return _database(tracebacks.READ_ONLY, request)
        case _:
            return _connection_lost(fault, request)


def _connection_lost(fault: Fault, request: Request) -> Refusal:
    error = tracebacks.connection_lost(fault.answered)
    if request.path.startswith("/api/thumbnail") and fault.answered % 2:
        return Refusal(400, HIDDEN_CAUSE)
    if request.path.startswith("/api/photometry") and fault.answered % EARLY_SHARE == 0:
        return Refusal(500, str(error))
    return _database(error, request)


def _database(error: DatabaseError, request: Request) -> Refusal:
    if request.path.startswith("/api/photometry") and request.method in {"PUT", "POST"}:
        return Refusal(400, tracebacks.photometry(error, request.method))
    prefix = _prefix(request)
    return Refusal(400 if prefix else 500, prefix + str(error))


def _prefix(request: Request) -> str:
    if request.method in {"GET", "HEAD"} or request.path.startswith("/api/sources/"):
        return ""
    return next((text for path, text in PREFIXES.items() if request.path.startswith(path)), "")
