"""Environment of one sink."""

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr, ValidationInfo, field_validator

from runtime import tls
from runtime.settings import LogLevel, ProcessSettings

OWN_PREFIXES = ("SINK_", "SKYPORTAL_")


def is_sendable(token: str) -> bool:
    """Say whether a text can stand in a header: no blank, no line break, no accent."""
    return token.isascii() and token.isprintable() and " " not in token


def _sendable(token: SecretStr) -> SecretStr:
    if not is_sendable(token.get_secret_value()):
        raise ValueError("contains a character that no token has: a blank, a line break or an accent")
    return token


def _requests_per_second(value: object) -> object:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if value != AUTO and not (number >= 0 and math.isfinite(number)):
        raise ValueError(f"neither {AUTO} nor a number of requests, 0 or more")
    return value if value == AUTO else number


Auto = Literal["auto"]
AUTO: Auto = "auto"

RequestsPerSecond = Annotated[float | Auto, BeforeValidator(_requests_per_second)]


def _row(count: int) -> int:
    if count == 1:
        raise ValueError("one refused alert is no row: 0, or 2 and more")
    return count


def _without_secret(url: HttpUrl) -> HttpUrl:
    if url.username or url.password:
        raise ValueError("contains a user or a password: the token is all that SkyPortal takes")
    if url.query or url.fragment:
        raise ValueError("contains a ? or a #: the token belongs into SKYPORTAL_TOKEN")
    return url


class ConsumerGroupSettings(ProcessSettings):
    """What a command reads that looks after the sinks, and asks the local Kafka alone."""

    sink_group_id: str = Field(
        default="fink-skyportal-sink", min_length=1, description="Consumer group; the same for every replica"
    )
    sink_log_level: LogLevel = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")


class SinkSettings(ConsumerGroupSettings):
    """What a sink reads, besides what every process does."""

    skyportal_url: Annotated[HttpUrl, AfterValidator(_without_secret)] = Field(
        description="SkyPortal's address, such as https://skyportal.example.org"
    )
    skyportal_token: Annotated[SecretStr, AfterValidator(_sendable)] = Field(
        description="API token of the bot user; or SKYPORTAL_TOKEN_FILE, the name of a file that holds it"
    )
    skyportal_ssl_ca_location: str = Field(
        default="",
        description="File with the certificate authority of SkyPortal, PEM, where it has one of its own; "
        "empty: those that everybody trusts",
    )
    skyportal_requests_per_second: RequestsPerSecond = Field(
        default="auto",
        description="Requests to SkyPortal. auto: as many as it takes, found by trying, shared with other sinks of the "
        "same token; a number: at most so many; 0: no limit",
    )
    skyportal_connect_timeout_s: float = Field(default=5, gt=0, description="Seconds to wait for a connection")
    skyportal_read_timeout_s: float = Field(
        default=65, gt=0, description="Seconds to wait for an answer; SkyPortal's own proxy gives up after 60"
    )
    skyportal_longest_pause_s: float = Field(
        default=15, gt=0, description="Longest pause between two attempts while SkyPortal is away"
    )
    skyportal_halted_pause_s: float = Field(
        default=60, gt=0, description="Pause between two attempts while the set-up is wrong, such as the token"
    )
    skyportal_unanswered_s: float = Field(
        default=60,
        ge=0,
        description="Seconds that SkyPortal may yet apply a request that it did not answer; "
        "an annotation, class or thumbnail is looked for again only afterwards",
    )
    sink_routes: Path | None = Field(
        default=None, description="routes.toml: which topic goes to which group, filter, stream and instrument"
    )
    sink_annotation_origin: str = Field(
        default="Fink",
        pattern=r"^\w[\w .-]*$",
        description="Origin of the annotations; SkyPortal has one of each origin for an object, whoever wrote it. "
        "Multi-messenger alerts write another one, with ' multi-messenger' behind it",
    )
    sink_memory_objects: int = Field(
        default=20_000, ge=1, description="Objects of which the sink remembers what SkyPortal holds, some kB each"
    )
    sink_concurrency: int = Field(default=4, ge=1, le=16, description="Requests to SkyPortal at the same time")
    sink_collect_s: float = Field(default=1, ge=0, description="Seconds to collect alerts for one round of requests")
    sink_fresh_first_s: float = Field(
        default=600,
        ge=0,
        description="Seconds of delay from which the newest alerts go before older ones, "
        "which are delivered beside them; 0: in order",
    )
    sink_in_flight_mib: float = Field(
        default=64,
        gt=0,
        description="Mebibytes of alerts that are collected and not settled, at most 5000 of them; then reading pauses",
    )
    sink_rejection_interval_s: float = Field(
        default=5, ge=0, description="Seconds between the two refusals that make an alert a dead letter"
    )
    sink_patience_s: float = Field(
        default=600,
        ge=0,
        description="Seconds that alerts wait for a missing filter, group, stream or instrument, "
        "or one that alone is answered as in an outage for an answer, before they are put aside",
    )
    sink_guard_in_a_row: Annotated[int, AfterValidator(_row)] = Field(
        default=20, ge=0, description="Refused alerts one after the other that halt the sink; 0: none does"
    )
    sink_guard_percent: float = Field(
        default=50, gt=0, le=100, description="Percentage of refused alerts among the last hundred that halts the sink"
    )
    sink_metrics_host: str = Field(default="127.0.0.1", description="Address for /metrics, /healthz and /readyz")
    sink_metrics_port: int = Field(default=9102, ge=0, le=65535, description="Port for them; 0: any free port")

    @field_validator("skyportal_ssl_ca_location")
    @classmethod
    def _authority(cls, path: str, info: ValidationInfo) -> str:
        url = info.data.get("skyportal_url")
        if path and url is not None and url.scheme != "https":
            raise ValueError("would not be used: SKYPORTAL_URL does not begin with https://")
        return tls.certificates(path) if path else path

    @property
    def annotation_origins(self) -> tuple[str, str]:
        """Of an object's own alerts, and of those that join it to an event: else they would take turns."""
        return self.sink_annotation_origin, f"{self.sink_annotation_origin} multi-messenger"
