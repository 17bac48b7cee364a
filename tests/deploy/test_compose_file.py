"""docker-compose.yml and what belongs to it, as far as they can be checked without Docker."""

import os
import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from demo.fink import TOPICS
from processor.settings import ProcessorSettings
from runtime.settings import ProcessSettings
from sink.settings import SinkSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OURS = [name for name, one in SERVICES.items() if str(one["image"]).startswith("fink-skyportal-")]
EXAMPLE = (ROOT / "compose.env.example").read_text()
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-[^}]*)?\}")

OF_THE_IMAGE = re.compile(r"(PROCESSOR|SINK)_METRICS_(HOST|PORT)")
"""Addresses are the images' own: health checks, Prometheus and the published ports rely on them."""

OF_THE_FILE = {"REVISION", "DEMO_ALERTS", "DEMO_SEED", "DEMO_SECONDS", "SKYPORTAL_PORT", "KAFKA_CLUSTER_ID"}
"""Of the demo, and what nobody has to change."""


def handed_over(settings: type[ProcessSettings]) -> set[str]:
    """Return the variables that a container of this half should get: secrets by their files alone."""
    fields = settings.model_fields.items()
    names = {f"{name.upper()}_FILE" if one.annotation is SecretStr else name.upper() for name, one in fields}
    if settings is SinkSettings:
        names = names - {"SKYPORTAL_TOKEN"} | {"SKYPORTAL_TOKEN_FILE", "HTTPS_PROXY", "NO_PROXY"}
    return {name for name in names if not OF_THE_IMAGE.fullmatch(name)}


@pytest.mark.parametrize(
    ("service", "settings"),
    [("processor-ztf", ProcessorSettings), ("processor-lsst", ProcessorSettings), ("sink", SinkSettings)],
)
def test_every_setting_can_stand_in_dot_env_and_no_secret_is_in_an_environment(
    service: str, settings: type[ProcessSettings]
) -> None:
    assert set(SERVICES[service]["environment"]) == handed_over(settings)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_survives_a_reboot_ends_in_peace_and_fills_no_disk_with_its_log(name: str) -> None:
    service = SERVICES[name]

    assert service["restart"] == ("no" if name in {"setup", "demo-fink"} else "unless-stopped")
    assert int(service["stop_grace_period"].removesuffix("s")) >= 30
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", OURS)
def test_ours_run_as_somebody_who_cannot_write(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["user"] == "${CONTAINER_UID:-1000}:${CONTAINER_GID:-1000}"
    assert SERVICES[name]["tmpfs"] == ["/tmp"]  # noqa: S108  # in the container


@pytest.mark.parametrize("name", [name for name, one in SERVICES.items() if "ports" in one])
def test_ports_are_for_this_machine_unless_asked(name: str) -> None:
    assert [port for port in SERVICES[name]["ports"] if not port.startswith("${BIND:-127.0.0.1}:")] == []


def test_the_demo_reads_every_topic_that_its_fink_fills() -> None:
    for survey, topics in TOPICS.items():
        wanted = SERVICES[f"processor-{survey}"]["environment"]["FINK_TOPICS"]
        assert wanted == f"${{{survey.upper()}_TOPICS:-{','.join(topics)}}}"


def test_what_is_somebodys_own_cannot_meet_the_demos() -> None:
    assert SERVICES["sink"]["environment"]["KAFKA_TOPIC"] == "${KAFKA_TOPIC:-fink.demo.v1}"
    assert "\nKAFKA_TOPIC=fink.alerts.v1\n" in EXAMPLE


def test_the_example_names_what_the_file_asks_for() -> None:
    asked = set(VARIABLE.findall(TEXT))
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    handed_on = {name for one in SERVICES.values() for name, value in one.get("environment", {}).items() if not value}
    images = {name for name in asked if name.endswith("_IMAGE")} | {"KAFKA_HEAP_OPTS", "PROMETHEUS_RETENTION"}

    assert asked - named - images == OF_THE_FILE
    assert named - asked <= handed_on


def test_dependencies_come_as_they_are_pinned() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    extras = re.findall(r"install --quiet -c constraints.txt '\.\[([a-z,]+)\]'", dockerfile)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    assert extras == ["processor,fast", "sink,fast", "demo"]
    assert set(",".join(extras).split(",")) <= known.keys()


def test_only_what_the_images_are_made_of_is_sent_to_the_engine() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()

    assert lines[lines.index("*") - 1].startswith("#")
    assert {line for line in lines if line.startswith("!")} == {
        f"!{name}"
        for name in (
            "constraints.txt",
            "pyproject.toml",
            "README.md",
            "LICENSE",
            *("schemas", "runtime", "processor", "sink", "demo"),
        )
    }


def set_up(
    settings: Mapping[str, str], *words: str, python: Path | None = None, topics: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run what runs before all services, as far as it looks at settings; ``python``: there, one prints what it gets."""
    names = re.findall(r"OWN_([A-Z_]+):", TEXT)
    numbers = {"ZTF_PROCESSORS": "1", "LSST_PROCESSORS": "1"}
    environment = {f"OWN_{name}": settings.get(name, "") for name in names}
    read = {"ZTF_TOPICS": "a_ztf", "LSST_TOPICS": "b_lsst"} | dict(topics or {})
    counts = {name: settings.get(name, number) for name, number in numbers.items()}
    path = os.environ["PATH"]
    if python:
        (python / "python").write_text('#!/bin/sh\necho "$@"\n')
        (python / "python").chmod(0o755)
        path = f"{python}:{path}"
    return subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "compose" / "setup.sh", *words],
        env={"PATH": path} | environment | read | counts,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_half_of_the_settings_start_nothing_and_what_is_missing_is_said() -> None:
    ended = set_up({"SKYPORTAL_URL": "https://skyportal.example.org", "KAFKA_TOPIC": "fink.alerts.v1"})

    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "setup: not set in .env: SKYPORTAL_TOKEN_FILE FINK_GROUP_ID ZTF_SERVERS ZTF_TOPICS LSST_SERVERS LSST_TOPICS "
        "(set there: SKYPORTAL_URL KAFKA_TOPIC). compose.env.example says what they are;"
    )


def test_a_token_that_the_containers_cannot_read_is_said_before_anything_starts(tmp_path: Path) -> None:
    names = ("SKYPORTAL_URL", "KAFKA_TOPIC", "FINK_GROUP_ID", "ZTF_SERVERS", "ZTF_TOPICS")
    token = tmp_path / "the token's file"
    settings = dict.fromkeys(names, "something") | {"LSST_PROCESSORS": "0", "SKYPORTAL_TOKEN_FILE": str(token)}

    missing = set_up(settings)
    token.touch()
    empty = set_up(settings)
    folder = set_up(settings | {"SKYPORTAL_TOKEN_FILE": str(tmp_path)})

    assert missing.stderr.startswith(f"setup: there is no file {token}: write the token into site/secrets/skyportal/")
    assert empty.stderr.startswith(f"setup: {token} is empty: ")
    assert folder.stderr.startswith(f"setup: there is no file {tmp_path}: ")
    assert missing.returncode == empty.returncode == folder.returncode == 1


def test_skyportal_is_provisioned_for_the_topics_of_the_surveys_that_are_read(tmp_path: Path) -> None:
    names = ("SKYPORTAL_URL", "KAFKA_TOPIC", "FINK_GROUP_ID", "ZTF_SERVERS", "ZTF_TOPICS")
    token = tmp_path / "token"
    token.write_text("a token")
    settings = dict.fromkeys(names, "something") | {"LSST_PROCESSORS": "0", "SKYPORTAL_TOKEN_FILE": str(token)}

    asked = set_up(settings, "provision", "--dry-run", python=tmp_path, topics={"ZTF_TOPICS": " a_*, b_ztf,"})
    both = set_up(
        settings | {"LSST_PROCESSORS": "1", "LSST_SERVERS": "x", "LSST_TOPICS": "x"}, "provision", python=tmp_path
    )
    first = set_up(settings, python=tmp_path)

    assert asked.stdout == "-m sink provision --topic a_* --topic b_ztf --dry-run\n"
    assert both.stdout == "-m sink provision --topic a_ztf --topic b_lsst\n"
    assert first.stdout == "-m sink topics\n"


def test_a_survey_without_a_processor_needs_no_settings() -> None:
    ended = set_up({"SKYPORTAL_URL": "https://skyportal.example.org", "LSST_PROCESSORS": "0"})

    assert "ZTF_SERVERS ZTF_TOPICS (set" in ended.stderr


def test_no_settings_and_no_demo_say_what_to_do() -> None:
    ended = set_up({})

    assert ended.returncode == 1
    assert ended.stderr == (
        "setup: nothing is set: copy compose.env.example to .env and fill it in, or see a demo: "
        "docker compose --profile demo up\n"
    )
