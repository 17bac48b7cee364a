"""SkyPortal itself: does it answer, which version is it, does its clock agree with ours."""

import re
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from runtime.checks import Blocked, Finding, ok, unchecked, warning, wrong
from sink.checks.inquiry import Inquiry
from sink.skyportal.client import NoSafeWay, Request, Unavailable
from sink.skyportal.verdicts import Answer, Verdict, judge

SERVER, CLOCK = "SkyPortal", "clock of SkyPortal"

SYSINFO = Request(method="GET", path="/api/sysinfo")
"""Answers anybody, without the database."""

KNOWN = "1.4"
"""The version of SkyPortal whose answers this code was written after."""

CLOCK_WARNING_S = 2.0
CLOCK_WRONG_S = 60.0


def server_findings(inquiry: Inquiry) -> Iterator[Finding]:
    """Yield what is found of the server. Raises `Blocked` where no SkyPortal answers."""
    before = time.time()
    try:
        answer = inquiry.ask(SYSINFO)
    except NoSafeWay as error:
        what, _, to_do = str(error).rpartition(": ")
        yield wrong(SERVER, what, to_do)
        raise Blocked from error
    except Unavailable as error:
        yield wrong(SERVER, str(error), "is it running, is SKYPORTAL_URL right, does a firewall let us through?")
        raise Blocked from error
    after = time.time()
    if judge(answer) is not Verdict.ACCEPTED:
        yield wrong(
            SERVER,
            f"{SYSINFO.endpoint} answers {answer.message}",
            "is SKYPORTAL_URL SkyPortal's own address, without a path, and is SkyPortal up?",
        )
        raise Blocked
    yield version_finding(str(answer.json.get("version", "")))
    yield clock_finding(answer, before=before, after=after)


def version_finding(version: str) -> Finding:
    """Return whether ``version`` of SkyPortal is one that we know."""
    if re.match(rf"{re.escape(KNOWN)}(\.|$)", version):
        return ok(SERVER, f"answers; version {version}")
    return warning(
        SERVER,
        f"answers; its version is {version or 'not told'}, this was written for {KNOWN}",
        "watch the first alerts: dead letters and their reasons tell what has changed",
    )


def clock_finding(answer: Answer, *, before: float, after: float) -> Finding:
    """Return whether SkyPortal's clock, in whole seconds, is within ours of ``before`` and ``after`` the request."""
    try:
        theirs = parsedate_to_datetime(answer.date).timestamp()
    except ValueError:
        return unchecked(CLOCK, "its answers carry no date")
    behind_s, ahead_s = before - (theirs + 1), theirs - after
    off_s = max(behind_s, ahead_s, 0.0)
    if off_s <= CLOCK_WARNING_S:
        return ok(CLOCK, "agrees with ours")
    text = f"differs from ours by {off_s:.0f} s; the newest alerts go first by our clock"
    to_do = "let both machines follow a time server (chronyc tracking, timedatectl)"
    return wrong(CLOCK, text, to_do) if off_s > CLOCK_WRONG_S else warning(CLOCK, text, to_do)
