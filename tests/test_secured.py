"""Everything through TLS and logins: a real Kafka that encrypts and asks who is there, and SkyPortal behind HTTPS."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from demo.expectation import compare, expect
from demo.fink import encode
from demo.skyportal.process import SkyPortal
from processor.fink import FinkConsumer
from processor.fink_security import Security
from runtime import topics
from runtime.local_checks import KAFKA, local_findings
from runtime.settings import ProcessSettings, load
from support import processor, sink
from support.kafka import create_topic, ends, read_all, until
from support.secured import KEY_PASSWORD, PASSWORD, USER, Authority, SecuredKafka, TlsFront, secured_kafka

FINK_TOPIC = "fink_sn_candidates_ztf"
WRONG_PASSWORD = "Sesame-Shut-0b11"  # noqa: S105  # nobody's
PAGES = ("/metrics", "/readyz", "/healthz")
IMPATIENT = {"KAFKA_CONNECT_TIMEOUT_S": "3"}
PATIENT = {"KAFKA_CONNECT_TIMEOUT_S": "60"}
"""Of a busy machine."""

REFUSE = r"the Kafka at \S+ and this process refuse each other \(.*\): "
UNTRUSTED = REFUSE + "set KAFKA_SSL_CA_LOCATION to the file with the authority that signed the broker's certificate"
UNKNOWN = REFUSE + "are KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM those that the broker knows"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def kafka(authority: Authority) -> Iterator[SecuredKafka]:
    with secured_kafka(authority.file.parent, authority) as kafka:
        yield kafka


def login(address: str, authority: Path) -> dict[str, str]:
    """Return the settings of a user who logs in at ``address``."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": address,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SSL_CA_LOCATION": str(authority),
        "KAFKA_SASL_USERNAME": USER,
        "KAFKA_SASL_PASSWORD": PASSWORD,
        **IMPATIENT,
    }


def login_at_fink(address: str, authority: Path) -> dict[str, str]:
    return {
        "FINK_SERVERS": address,
        "FINK_SECURITY_PROTOCOL": "SASL_SSL",
        "FINK_SSL_CA_LOCATION": str(authority),
        "FINK_USERNAME": USER,
        "FINK_PASSWORD": PASSWORD,
    }


def certified(address: str, authority: Authority, *, password: str) -> dict[str, str]:
    """Return the settings of a user who has a certificate."""
    certificate, key = authority.files("ada@example.org", password=password)
    return {
        "KAFKA_BOOTSTRAP_SERVERS": address,
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CA_LOCATION": str(authority.file),
        "KAFKA_SSL_CERTIFICATE_LOCATION": str(certificate),
        "KAFKA_SSL_KEY_LOCATION": str(key),
        "KAFKA_SSL_KEY_PASSWORD": password,
        **IMPATIENT,
    }


def loaded(variables: Mapping[str, str], topic: str) -> ProcessSettings:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAFKA_TOPIC", topic)
        patch.setenv("KAFKA_TOPIC_PARTITIONS", "1")
        for name, value in variables.items():
            patch.setenv(name, value)
        return load(ProcessSettings, own_prefixes=())


def refusal(settings: ProcessSettings) -> str:
    """Return what a process says at its start; nothing if it may go on."""
    try:
        topics.prepare(settings)
    except topics.BrokerUnreachable as error:
        return str(error)
    return ""


def refusal_in_time(settings: ProcessSettings, expected: str) -> str:
    """Return what a process says at its start, started again where a busy broker does not even refuse it in time."""
    said: list[str] = []

    def is_told() -> bool:
        said.append(refusal(settings))
        return re.match(expected, said[-1]) is not None or not said[-1].startswith("no Kafka broker answers")

    until(is_told, expected)
    return said[-1]


def test_processor_and_sink_deliver_through_tls_and_logins(
    kafka: SecuredKafka, topic: str, skyportal: SkyPortal, authority: Authority
) -> None:
    with TlsFront(skyportal.port, authority.certificate()) as front:
        encrypted = login(kafka.sasl, authority.file) | PATIENT
        delivering = sink.environment(
            kafka.sasl,
            topic,
            skyportal,
            SKYPORTAL_URL=front.url,
            SKYPORTAL_SSL_CA_LOCATION=str(authority.file),
            SINK_LOG_LEVEL="DEBUG",
            **encrypted,
        )
        fink = login_at_fink(kafka.sasl, authority.file)
        processing = processor.environment(
            kafka.sasl, topic, FINK_TOPIC, PROCESSOR_LOG_LEVEL="DEBUG", **fink, **encrypted
        )
        alerts = processor.publish_alerts(kafka.plain, FINK_TOPIC, processor.ztf_alerts(10, FINK_TOPIC))

        wrong = delivering | {"KAFKA_SASL_PASSWORD": WRONG_PASSWORD, "KAFKA_CONNECT_TIMEOUT_S": "15"}
        with (
            sink.running_sink(wrong) as shut_out,
            processor.running_processor(processing) as reading,
            sink.running_sink(delivering) as sending,
        ):
            until(lambda: sum(ends(kafka.plain, topic).values()) == 10, "the records")
            sink.until_settled(kafka.plain, topic)
            processor.until_done(kafka.plain, topic, FINK_TOPIC)
            said = [sink.asked(sending, page)[1] for page in PAGES]
            said += [processor.status_page(reading, page)[1] for page in PAGES]
            said += [repr(read_all(kafka.plain, f"{topic}.state"))]
            assert reading.stop() == sending.stop() == 0
            assert shut_out.ended() == 1
            assert re.search(UNKNOWN, shut_out.output)
            said += [reading.output, sending.output, shut_out.output]

        wire = [(message.topic, *encode(message.alert)) for message in alerts]
        account = compare(expect(wire), skyportal.control.state())
        assert (account.accepted, account.lost, account.doubled) == (10, 0, 0), account.examples
        assert [one for one in (PASSWORD, WRONG_PASSWORD, skyportal.token) if one in "".join(said)] == []


def test_whoever_is_refused_is_told_which_setting_mends_it(
    kafka: SecuredKafka, topic: str, authority: Authority, tmp_path: Path
) -> None:
    another = Authority(tmp_path)
    right, certificate = login(kafka.sasl, authority.file), certified(kafka.mutual, authority, password=KEY_PASSWORD)
    of_ours = [name for name in certificate if "_KEY_" in name or "_CERTIFICATE_" in name]
    by_name = kafka.sasl.replace("127.0.0.1", "localhost")
    cases = {
        "the right login": (right | PATIENT, "$"),
        "the right certificate": (certificate | PATIENT, "$"),
        "a wrong password": (right | {"KAFKA_SASL_PASSWORD": WRONG_PASSWORD}, UNKNOWN),
        "an unknown user": (right | {"KAFKA_SASL_USERNAME": "eve"}, UNKNOWN),
        "another mechanism": (right | {"KAFKA_SASL_MECHANISM": "PLAIN"}, UNKNOWN),
        "no authority": (right | {"KAFKA_SSL_CA_LOCATION": ""}, UNTRUSTED),
        "another authority": (right | {"KAFKA_SSL_CA_LOCATION": str(another.file)}, UNTRUSTED),
        "another name": (right | {"KAFKA_BOOTSTRAP_SERVERS": by_name}, UNTRUSTED),
        "no certificate": (certificate | dict.fromkeys(of_ours, ""), REFUSE + "the broker wants a certificate of ours"),
        "TLS to a broker without": (
            right | {"KAFKA_BOOTSTRAP_SERVERS": kafka.plain},
            REFUSE + "the broker speaks no TLS there: is KAFKA_SECURITY_PROTOCOL right",
        ),
        "no TLS to a broker with": (
            {"KAFKA_BOOTSTRAP_SERVERS": kafka.sasl, **IMPATIENT},
            "no Kafka broker answers .* KAFKA_SECURITY_PROTOCOL",
        ),
    }
    settings = [loaded(variables, topic) for variables, _sentence in cases.values()]

    with ThreadPoolExecutor(len(cases)) as threads:
        expected = [sentence for _variables, sentence in cases.values()]
        said = dict(zip(cases, threads.map(refusal_in_time, settings, expected), strict=True))

    for case, (_variables, sentence) in cases.items():
        assert re.match(sentence, said[case]), f"{case}: {said[case]}"
    assert [one for one in (PASSWORD, WRONG_PASSWORD, KEY_PASSWORD) if one in repr(said)] == []

    found = {one.name: one for one in local_findings(settings[list(cases).index("a wrong password")], disk=None)}
    assert found[KAFKA].state == "wrong"
    assert found[KAFKA].to_do.startswith("are KAFKA_SASL_USERNAME")


def test_a_fink_that_refuses_is_waited_for_and_the_setting_is_named(
    kafka: SecuredKafka, topic: str, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    create_topic(kafka.plain, topic)
    cases = [
        ("", PASSWORD, "set FINK_SSL_CA_LOCATION to the file with the authority"),
        (str(authority.file), WRONG_PASSWORD, "are FINK_USERNAME, FINK_PASSWORD and FINK_SASL_MECHANISM those"),
    ]
    for file, password, sentence in cases:
        consumer = FinkConsumer(
            survey="ztf",
            topics=[topic],
            servers=kafka.sasl,
            group_id=topic,
            username=USER,
            password=password,
            security=Security(protocol="SASL_SSL", authority=file),
        )
        with closing(consumer):
            until(partial(_says, consumer, caplog, sentence), sentence)
    assert PASSWORD not in caplog.text
    assert WRONG_PASSWORD not in caplog.text


def _says(consumer: FinkConsumer, caplog: pytest.LogCaptureFixture, sentence: str) -> bool:
    assert consumer.batch(timeout=0.1) == []
    return sentence in caplog.text
