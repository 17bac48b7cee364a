"""Whether SkyPortal can be trusted with the token: certificates that are refused, and ways on which others can read."""

import ipaddress
import re
import ssl
from urllib.request import getproxies

from pydantic import HttpUrl

_ANOTHER_NAME = {62, 63, 64}
_NOT_YET, _EXPIRED = 9, 10
"""OpenSSL's numbers of reasons to refuse a certificate."""

_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")


_LOGIN = re.compile(r"(?<=://)[^\s\"'<>]+@")


def distrust(error: BaseException, whose: str) -> str:
    """Return what is wrong with the certificate, and what mends it; nothing if ``error`` is not about that.

    ``whose`` certificate, as a sentence names it.
    """
    cause = _tls_error(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate of {whose} {_refused(cause)}"
    if cause is not None and cause.reason in _NO_TLS:
        return f"{whose} speaks no TLS: does SKYPORTAL_URL begin with http:// there?"
    return ""


def exposed(url: HttpUrl) -> str:
    """Return why others may read the token on the way to ``url``; nothing if they cannot."""
    host = (url.host or "").strip("[]")
    if url.scheme == "https" or host == "localhost" or host.endswith(".localhost") or _is_loopback(host):
        return ""
    return f"the token goes to {host} unencrypted: whoever carries the packets can read it"


def without_logins(text: str) -> str:
    """Hide what stands before the ``@`` of an address: requests' errors echo that of a proxy, with its password."""
    for proxy in getproxies().values():
        if login := proxy.rpartition("@")[0].rpartition("://")[2]:
            text = text.replace(login, "***")
    return _LOGIN.sub("***@", text)


HOW_TO_ENCRYPT = "give SKYPORTAL_URL with https://, unless this is a network of your own containers"


def _refused(error: ssl.SSLCertVerificationError) -> str:
    said = error.verify_message
    if error.verify_code in _ANOTHER_NAME:
        return f"is another's ({said}): give SKYPORTAL_URL with the name that stands in it"
    if error.verify_code == _EXPIRED:
        return f"is refused ({said}): have it renewed; is this machine's clock right?"
    if error.verify_code == _NOT_YET:
        return f"is refused ({said}): is this machine's clock right?"
    return f"is not trusted ({said}): set SKYPORTAL_SSL_CA_LOCATION to the file with the authority that signed it"


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the error of TLS that ``error`` comes from; None if it comes from another."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__context__
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
