"""The bot's token: is it valid, and does it have the permissions that the routes need."""

from collections.abc import Iterator

from runtime.checks import Blocked, Finding, ok, unchecked, wrong
from sink.checks.inquiry import THROTTLED, Inquiry
from sink.routing.routes import Routes
from sink.skyportal.client import Request, Unavailable
from sink.skyportal.sender import PROBE, explain
from sink.skyportal.verdicts import Answer, Verdict, judge

TOKEN = "token"  # noqa: S105  # a name of a finding

UNAUTHORIZED = 401

NOBODY = "fink-skyportal-check"
"""An object that nobody has."""

PROBES = {
    "Upload data": Request(method="POST", path="/api/candidates", body={}),
    "Annotate": Request(method="POST", path=f"/api/sources/{NOBODY}/annotations", body={}),
    "Classify": Request(method="POST", path="/api/classification", body={}),
}
"""Empty requests: SkyPortal looks at the permission first (401), and then refuses them for what they lack."""

NEEDED_FOR = {
    "Upload data": {"candidate", "photometry", "thumbnail"},
    "Annotate": {"annotation"},
    "Classify": {"classification"},
}


def token_findings(inquiry: Inquiry, routes: Routes) -> Iterator[Finding]:
    """Yield what is found of the token. Raises `Blocked` if nothing can be asked with it."""
    try:
        answer = inquiry.ask(PROBE)
    except Unavailable as error:
        yield wrong(TOKEN, str(error), "see whether SkyPortal is overloaded")
        raise Blocked from error
    if judge(answer) is not Verdict.ACCEPTED:
        yield _refused(answer)
        raise Blocked
    yield ok(TOKEN, "is valid")
    parts = {part for route in routes.every() for part in route.parts}
    for permission, request in PROBES.items():
        if parts & NEEDED_FOR[permission]:
            yield _permission(inquiry, permission, request)


def _refused(answer: Answer) -> Finding:
    if answer.status == UNAUTHORIZED:
        return wrong(
            TOKEN,
            f"SkyPortal does not take it ({answer.message})",
            "make a new one on the profile page of the bot user, and set SKYPORTAL_TOKEN or SKYPORTAL_TOKEN_FILE",
        )
    return wrong(TOKEN, explain(PROBE, answer), "see SkyPortal's own log; its database may be away")


def _permission(inquiry: Inquiry, permission: str, request: Request) -> Finding:
    name = f"permission {permission!r}"
    try:
        answer = inquiry.ask(request)
    except Unavailable as error:
        return unchecked(name, str(error), "run the check again")
    if answer.status == UNAUTHORIZED:
        return wrong(
            name,
            "the token lacks it",
            f"let an administrator give it to the bot user, and make a token that has it: tick {permission!r}",
        )
    if answer.status == THROTTLED or judge(answer) is Verdict.OUTAGE:
        return unchecked(name, f"{request.endpoint} answers {answer.message}", "run the check again")
    return ok(name, "the token has it")
