"""SkyPortal over HTTP: one request, one answer. The only module that knows the token."""

import io
import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import MaxRetryError

from runtime.settings import secret_from_file
from sink.settings import SinkSettings, is_sendable
from sink.skyportal.trust import distrust, without_logins
from sink.skyportal.verdicts import Answer

log = logging.getLogger(__name__)

SHORTEST_TOKEN = 8
"""Characters. SkyPortal's tokens have 36."""

NO_ANSWER = Answer(status=0, content_type="", text="no answer")


class Unavailable(Exception):
    """No answer came, or one that tells nothing of the request: nothing is known of it."""

    def __init__(self, reason: str, answer: Answer = NO_ANSWER, *, sent: bool = True) -> None:
        super().__init__(reason)
        self.answer = answer
        self.sent = sent
        """False if it cannot have reached SkyPortal."""

    @property
    def may_come_yet(self) -> bool:
        """Whether the request may still be applied some time later: nobody has seen it end."""
        return self.sent and self.answer.status in {0, 504}


class Misconfigured(Unavailable):
    """No request will succeed until somebody mends the set-up. Nothing was applied."""


class NoSafeWay(Misconfigured):
    """There is no way to SkyPortal that the token may go: nothing was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, sent=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request. Everything in it derives from alerts, so that sending it again changes nothing."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    endpoint_label: str = ""
    """The path without the ids in it, for counting; empty if it has none."""

    @property
    def endpoint(self) -> str:
        """Method and path, as the log and the dead letters name it."""
        return f"{self.method} {self.path.partition('?')[0]}"

    @property
    def label(self) -> str:
        """Method and path without ids: few different ones."""
        return f"{self.method} {self.endpoint_label or self.path.partition('?')[0]}"


class SkyPortal:
    """A SkyPortal and the bot's token. Thread-safe; redirections are not followed, the token stays with its host.

    Certificates are verified, always.
    """

    def __init__(self, settings: SinkSettings) -> None:
        self._url = str(settings.skyportal_url).rstrip("/")
        self._token = settings.skyportal_token.get_secret_value()
        self._ever: tuple[str, ...] = (self._token,)
        self._hidden = _hiding(self._token)
        # For each request: as the session's, it would give way to a variable of requests' own.
        self._verify: str | bool = settings.skyportal_ssl_ca_location or True
        self._odd = ""
        self._timeouts = (settings.skyportal_connect_timeout_s, settings.skyportal_read_timeout_s)
        self._threads = threading.local()

    def renew_token(self) -> bool:
        """Read the token's file again, if there is one; say whether another token that can be sent stood in it."""
        token = secret_from_file("skyportal_token")
        if token in {"", self._token, self._odd}:
            return False
        if not is_sendable(token):
            self._odd = token
            log.warning("what stands in the file of SKYPORTAL_TOKEN_FILE now is no token: it has a blank or an accent")
            return False
        self._ever = (*self._ever, token)
        self._hidden = _hiding(*self._ever)
        self._token = token
        return True

    def ask(self, request: Request) -> Answer:
        """Send ``request`` and return the answer, whatever it says.

        Raises `Unavailable` where none comes: as `NoSafeWay` where nobody proves to be whom SKYPORTAL_URL names.
        """
        return self.ask_when_sure(request, _surely)

    def ask_when_sure(self, request: Request, make_sure: Callable[[], None]) -> Answer:
        """Do as `ask`, but call ``make_sure`` when the body is about to leave; what it raises, this raises.

        SkyPortal does nothing with a request whose body does not come. One without a body changes nothing, or deletes
        what may be deleted twice.
        """
        data = None if request.body is None else _Body(json.dumps(request.body, allow_nan=False).encode(), make_sure)
        try:
            response = self._session().request(
                request.method,
                self._url + request.path,
                data=data,
                timeout=self._timeouts,
                verify=self._verify,
                allow_redirects=False,
            )
            text = response.text
        except requests.RequestException as error:
            raise self._failure(error) from None
        except OSError as error:  # a file of certificates that was there at the start
            raise NoSafeWay(
                f"the certificate of {self._url} cannot be verified ({self._scrub(str(error))}): is the file of "
                "SKYPORTAL_SSL_CA_LOCATION, or of REQUESTS_CA_BUNDLE, there?"
            ) from None
        # Whole: half an envelope of 3 MB would be no JSON, and look like an outage.
        content_type = response.headers.get("Content-Type", "")
        return Answer(
            status=response.status_code,
            content_type=content_type,
            text=self._scrub(text),
            date=response.headers.get("Date", ""),
        )

    def _failure(self, error: requests.RequestException) -> Unavailable:
        """Return what ``error`` means for the request."""
        by_proxy = isinstance(error, requests.exceptions.ProxyError)
        if sentence := distrust(error, "the proxy" if by_proxy else self._url):
            return NoSafeWay(sentence)
        if isinstance(error, requests.exceptions.InvalidURL):  # ours was looked at; its words quote half the password
            return NoSafeWay(
                "the address of the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY cannot be understood: write /, # and "
                "@ of its password as %2F, %23 and %40"
            )
        if isinstance(error, requests.exceptions.InvalidSchema):
            return NoSafeWay("a proxy of SOCKS is not used: name one of HTTP in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY")
        cause = without_logins(self._scrub(_cause(error)))
        reason = f"no answer from {self._url} ({type(error).__name__}: {cause})"
        return Unavailable(reason, sent=not _never_connected(error))

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = requests.Session()
            session.auth = _as_it_is  # without one, a .netrc would replace the token
            session.headers["Content-Type"] = "application/json"
        session.headers["Authorization"] = f"token {self._token}"
        return session

    def _scrub(self, text: str) -> str:
        """Hide the token, which SkyPortal's errors echo; those that it had before, too."""
        return self._hidden.sub("***", text)


class _Body(io.BytesIO):
    """A body that asks before it leaves, and not again once it has: it is read until nothing more comes."""

    def __init__(self, body: bytes, make_sure: Callable[[], None]) -> None:
        super().__init__(body)
        self._make_sure = make_sure

    def read(self, _size: int | None = -1) -> bytes:
        """Return the whole body when that is sure, and then nothing."""
        if self.tell() == 0:
            self._make_sure()
        return super().read()


def _surely() -> None:
    """Who asks for no partition may always ask."""


def _hiding(*tokens: str) -> re.Pattern[str]:
    """Return what matches any of ``tokens``, the longest first; what is too short for a token stands in any text."""
    long_ones = sorted((token for token in tokens if len(token) >= SHORTEST_TOKEN), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, long_ones)) or "(?!)", re.IGNORECASE)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _cause(error: BaseException) -> str:
    """Return what the network said: requests and urllib3 wrap it in the addresses of their objects."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error)


def _never_connected(error: requests.RequestException) -> bool:
    """Say whether not even a connection came about: what fails afterwards urllib3 does not wrap in this."""
    return bool(error.args) and isinstance(error.args[0], MaxRetryError)
