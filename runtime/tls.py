"""Files of certificates that settings name: whether they are what they should be, before anybody connects."""

import ssl
from collections.abc import Callable
from pathlib import Path

WITH_TLS = ("SSL", "SASL_SSL")
"""Kafka's protocols that encrypt."""


def certificates(path: str) -> str:
    """Return ``path`` if there are certificates in that file, in PEM. Raises `ValueError` with the reason."""
    return _readable(path, _context().load_verify_locations, "the file that it names holds no certificate in PEM")


def key(path: str, *, of: str, password: str) -> str:
    """Return ``path`` if the key there belongs to the certificate in the file ``of``, and ``password`` opens it.

    Raises `ValueError` with the reason. Without a password OpenSSL would ask the terminal for one.
    """

    def load(file: str) -> None:
        _context().load_cert_chain(of, file, password=lambda: password)

    return _readable(
        path, load, "is not the key of the certificate, in PEM, or its password is missing or does not open it"
    )


def _context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _readable(path: str, load: Callable[[str], object], otherwise: str) -> str:
    # The path is not repeated: whoever mixes up the variables has put the key itself there.
    try:
        Path(path).read_bytes()
        load(path)
    except ssl.SSLError as error:
        raise ValueError(otherwise) from error
    except OSError as error:
        raise ValueError(f"cannot read the file that it names: {error.strerror}") from error
    return path
