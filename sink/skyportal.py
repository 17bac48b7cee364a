"""SkyPortal over HTTP: one request, one answer. The only module that knows the token."""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from sink.settings import SinkSettings
from sink.verdicts import Answer

NO_ANSWER = Answer(status=0, content_type="", text="no answer")


class Unavailable(Exception):
    """No answer came, or one that tells nothing of the request: nothing is known of it."""

    def __init__(self, reason: str, answer: Answer = NO_ANSWER) -> None:
        super().__init__(reason)
        self.answer = answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request. Everything in it derives from alerts, so that sending it again changes nothing."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    @property
    def endpoint(self) -> str:
        """Method and path, as the log and the dead letters name it."""
        return f"{self.method} {self.path}"


class SkyPortal:
    """A SkyPortal and the bot's token. Thread-safe; redirections are not followed, the token stays with its host."""

    def __init__(self, settings: SinkSettings) -> None:
        self._url = str(settings.skyportal_url).rstrip("/")
        self._token = settings.skyportal_token.get_secret_value()
        self._spelled = re.compile(re.escape(self._token), re.IGNORECASE)
        self._timeouts = (settings.skyportal_connect_timeout_s, settings.skyportal_read_timeout_s)
        self._threads = threading.local()

    def ask(self, request: Request) -> Answer:
        """Send ``request`` and return the answer, whatever it says. Raises `Unavailable` where none comes."""
        data = None if request.body is None else json.dumps(request.body, allow_nan=False)
        try:
            response = self._session().request(
                request.method,
                self._url + request.path,
                data=data,
                timeout=self._timeouts,
                allow_redirects=False,
            )
            text = response.text
        except requests.RequestException as error:
            raise Unavailable(
                f"no answer from {self._url} ({type(error).__name__}: {self._scrub(_cause(error))})"
            ) from None
        # Whole: half an envelope of 3 MB would be no JSON, and look like an outage.
        content_type = response.headers.get("Content-Type", "")
        return Answer(status=response.status_code, content_type=content_type, text=self._scrub(text))

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = requests.Session()
            session.auth = _as_it_is  # without one, a .netrc would replace the token
            session.headers["Authorization"] = f"token {self._token}"
            session.headers["Content-Type"] = "application/json"
        return session

    def _scrub(self, text: str) -> str:
        """Hide the token, which SkyPortal's errors echo."""
        return self._spelled.sub("***", text)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _cause(error: BaseException) -> str:
    """Return what the network said: requests and urllib3 wrap it in the addresses of their objects."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error)
