"""The environment of a process as one frozen, typed value; every mistake is reported at once."""

import os
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from runtime import tls
from schemas import names

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]

NOT_SETTINGS = (
    "FINK_SAMPLES_DIR",
    "FINK_SKYPORTAL_CACHE",
    "FINK_SKYPORTAL_REVISION",
    "SKYPORTAL_CONTRACT_URL",
    "SKYPORTAL_CONTRACT_TOKEN",
)
"""Variables of the project's tests, demo and images, which look like settings of the processes and are none."""


class SettingsError(Exception):
    """The environment is wrong; the text has one line for each mistake and none of the values."""


class ProcessSettings(BaseSettings):
    """What every process reads: the local Kafka. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(
        frozen=True, hide_input_in_errors=True, env_ignore_empty=True, allow_inf_nan=False
    )

    kafka_bootstrap_servers: str = Field(description="Local Kafka, host:port, several separated by commas")
    kafka_topic: str = Field(
        default=names.ALERTS_TOPIC,
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
        description="Local topic of the records; dead letters go to <topic>.undecodable and <topic>.rejected, "
        "what processes and operators say to <topic>.state",
    )
    kafka_topic_partitions: int = Field(
        default=12, ge=1, description="Partitions of a local topic when it is created; never changed afterwards"
    )
    kafka_topic_retention_days: float = Field(
        default=14, gt=0, description="Days that a local topic keeps its messages, set when it is created"
    )
    kafka_connect_timeout_s: float = Field(
        default=30, gt=0, description="Seconds to wait for a Kafka broker when a process starts"
    )
    kafka_security_protocol: SecurityProtocol = Field(
        default="PLAINTEXT", description="How the local Kafka is spoken to: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_ssl_ca_location: str = Field(
        default="", description="File with the certificate authority of the local Kafka, PEM; empty: the system's"
    )
    kafka_ssl_certificate_location: str = Field(
        default="", description="File with our own certificate, PEM, where the local Kafka asks its clients for one"
    )
    kafka_ssl_key_password: SecretStr = Field(
        default=SecretStr(""), description="Password of the key in KAFKA_SSL_KEY_LOCATION, if it has one"
    )
    kafka_ssl_key_location: str = Field(
        default="", validate_default=True, description="File with the key of our own certificate, PEM"
    )
    kafka_sasl_mechanism: SaslMechanism = Field(
        default="SCRAM-SHA-512", description="With SASL: the mechanism, SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN"
    )
    kafka_sasl_username: str = Field(default="", validate_default=True, description="With SASL: the user")
    kafka_sasl_password: SecretStr = Field(
        default=SecretStr(""), validate_default=True, description="With SASL: the password"
    )

    @field_validator("kafka_ssl_ca_location", "kafka_ssl_certificate_location")
    @classmethod
    def _certificates(cls, path: str, info: ValidationInfo) -> str:
        return of_tls(path, info.data.get("kafka_security_protocol"), "KAFKA_SECURITY_PROTOCOL")

    @field_validator("kafka_ssl_key_location")
    @classmethod
    def _key(cls, path: str, info: ValidationInfo) -> str:
        certificate = info.data.get("kafka_ssl_certificate_location")
        if certificate is None:  # what is wrong with it has been said
            return path
        if bool(path) != bool(certificate):
            given = "set" if path else "not set"
            raise ValueError(f"{given}, and KAFKA_SSL_CERTIFICATE_LOCATION is {'not' if path else 'set'}")
        password = info.data.get("kafka_ssl_key_password", SecretStr("")).get_secret_value()
        return tls.key(path, of=certificate, password=password) if path else path

    @field_validator("kafka_sasl_username", "kafka_sasl_password")
    @classmethod
    def _goes_with_sasl(cls, given: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        protocol = str(info.data.get("kafka_security_protocol", ""))
        if protocol.startswith("SASL") and not len(given):
            raise ValueError(f"not set, though KAFKA_SECURITY_PROTOCOL is {protocol}")
        return given

    @property
    def undecodable_topic(self) -> str:
        """The processor's dead-letter topic."""
        return self.kafka_topic + names.UNDECODABLE_TOPIC.removeprefix(names.ALERTS_TOPIC)

    @property
    def rejected_topic(self) -> str:
        """The sink's dead-letter topic."""
        return self.kafka_topic + names.REJECTED_TOPIC.removeprefix(names.ALERTS_TOPIC)

    @property
    def state_topic(self) -> str:
        """The topic of what processes and the operator say."""
        return self.kafka_topic + names.STATE_TOPIC.removeprefix(names.ALERTS_TOPIC)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, then the files that ``<SECRET>_FILE`` variables name."""
        del init_settings, dotenv_settings, file_secret_settings
        return env_settings, SecretFiles(settings_cls)


def of_tls(path: str, protocol: str | None, variable: str) -> str:
    """Return ``path`` if it names certificates, or nothing. Raises `ValueError` with the reason.

    Without TLS they would not be used, and nothing be encrypted: ``protocol`` is what ``variable`` says, or None where
    that is wrong itself.
    """
    if path and protocol is not None and protocol not in tls.WITH_TLS:
        is_not = f"not {' or '.join(tls.WITH_TLS)}"
        raise ValueError(f"would not be used: {variable} is {f'{protocol}, {is_not}' if protocol else is_not}")
    return tls.certificates(path) if path else path


class SecretFiles(PydanticBaseSettingsSource):
    """Secrets from files: ``SKYPORTAL_TOKEN_FILE`` names the file that holds ``SKYPORTAL_TOKEN``."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the content of the field's file, stripped; nothing where none is named or it cannot be read."""
        if _secret_file_mistake(field_name, field):
            return None, field_name, False
        path = _secret_file(field_name, field)
        return (Path(path).read_text().strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return every secret for which a file is named."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: secret for name, secret in found.items() if secret is not None}


def _secret_file(name: str, field: FieldInfo) -> str:
    """Return the file that is named for the secret ``name``; an empty name if there is none."""
    return os.environ.get(f"{name}_FILE".upper(), "") if field.annotation is SecretStr else ""


def _secret_file_mistake(name: str, field: FieldInfo) -> str:
    """Say what is wrong with the file that is named for the secret ``name``; nothing if nothing is."""
    path = _secret_file(name, field)
    if not path:
        return ""
    # Its name is not repeated: whoever mixes up the variables has put the secret itself there.
    variable = f"{name}_FILE".upper()
    if os.environ.get(name.upper()):
        return f"{variable}: set besides {name.upper()}; set one of them"
    try:
        secret = Path(path).read_text().strip()
    except OSError as error:
        return f"{variable}: cannot read the file that it names: {error.strerror}"
    except UnicodeDecodeError:
        return f"{variable}: the file that it names is no text"
    return "" if secret else f"{variable}: the file that it names is empty"


def secret_from_file(name: str) -> str:
    """Return what the file of the secret ``name`` holds now; nothing if none is named or it cannot be read."""
    path = os.environ.get(f"{name}_FILE".upper(), "")
    try:
        return Path(path).read_text().strip() if path else ""
    except (OSError, UnicodeDecodeError):
        return ""


Settings = TypeVar("Settings", bound=ProcessSettings)


def load(
    settings: type[Settings], *, own_prefixes: tuple[str, ...], known: type[ProcessSettings] | None = None
) -> Settings:
    """Read ``settings`` from the environment.

    Raises `SettingsError` with a line for every missing, malformed or unknown variable. Unknown are those that begin
    with one of ``own_prefixes`` and are no field: a typing mistake would otherwise be a silent default. A command that
    reads only a part names the whole as ``known``: what else is a field there may be set, and is not looked at.
    """
    files = {name: _secret_file_mistake(name, field) for name, field in settings.model_fields.items()}
    mistakes = _unknown(known or settings, own_prefixes) + [mistake for mistake in files.values() if mistake]
    try:
        loaded = settings()
    except ValidationError as error:
        mistakes += [
            _sentence(settings, details)
            for details in error.errors(include_input=False, include_url=False)
            if not (details["type"] == "missing" and files.get(str(details["loc"][0])))
        ]
    else:
        if not mistakes:
            return loaded
    raise SettingsError("\n".join(sorted(mistakes)))


def _unknown(settings: type[ProcessSettings], own_prefixes: tuple[str, ...]) -> list[str]:
    fields = settings.model_fields
    known = {name.upper() for name in fields}
    known |= {f"{name.upper()}_FILE" for name, field in fields.items() if field.annotation is SecretStr}
    ours = {name for name in os.environ if name.startswith(own_prefixes)} - set(NOT_SETTINGS)
    return [f"{name}: unknown variable; is it a typing mistake? .env.example lists them all" for name in ours - known]


def _sentence(settings: type[ProcessSettings], details: Any) -> str:
    name = str(details["loc"][0]) if details["loc"] else "settings"
    field = settings.model_fields.get(name)
    meaning = f" ({field.description})" if field else ""
    what = "not set" if details["type"] == "missing" else details["msg"].removeprefix("Value error, ")
    return f"{name.upper()}: {what}{meaning}"
