"""Kafka and SkyPortal behind TLS, with certificates of an authority that nobody else knows."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import trustme
from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from demo.kafka import LocalKafka
from demo.kafka.ports import LOOPBACK, free_ports

USER, PASSWORD, KEY_PASSWORD = "ada", "Sesame-Open-7f3a", "Key-Of-Ada-91c4"  # of this Kafka alone
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Authority:
    """An authority of certificates, with its own in a file."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def certificate(self, name: str = LOOPBACK, *, expired: bool = False) -> trustme.LeafCert:
        """Issue a certificate for a host, or for a user who is named as in an e-mail address."""
        if expired:
            return self._ca.issue_cert(name, not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2021))
        return self._ca.issue_cert(name)

    def files(self, name: str, *, password: str = "") -> tuple[Path, Path]:
        """Issue a certificate, and return the files with it and with its key."""
        issued = self.certificate(name)
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        certificate, key_file = (self._folder / f"{name}{suffix}" for suffix in (".pem", ".key"))
        certificate.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        return certificate, key_file


@dataclass(frozen=True, kw_only=True)
class SecuredKafka:
    """Addresses of one broker."""

    plain: str
    """For the test's own clients."""
    sasl: str
    """TLS, and USER has to log in with PASSWORD."""
    mutual: str
    """TLS, and the client has to have a certificate."""


@contextmanager
def secured_kafka(folder: Path, authority: Authority) -> Iterator[SecuredKafka]:
    """Run a Kafka whose certificate ``authority`` has signed for 127.0.0.1."""
    certificate, key = authority.files(LOOPBACK)
    store = folder / "broker.pem"
    store.write_bytes(key.read_bytes() + certificate.read_bytes())
    plain, sasl, mutual, controller = (f"{LOOPBACK}:{port}" for port in free_ports(4))
    ours = f"PLAINTEXT://{plain},SASL_SSL://{sasl},SSL://{mutual}"
    properties = {
        "listeners": f"{ours},CONTROLLER://{controller}",
        "advertised.listeners": ours,
        "controller.quorum.voters": f"0@{controller}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
    }
    with LocalKafka(properties=properties, port=int(plain.rpartition(":")[2])) as kafka:
        user = UserScramCredentialUpsertion(
            USER, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode()
        )
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
        for done in admin.alter_user_scram_credentials([user]).values():
            done.result(30)
        yield SecuredKafka(plain=plain, sasl=sasl, mutual=mutual)


class TlsFront:
    """What stands before a server and speaks TLS for it, as nginx does before SkyPortal."""

    def __init__(self, port: int, certificate: trustme.LeafCert) -> None:
        """``port`` is that of the server behind, on the loopback address."""
        self._behind = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-front")
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """The address."""
        return f"https://{LOOPBACK}:{self.port}"

    def show(self, certificate: trustme.LeafCert) -> None:
        """Use another certificate from now on; connections are made anew."""
        asyncio.run_coroutine_threadsafe(self._change(certificate), self._loop).result()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _change(self, certificate: trustme.LeafCert) -> None:
        certificate.configure_cert(self._context)
        for writer in self._open:
            writer.transport.abort()

    async def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection(LOOPBACK, self._behind)
        self._open |= {writer, behind_writer}
        try:
            await asyncio.gather(_carry(reader, behind_writer), _carry(behind_reader, writer))
        finally:
            self._open -= {writer, behind_writer}
            for one in (writer, behind_writer):
                one.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
