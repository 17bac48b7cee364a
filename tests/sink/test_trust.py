"""SkyPortal behind TLS: the token goes to nobody who cannot prove that he is the one that SKYPORTAL_URL names."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import HttpUrl

from demo.kafka.ports import free_ports
from demo.skyportal.process import SkyPortal
from runtime.health import Health
from runtime.settings import load
from sink.checks import skyportal_findings
from sink.routing import routes
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.skyportal.client import NoSafeWay, Unavailable
from sink.skyportal.client import SkyPortal as Client
from sink.skyportal.connection import Connection
from sink.skyportal.sender import PROBE
from sink.skyportal.trust import exposed, without_logins
from support.kafka import publish_records
from support.records import some_alerts
from support.secured import Authority, TlsFront
from support.sink import environment, letters, metric, running_sink, until_ready, until_settled, until_unready
from support.whole import assert_whole

NOT_TRUSTED = (
    r"the certificate of https://127\.0\.0\.1:\d+ is not trusted \(.*\): set SKYPORTAL_SSL_CA_LOCATION to the file with"
)

Settings = Callable[..., SinkSettings]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def front(skyportal: SkyPortal, authority: Authority) -> Iterator[TlsFront]:
    with TlsFront(skyportal.port, authority.certificate()) as front:
        yield front


@pytest.fixture
def settings(front: TlsFront, skyportal: SkyPortal, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of a sink that speaks to the front, with changes."""

    def changed(**changes: str) -> SinkSettings:
        for name, value in environment("127.0.0.1:1", "alerts", skyportal, SKYPORTAL_URL=front.url).items():
            monkeypatch.setenv(name, value)
        for name, value in changes.items():
            monkeypatch.setenv(name, value)
        return load(SinkSettings, own_prefixes=OWN_PREFIXES)

    return changed


def refused(settings: SinkSettings) -> str:
    """Return why nothing is sent to SkyPortal."""
    with pytest.raises(NoSafeWay) as error:
        Client(settings).ask(PROBE)
    assert not error.value.sent
    return str(error.value)


def test_an_authority_of_ones_own_is_believed_where_it_is_named_and_nowhere_else(
    settings: Settings, front: TlsFront, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    another = Authority(tmp_path)

    assert Client(settings(SKYPORTAL_SSL_CA_LOCATION=str(authority.file))).ask(PROBE).status == 200
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(another.file))  # of other programs
    assert Client(settings(SKYPORTAL_SSL_CA_LOCATION=str(authority.file))).ask(PROBE).status == 200
    assert "is not trusted" in refused(settings(SKYPORTAL_SSL_CA_LOCATION=str(another.file)))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv("CURL_CA_BUNDLE", "")  # switched verification off once
    sentence = refused(settings(SKYPORTAL_SSL_CA_LOCATION=""))

    assert sentence.startswith(f"the certificate of {front.url} is not trusted (")
    assert sentence.endswith("): set SKYPORTAL_SSL_CA_LOCATION to the file with the authority that signed it")


def test_what_is_wrong_with_a_certificate_is_said_with_what_mends_it(
    settings: Settings, front: TlsFront, skyportal: SkyPortal, authority: Authority
) -> None:
    trusting = settings(SKYPORTAL_SSL_CA_LOCATION=str(authority.file))

    front.show(authority.certificate(expired=True))
    assert "is refused (certificate has expired): have it renewed" in refused(trusting)
    front.show(authority.certificate("skyportal.example.org"))
    assert "give SKYPORTAL_URL with the name that stands in it" in refused(trusting)
    front.show(authority.certificate())
    assert Client(trusting).ask(PROBE).status == 200
    no_tls = trusting.model_copy(update={"skyportal_url": HttpUrl(skyportal.url.replace("http://", "https://"))})
    assert refused(no_tls) == f"{no_tls.skyportal_url}".rstrip("/") + (
        " speaks no TLS: does SKYPORTAL_URL begin with http:// there?"
    )


def test_the_check_says_which_setting_names_the_authority(settings: Settings) -> None:
    found = {one.name: one for one in skyportal_findings(settings(), routes.read(None), {})}

    assert found["SkyPortal"].state == "wrong"
    assert found["SkyPortal"].to_do.startswith("set SKYPORTAL_SSL_CA_LOCATION to the file")
    assert "way to SkyPortal" not in found


def test_a_file_of_an_authority_that_goes_away_halts_and_is_said(
    settings: Settings, authority: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.file.read_bytes())
    client = Client(settings(SKYPORTAL_SSL_CA_LOCATION=str(file)))
    file.unlink()

    with pytest.raises(NoSafeWay, match=r"cannot be verified .* SKYPORTAL_SSL_CA_LOCATION"):
        client.ask(PROBE)
    file.write_bytes(authority.file.read_bytes())

    assert client.ask(PROBE).status == 200


def test_a_sink_without_the_authority_does_not_start_and_names_the_setting(
    broker: str, topic: str, skyportal: SkyPortal, front: TlsFront
) -> None:
    with running_sink(environment(broker, topic, skyportal, SKYPORTAL_URL=front.url)) as sink:
        assert sink.ended() == 1
        assert f"sink: the certificate of {front.url} is not trusted" in sink.output
        assert "SKYPORTAL_SSL_CA_LOCATION" in sink.output
        assert skyportal.token not in sink.output
    assert skyportal.control.requests() == []


def test_a_certificate_that_is_not_trusted_any_more_halts_the_sink_until_it_is_mended(
    broker: str, topic: str, skyportal: SkyPortal, front: TlsFront, authority: Authority, tmp_path: Path
) -> None:
    alerts = some_alerts(12)
    trusting = environment(
        broker, topic, skyportal, SKYPORTAL_URL=front.url, SKYPORTAL_SSL_CA_LOCATION=str(authority.file)
    )

    with running_sink(trusting) as sink:
        until_ready(sink)
        publish_records(broker, topic, alerts[:6])
        until_settled(broker, topic)
        front.show(Authority(tmp_path).certificate())
        seen = len(skyportal.control.requests())
        publish_records(broker, topic, alerts[6:])
        until_unready(sink, f"skyportal: {NOT_TRUSTED}")
        assert metric(sink, "sink_halted") == 1
        assert len(skyportal.control.requests()) == seen
        front.show(authority.certificate())
        until_settled(broker, topic)
        until_ready(sink)
        assert metric(sink, "sink_halted") == 0
        assert " unencrypted" not in sink.output

    assert letters(broker, topic) == []
    assert_whole(skyportal, alerts)


@pytest.mark.parametrize(
    ("url", "is_exposed"),
    [
        ("https://skyportal.example.org", False),
        ("http://127.0.0.1:5000", False),
        ("http://[::1]:5000", False),
        ("http://localhost:5000", False),
        ("http://skyportal.example.org", True),
        ("http://demo-skyportal:5000", True),
        ("http://10.0.0.7", True),
    ],
)
def test_a_token_that_others_can_read_on_its_way_is_said(url: str, is_exposed: bool) -> None:  # noqa: FBT001  # a parameter of the test
    assert bool(exposed(HttpUrl(url))) is is_exposed


def test_a_token_that_travels_unencrypted_is_warned_of_by_the_check_and_at_the_start(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    unencrypted = settings(SKYPORTAL_URL="http://skyportal.invalid")

    first = next(iter(skyportal_findings(unencrypted, routes.read(None), {})))
    with caplog.at_level(logging.WARNING):
        Connection(unencrypted, health=Health(), stop=threading.Event(), mended=threading.Event(), heeds_pause=False)

    assert (first.name, first.state) == ("way to SkyPortal", "warning")
    assert "the token goes to skyportal.invalid unencrypted" in first.text
    assert caplog.messages == [f"{first.text}; {first.to_do}"]


@pytest.mark.parametrize("password", ["hunter22", "hun/ter22", "hun#ter22", "hun@ter22", "hun ter22", "hun%2Fter22"])
def test_the_password_of_a_proxy_is_in_no_sentence(
    password: str, settings: Settings, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("HTTPS_PROXY", f"http://joe:{password}@127.0.0.1:{port}")

    with pytest.raises(Unavailable) as error:
        Client(settings(SKYPORTAL_SSL_CA_LOCATION=str(authority.file))).ask(PROBE)

    assert "joe" not in str(error.value)
    assert "ter22" not in str(error.value)


def test_a_proxy_that_no_request_can_use_is_no_outage(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://joe:hunter22@127.0.0.1:9")

    with pytest.raises(NoSafeWay, match="a proxy of SOCKS is not used") as error:
        Client(settings(SKYPORTAL_URL="https://skyportal.invalid")).ask(PROBE)

    assert "hunter22" not in str(error.value)


def test_the_login_in_any_address_is_hidden() -> None:
    said = "Cannot connect to 'http://joe:sesame@proxy.example.org:3128/', see https://example.org/a@b"

    assert without_logins(said).startswith("Cannot connect to 'http://***@proxy.example.org:3128/'")
