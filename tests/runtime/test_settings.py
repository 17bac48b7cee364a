"""The environment of a process: every mistake at once, and no secret in any of them."""

import uuid
from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.settings import SettingsError, load
from sink.settings import OWN_PREFIXES, SinkSettings
from support.secured import KEY_PASSWORD, Authority

TOKEN = str(uuid.uuid4())


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give the settings that a sink cannot do without."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("SKYPORTAL_URL", "https://skyportal.example.org")
    monkeypatch.setenv("SKYPORTAL_TOKEN", TOKEN)
    return monkeypatch


def loaded() -> SinkSettings:
    return load(SinkSettings, own_prefixes=OWN_PREFIXES)


def mistakes() -> list[str]:
    with pytest.raises(SettingsError) as error:
        loaded()
    assert TOKEN not in str(error.value)
    return str(error.value).splitlines()


def test_what_is_not_set_has_its_default() -> None:
    settings = loaded()

    assert settings.kafka_topic == "fink.alerts.v1"
    assert settings.rejected_topic == "fink.alerts.v1.rejected"
    assert settings.undecodable_topic == "fink.alerts.v1.undecodable"
    assert settings.skyportal_requests_per_second == "auto"
    assert settings.skyportal_token.get_secret_value() == TOKEN


def test_dead_letters_go_where_the_topic_is(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAFKA_TOPIC", "night")

    assert (loaded().rejected_topic, loaded().undecodable_topic) == ("night.rejected", "night.undecodable")


def test_all_mistakes_are_named_at_once(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("KAFKA_BOOTSTRAP_SERVERS")
    environment.delenv("SKYPORTAL_TOKEN")
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "nothing"))
    environment.setenv("SKYPORTAL_URL", "skyportal.example.org")
    environment.setenv("SINK_CONCURRENCY", "many")
    environment.setenv("SINK_COLLECT_S", "-1")
    environment.setenv("SINK_COLECT_S", "3")
    environment.setenv("SKYPORTAL_TOKEN_FLIE", "/run/secrets/token")
    environment.setenv("KAFKA_TOPIC", "a topic")

    said = mistakes()

    assert [line.partition(":")[0] for line in said] == [
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_TOPIC",
        "SINK_COLECT_S",
        "SINK_COLLECT_S",
        "SINK_CONCURRENCY",
        "SKYPORTAL_TOKEN_FILE",
        "SKYPORTAL_TOKEN_FLIE",
        "SKYPORTAL_URL",
    ]
    assert "not set (Local Kafka" in said[0]
    assert "typing mistake" in said[2]


@pytest.mark.parametrize("variable", ["SINK_X", "SKYPORTAL_X", "SINK_GROUP_ID_FILE", "SKYPORTAL_URL_FILE"])
def test_a_variable_that_looks_like_ours_and_is_not_is_a_mistake(
    variable: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(variable, "1")

    (line,) = mistakes()
    assert line.startswith(f"{variable}: unknown variable")


def test_variables_of_others_are_none_of_our_business(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PROCESSOR_LOG_LEVEL", "x")
    environment.setenv("HOME_SINK_X", "x")

    assert loaded()


def test_a_secret_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("SKYPORTAL_TOKEN")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "token"))

    assert loaded().skyportal_token.get_secret_value() == TOKEN


def test_an_empty_variable_is_one_that_is_not_set(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    environment.setenv("SKYPORTAL_TOKEN", "")
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "token"))
    environment.setenv("KAFKA_TOPIC", "")
    environment.setenv("SINK_ROUTES", "")

    assert loaded().skyportal_token.get_secret_value() == TOKEN
    assert loaded().kafka_topic == "fink.alerts.v1"
    assert loaded().sink_routes is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "cannot read the file that it names: No such file", id="missing"),
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b" \n", "is empty", id="blank"),
        pytest.param(b"\xff\xfe\x00", "is no text", id="binary"),
    ],
)
def test_a_secret_file_without_a_secret_is_a_mistake(
    content: bytes | None, said: str, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("SKYPORTAL_TOKEN")
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "token"))

    (line,) = mistakes()
    assert line.startswith("SKYPORTAL_TOKEN_FILE: ")
    assert said in line


def test_a_secret_and_a_file_for_it_are_one_too_many(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "token"))

    assert mistakes() == ["SKYPORTAL_TOKEN_FILE: set besides SKYPORTAL_TOKEN; set one of them"]


def test_a_folder_is_no_secret_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("SKYPORTAL_TOKEN")
    environment.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path))

    (line,) = mistakes()
    assert line == "SKYPORTAL_TOKEN_FILE: cannot read the file that it names: Is a directory"


def test_a_secret_in_the_place_of_its_files_name_is_not_repeated(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SKYPORTAL_TOKEN")
    environment.setenv("SKYPORTAL_TOKEN_FILE", TOKEN)

    assert len(mistakes()) == 1


@pytest.mark.parametrize("change", ["{} x", "{}\t", "{}é", "{}\nHost: evil"])
def test_a_token_that_cannot_be_sent_is_a_mistake_and_stays_secret(
    change: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SKYPORTAL_TOKEN", change.format(TOKEN))

    (line,) = mistakes()
    assert line.startswith("SKYPORTAL_TOKEN: contains a character that no token has")


def test_a_secret_is_in_no_text_about_the_settings(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAFKA_SASL_PASSWORD", "hunter22")
    environment.setenv("KAFKA_SSL_KEY_PASSWORD", "hunter22")
    settings = loaded()

    for text in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert TOKEN not in text
        assert "hunter22" not in text


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def certified(authority: Authority, *, password: str = "") -> dict[str, str]:
    """Return the settings of a client that has a certificate."""
    certificate, key = authority.files("ada@example.org", password=password)
    return {
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CA_LOCATION": str(authority.file),
        "KAFKA_SSL_CERTIFICATE_LOCATION": str(certificate),
        "KAFKA_SSL_KEY_LOCATION": str(key),
        "KAFKA_SSL_KEY_PASSWORD": password,
    }


@pytest.mark.parametrize("password", ["", KEY_PASSWORD])
def test_certificates_and_a_key_that_belong_together_are_taken(
    password: str, environment: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    variables = certified(authority, password=password)
    if password:
        (tmp_path / "password").write_text(password)
        variables |= {"KAFKA_SSL_KEY_PASSWORD": "", "KAFKA_SSL_KEY_PASSWORD_FILE": str(tmp_path / "password")}
    for name, value in (variables | {"SKYPORTAL_SSL_CA_LOCATION": str(authority.file)}).items():
        environment.setenv(name, value)

    assert loaded().kafka_ssl_key_password.get_secret_value() == password


CERTIFICATE, KEY, AUTHORITY = "KAFKA_SSL_CERTIFICATE_LOCATION", "KAFKA_SSL_KEY_LOCATION", "KAFKA_SSL_CA_LOCATION"
MISSING, NO_PEM = (
    "cannot read the file that it names: No such file",
    "the file that it names holds no certificate in PEM",
)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (AUTHORITY, "{folder}/nothing", {AUTHORITY: MISSING}),
        (AUTHORITY, "{folder}", {AUTHORITY: "cannot read the file that it names: Is a directory"}),
        (AUTHORITY, "{folder}/no.pem", {AUTHORITY: NO_PEM}),
        (CERTIFICATE, "{folder}/no.pem", {CERTIFICATE: NO_PEM}),
        (CERTIFICATE, "", {KEY: "set, and KAFKA_SSL_CERTIFICATE_LOCATION is not"}),
        (KEY, "", {KEY: "not set, and KAFKA_SSL_CERTIFICATE_LOCATION is set"}),
        (KEY, "{folder}/nothing", {KEY: MISSING}),
        (KEY, "{folder}/another.key", {KEY: "is not the key of the certificate"}),
        ("KAFKA_SSL_KEY_PASSWORD", "", {KEY: "its password is missing or does not open it"}),
        ("KAFKA_SSL_KEY_PASSWORD", "wrong", {KEY: "its password is missing or does not open it"}),
        (
            "KAFKA_SECURITY_PROTOCOL",
            "SASL_PLAINTEXT",
            {
                AUTHORITY: "would not be used: KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT, not SSL or SASL_SSL",
                CERTIFICATE: "would not be used",
                "KAFKA_SASL_USERNAME": "not set",
                "KAFKA_SASL_PASSWORD": "not set",
            },
        ),
        ("SKYPORTAL_SSL_CA_LOCATION", "{folder}/nothing", {"SKYPORTAL_SSL_CA_LOCATION": MISSING}),
        ("SKYPORTAL_SSL_CA_LOCATION", "{folder}/no.pem", {"SKYPORTAL_SSL_CA_LOCATION": NO_PEM}),
        ("KAFKA_SASL_MECHANISM", "GSSAPI", {"KAFKA_SASL_MECHANISM": "'SCRAM-SHA-512'"}),
    ],
)
def test_files_that_cannot_be_used_are_mistakes_of_the_variables_that_name_them(
    variable: str,
    value: str,
    said: dict[str, str],
    environment: pytest.MonkeyPatch,
    authority: Authority,
    tmp_path: Path,
) -> None:
    (tmp_path / "no.pem").write_text("no certificate\n")
    (tmp_path / "another.key").write_bytes(Authority(tmp_path, "another").files("eve@example.org")[1].read_bytes())
    for name, given in (certified(authority, password=KEY_PASSWORD) | {variable: value}).items():
        environment.setenv(name, given.format(folder=tmp_path))

    found = dict(line.split(": ", 1) for line in mistakes())

    assert found.keys() == said.keys()
    for name, sentence in said.items():
        assert sentence in found[name]
        assert str(tmp_path) not in found[name]
        assert KEY_PASSWORD not in found[name]


def test_an_authority_for_an_address_that_is_not_encrypted_is_a_mistake(
    environment: pytest.MonkeyPatch, authority: Authority
) -> None:
    environment.setenv("SKYPORTAL_URL", "http://skyportal.example.org")
    environment.setenv("SKYPORTAL_SSL_CA_LOCATION", str(authority.file))

    (line,) = mistakes()
    assert line.startswith("SKYPORTAL_SSL_CA_LOCATION: would not be used: SKYPORTAL_URL does not begin with https://")


@pytest.mark.parametrize("rest", ["?token={}", "/#{}"])
def test_a_token_in_the_address_is_refused_and_not_shown(rest: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SKYPORTAL_URL", f"https://skyportal.example.org{rest.format(TOKEN)}")

    (line,) = mistakes()
    assert line.startswith("SKYPORTAL_URL: contains a ? or a #")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        loaded().kafka_topic = "another"  # type: ignore[misc]  # that is what is tested


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SKYPORTAL_REQUESTS_PER_SECOND", "-1"),
        ("SKYPORTAL_REQUESTS_PER_SECOND", "nan"),
        ("SKYPORTAL_REQUESTS_PER_SECOND", "fast"),
        ("SKYPORTAL_READ_TIMEOUT_S", "0"),
        ("SINK_CONCURRENCY", "17"),
        ("SINK_METRICS_PORT", "65536"),
        ("SINK_LOG_LEVEL", "LOUD"),
        ("SINK_IN_FLIGHT_MIB", "0"),
        ("KAFKA_SECURITY_PROTOCOL", "plain"),
        ("KAFKA_TOPIC_PARTITIONS", "0"),
        ("SKYPORTAL_URL", "ftp://skyportal.example.org"),
        ("SKYPORTAL_READ_TIMEOUT_S", "nan"),
        ("SINK_IN_FLIGHT_MIB", "inf"),
    ],
)
def test_a_value_that_cannot_be_meant_is_a_mistake(variable: str, value: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv(variable, value)

    (line,) = mistakes()
    assert line.startswith(f"{variable}: ")
