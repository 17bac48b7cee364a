"""Requests to SkyPortal one after the other, outside of the sink's budget."""

from typing import Any

from sink.skyportal.client import Request, Unavailable
from sink.skyportal.unhurried import Unhurried
from sink.skyportal.verdicts import Answer, Verdict, judge


class NotProvisioned(Exception):
    """Nothing can be looked up or made; the text says why, and what to do."""


class NoAnswer(Exception):
    """SkyPortal is away, or lets nothing pass: nothing is known of the request."""


class Asking:
    """Sends requests, and says what keeps SkyPortal from answering them."""

    def __init__(self, skyportal: Unhurried) -> None:
        self._skyportal = skyportal

    def get(self, path: str) -> Any:
        """Return the ``data`` of a GET. Raises `NotProvisioned`, also where the token is not taken."""
        request = Request(method="GET", path=path)
        try:
            answer = self.send(request)
        except NoAnswer as error:
            raise NotProvisioned(str(error)) from error
        if answer.status == 401:  # noqa: PLR2004  # unauthorized
            raise NotProvisioned(
                f"SkyPortal refuses the token ({request.endpoint} answers {answer.message}): "
                "SKYPORTAL_TOKEN must be a valid token of the bot user"
            )
        if judge(answer) is not Verdict.ACCEPTED:
            raise NotProvisioned(
                f"{request.endpoint} answers {answer.message}: are SKYPORTAL_URL and the bot's account right?"
            )
        return answer.json["data"]

    def send(self, request: Request) -> Answer:
        """Return SkyPortal's own answer, whatever it says. Raises `NoAnswer`."""
        try:
            answer = self._skyportal.ask(request)
        except Unavailable as error:
            raise NoAnswer(str(error)) from error
        verdict = judge(answer)
        if verdict is Verdict.OUTAGE:
            raise NoAnswer(f"{request.endpoint} answers {answer.message}")
        if verdict is Verdict.THROTTLED:
            raise NoAnswer(
                f"{request.endpoint} answers 429 all the time: others use up the requests of this token, "
                "sinks for instance; stop them, or try again later"
            )
        return answer
