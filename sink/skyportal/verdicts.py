"""What an answer of SkyPortal's means for the sink. Status first, then message.

SkyPortal answers 400 and 405 when it is down, and 500 when the data are bad: the status alone tells little.
"""

import json
import re
from dataclasses import dataclass
from enum import Enum
from itertools import dropwhile
from typing import Any


class Verdict(Enum):
    """What to do about an answer."""

    ACCEPTED = "accepted"
    THROTTLED = "throttled"
    """Too many requests: send it again when the budget allows."""
    OUTAGE = "outage"
    """Nothing is known of the request: send it again when SkyPortal is back."""
    UNKNOWN_OBJECT = "unknown object"
    """The object is gone, by a purge for instance: send its candidate again first."""
    CHANGED = "changed"
    """SkyPortal holds something else of the object than we believed: look, then send what is missing."""
    SPLIT = "split"
    """Too large, or two rows that exclude each other: send fewer alerts at once."""
    ROUTE = "route"
    """A filter, group, stream or instrument is missing or closed to us."""
    MISCONFIGURED = "misconfigured"
    """No request will succeed until somebody mends the set-up."""
    REJECTED = "rejected"
    """Refused for what it says, if that can be believed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer, free of the token."""

    status: int
    content_type: str
    text: str
    date: str = ""
    """The time of SkyPortal's clock, as HTTP writes it; empty where it was not told."""

    @property
    def json(self) -> dict[str, Any]:
        """The envelope; empty where the body is no JSON object."""
        if "json" not in self.content_type:
            return {}
        try:
            body = json.loads(self.text)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def message(self) -> str:
        """Status and cause: the first line of the message, of a traceback that of the last exception.

        The same mistake gives the same text each time; the statements and rows further down carry new numbers.
        """
        said = str(self.json.get("message", ""))
        text = _last_exception(said).partition("\n")[0] if said else " ".join(self.text.split())
        return f"{self.status} {text[:500]}".rstrip()

    @property
    def wording(self) -> str:
        """Return the message without its numbers and ids: the same mistake in the same words."""
        return re.sub(r"[0-9a-f-]{8,}|[0-9]+", "#", self.message, flags=re.IGNORECASE)


def strange(message: str) -> Answer:
    """Return what SkyPortal should have said instead of accepting."""
    return Answer(status=200, content_type="application/json", text=json.dumps({"message": message}))


LONGEST_END = 50_000
"""Characters at either end of a message that may hold its cause: a traceback has 10 kB, an error in all 3 MB."""


_AWAY = re.compile(
    r"server closed the connection|consuming input failed|AdminShutdown|CrashShutdown|CannotConnectNow"
    r"|terminating connection|connection (failed|refused|timeout|is closed|is lost)|the database system is"
    r"|too many (clients|connections)|remaining connection slots|QueuePool limit|deadlock detected|DeadlockDetected"
    r"|SerializationFailure|could not serialize|LockNotAvailable|lock timeout|QueryCanceled|canceling statement"
    r"|ReadOnlySqlTransaction|DiskFull|No space left|PendingRollbackError|InterfaceError|<urlopen error"
    r"|StatementError\.__init__\(\) missing",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(
    r"number of parameters must be between|Maximum number of photometry rows|CardinalityViolation", re.IGNORECASE
)
_ROUTE = re.compile(
    r"At least one valid filter ID must be provided|Invalid (instrument|group|stream) IDs?|Cannot find group_id"
    r"|Cannot find one or more groups|Insufficient permissions for operation|has no filter"
    r"|Filter\(s\) .* not allowed|Cannot find a taxonomy",
    re.IGNORECASE | re.DOTALL,
)
_NO_OBJECT = re.compile(
    r"Invalid object ID|Obj \S+ not found|Source not found|Invalid obj_id:|Cannot find object with ID"
    r"|must not be null for a new Obj",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"Annotation already exists|Could not find any accessible annotations|Annotation resource ID does not match"
    r"|Cannot find a classification|objs_pkey",
    re.IGNORECASE,
)


def judge(answer: Answer, *, of_one_object: bool = False) -> Verdict:
    """Return what ``answer`` means. Total: every answer has a verdict.

    ``of_one_object`` says that an object's name or a row's number stands in the path: then an unknown path is that
    object's matter. SkyPortal accepts a candidate of any name, and knows no path for some of them afterwards.
    """
    by_status = _by_status(answer)
    if of_one_object and by_status is Verdict.MISCONFIGURED and answer.status == 405:  # noqa: PLR2004  # no such path
        return Verdict.REJECTED
    return by_status if by_status is not None else _by_message(answer)


def _by_status(answer: Answer) -> Verdict | None:  # noqa: PLR0911  # a table of statuses
    match answer.status:
        case 200:
            # A page where the envelope should be comes from something in front of SkyPortal.
            whole = answer.json.get("status") == "success" and "data" in answer.json
            return Verdict.ACCEPTED if whole else Verdict.OUTAGE
        case 429:
            return Verdict.THROTTLED
        case 413:
            return Verdict.SPLIT
        case 401:
            return Verdict.MISCONFIGURED
        case 408 | 502 | 503 | 504:
            return Verdict.OUTAGE
        case status if 300 <= status < 400:  # noqa: PLR2004  # redirections
            return Verdict.MISCONFIGURED
    if not answer.json:
        return Verdict.OUTAGE  # 405 as a page is what writers get while the application restarts behind its proxy
    if answer.status == 405:  # noqa: PLR2004  # as JSON: SkyPortal itself knows no such endpoint
        return Verdict.MISCONFIGURED
    return None


def _by_message(answer: Answer) -> Verdict:
    message = _ends(str(answer.json.get("message", "")))
    if (answer.status == 403 and "expired" in message) or message == "Invalid API endpoint":  # noqa: PLR2004  # forbidden
        return Verdict.MISCONFIGURED
    for pattern, verdict in (
        (_AWAY, Verdict.OUTAGE),
        (_TOO_MUCH, Verdict.SPLIT),
        (_ROUTE, Verdict.ROUTE),
        (_NO_OBJECT, Verdict.UNKNOWN_OBJECT),
        (_CHANGED, Verdict.CHANGED),
    ):
        if pattern.search(message):
            return verdict
    return Verdict.REJECTED


def _last_exception(text: str) -> str:
    """Return what stands below the last frame of a traceback; ``text`` itself if it is none."""
    lines = text.strip().splitlines()
    frames = [number for number, line in enumerate(lines) if line.startswith("  File ")]
    below = lines[frames[-1] + 1 :] if frames else lines
    return "\n".join(dropwhile(lambda line: line.startswith(" "), below))


def _ends(text: str) -> str:
    """Return ``text`` without the middle of a very long one, where there is nothing but a statement and its rows."""
    return text if len(text) <= 2 * LONGEST_END else text[:LONGEST_END] + text[-LONGEST_END:]
