"""The environment of one processor process."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource

from processor import fink, transfer
from processor.convert import FinkSurvey
from processor.fink_security import Security
from runtime.settings import LogLevel, ProcessSettings, SaslMechanism, SecurityProtocol, SettingsError, of_tls

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")

_NO_ALERTS = re.compile(r"fink_(ztf|lsst)_\d{8}$|fxmatch_")
"""Fink's counters of a night, which hold names of objects alone, and its cross-match service."""

OR_FINKCTL = "or register with finkctl, which writes it to $HOME/.finkclient/<survey>_credentials.yml"

FINKCTL_NAMES = {
    "fink_servers": "servers",
    "fink_group_id": "groupid",
    "fink_username": "username",
    "fink_password": "password",
}
"""What the variables are called in the file that finkctl writes."""


class ProcessorSettings(ProcessSettings):
    """What a processor reads from its environment, and from finkctl's file what is not there."""

    fink_survey: FinkSurvey = Field(description="The survey whose alerts are read: ztf or lsst")
    fink_servers: str = Field(
        description=f"Fink's Kafka of that survey, host:port, several separated by commas; {OR_FINKCTL}"
    )
    processor_service: Literal["livestream", "transfer"] = Field(
        default="livestream",
        description="Fink's service that has the topics: livestream, or transfer for Data Transfer (ftransfer_*)",
    )
    fink_topics: Annotated[tuple[str, ...], NoDecode] = Field(description="Fink topics to read, separated by commas")
    fink_group_id: str = Field(
        description=f"Consumer group at Fink: processes of one group share the alerts; {OR_FINKCTL}"
    )
    fink_security_protocol: Literal[SecurityProtocol, ""] = Field(
        default="",
        description="How Fink's Kafka is spoken to: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL; empty: as fink-client "
        "does, SASL_PLAINTEXT with a user and a password, else PLAINTEXT",
    )
    fink_sasl_mechanism: SaslMechanism = Field(
        default="SCRAM-SHA-512",
        description="With a user and a password: the mechanism, SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN",
    )
    fink_ssl_ca_location: str = Field(
        default="", description="File with the certificate authority of Fink's Kafka, PEM; empty: the system's"
    )
    fink_username: str = Field(
        default="", validate_default=True, description=f"User at Fink, if there is a password; {OR_FINKCTL}"
    )
    fink_password: SecretStr = Field(
        default=SecretStr(""),
        validate_default=True,
        description=f"Password at Fink; its public streams have none; {OR_FINKCTL}",
    )
    processor_annotations: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Fields to annotate beyond the usual ones, dotted and separated by commas; * stands for anything: "
        "lc_features*, mpc_orbits.mpc_orb_jsonb, raw_event, candidate.*",
    )
    processor_log_level: LogLevel = Field(default="INFO", description="Least level of what is logged")
    processor_metrics_host: str = Field(
        default="127.0.0.1", description="Address for /metrics, /healthz and /readyz; 0.0.0.0 in a container"
    )
    processor_metrics_port: int = Field(
        default=9101, ge=0, le=65535, description="Port for /metrics, /healthz and /readyz; 0 takes any free one"
    )

    @field_validator("fink_topics", "processor_annotations", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("fink_topics")
    @classmethod
    def _legal(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        if not topics:
            raise ValueError("names no topic")
        if wrong := [topic for topic in topics if not _TOPIC.fullmatch(topic) or topic in {".", ".."}]:
            raise ValueError(f"no name of a topic: {', '.join(map(repr, wrong))}")
        return tuple(dict.fromkeys(topics))

    @field_validator("fink_topics")
    @classmethod
    def _of_the_service(cls, topics: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if schemas := [topic for topic in topics if topic.endswith(transfer.SCHEMA_SUFFIX)]:
            raise ValueError(
                f"topics of schemas, not of alerts: {', '.join(schemas)}; they are found without being named"
            )
        if others := [topic for topic in topics if _NO_ALERTS.match(topic)]:
            raise ValueError(f"topics without alerts that could be converted: {', '.join(others)}")
        transfers = [topic for topic in topics if topic.startswith(transfer.PREFIX)]
        service = info.data.get("processor_service")
        if service == "livestream" and transfers:
            raise ValueError(
                f"topics of Fink's Data Transfer: {', '.join(transfers)}; give them to a processor with "
                "PROCESSOR_SERVICE=transfer"
            )
        if service == "transfer" and (others := [topic for topic in topics if topic not in transfers]):
            raise ValueError(
                f"with PROCESSOR_SERVICE=transfer they begin with {transfer.PREFIX}, unlike {', '.join(others)}"
            )
        return topics

    @field_validator("fink_ssl_ca_location")
    @classmethod
    def _authority(cls, path: str, info: ValidationInfo) -> str:
        return of_tls(path, info.data.get("fink_security_protocol"), "FINK_SECURITY_PROTOCOL")

    @field_validator("fink_username", "fink_password")
    @classmethod
    def _logs_in(cls, given: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        protocol = info.data.get("fink_security_protocol") or ""
        if protocol.startswith("SASL") and not len(given):
            raise ValueError(f"not set, though FINK_SECURITY_PROTOCOL is {protocol}")
        return given

    @field_validator("fink_password")
    @classmethod
    def _has_user(cls, password: SecretStr, info: ValidationInfo) -> SecretStr:
        if password.get_secret_value() and info.data.get("fink_username") == "":
            raise ValueError("a password without FINK_USERNAME would not be used")
        return password

    @property
    def fink_security(self) -> Security:
        """How Fink's Kafka is spoken to."""
        return Security(
            protocol=self.fink_security_protocol,
            mechanism=self.fink_sasl_mechanism,
            authority=self.fink_ssl_ca_location,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what every process reads, then finkctl's file."""
        first = super().settings_customise_sources(
            settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        )
        return (*first, FinkctlFile(settings_cls))


class FinkctlFile(PydanticBaseSettingsSource):
    """The credentials that ``finkctl`` has stored for the survey; no file is no mistake."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return nothing: the file is read as a whole."""
        del field
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return what the file has of our settings."""
        survey = self.current_state.get("fink_survey")
        if survey not in set(FinkSurvey):
            return {}
        try:
            stored = fink.credentials(survey)
        except fink.CredentialsUnreadable as error:
            raise SettingsError(f"FINK_SERVERS: {error}") from error
        return {name: str(stored[key]) for name, key in FINKCTL_NAMES.items() if stored.get(key) not in (None, "")}
