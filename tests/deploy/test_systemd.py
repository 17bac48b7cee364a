"""The units in ``deploy/systemd``."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from processor.settings import ProcessorSettings
from runtime.settings import ProcessSettings, load
from sink.routing import routes
from sink.settings import OWN_PREFIXES, SinkSettings

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
INSTALLED = "/etc/fink-skyportal/"
PYTHON = "/opt/fink-skyportal/.venv/bin/python"
UNITS = {path.name: path for path in sorted([*FOLDER.glob("*.service"), *FOLDER.glob("*.target")])}
HALVES = {"processor": "fink-skyportal-processor@.service", "sink": "fink-skyportal-sink@.service"}
SETTINGS: dict[str, type[ProcessSettings]] = {"processor": ProcessorSettings, "sink": SinkSettings}
PREFIXES = {"processor": ("FINK_", "PROCESSOR_"), "sink": OWN_PREFIXES}
INSTANCES = [("processor", "ztf"), ("processor", "lsst"), ("sink", "9102"), ("sink", "9112")]
"""Those of the README."""

by_half = pytest.mark.parametrize("half", HALVES)


def unit(name: str, section: str) -> dict[str, list[str]]:
    """Return the options of a section, each with all its values in order."""
    found: dict[str, list[str]] = {}
    current = ""
    for line in UNITS[name].read_text().splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif "=" in line and not line.startswith("#") and current == section:
            option, _, value = line.partition("=")
            found.setdefault(option, []).append(value)
    return found


def variables(path: Path) -> dict[str, str]:
    """Return what stands in a file of settings."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def environment(half: str, instance: str) -> dict[str, str]:
    """Return what systemd gives an instance: files go before what stands in the unit."""
    service = unit(HALVES[half], "Service")
    given = dict(one.replace("%i", instance).split("=", 1) for one in service["Environment"])
    for name in service["EnvironmentFile"]:
        given |= variables(FOLDER / "settings" / name.removeprefix(INSTALLED).replace("%i", instance))
    return given


@pytest.mark.parametrize(("half", "instance"), INSTANCES)
def test_each_instance_starts_with_the_settings_that_come_along(
    half: str, instance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that is no setting, or a setting that is missing, would be a `SettingsError`."""
    (tmp_path / "token").write_text("a-token")
    for name, value in environment(half, instance).items():
        monkeypatch.setenv(name, str(tmp_path / "token") if name.endswith("_FILE") else value)

    settings = load(SETTINGS[half], own_prefixes=PREFIXES[half])

    if isinstance(settings, ProcessorSettings):
        assert settings.fink_survey == instance
    if isinstance(settings, SinkSettings):
        assert str(settings.sink_metrics_port) == instance


def test_instances_of_one_machine_have_ports_of_their_own() -> None:
    ports = []
    for half, instance in INSTANCES:
        default = SETTINGS[half].model_fields[f"{half}_metrics_port"].default
        ports.append(int(environment(half, instance).get(f"{half.upper()}_METRICS_PORT", default)))

    assert sorted(ports) == [9101, 9102, 9111, 9112]


def test_prometheus_is_told_of_each_instance_and_of_its_survey() -> None:
    (told,) = re.findall(r"```yaml\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
    jobs = {job["job_name"]: job["static_configs"] for job in yaml.safe_load(textwrap.dedent(told))["scrape_configs"]}

    for half, instance in INSTANCES:
        default = SETTINGS[half].model_fields[f"{half}_metrics_port"].default
        port = environment(half, instance).get(f"{half.upper()}_METRICS_PORT", default)
        (labels,) = [one.get("labels") for one in jobs[half] if f"localhost:{port}" in one["targets"]]
        assert labels == ({"survey": instance} if half == "processor" else None)


def test_the_readme_starts_these_instances_and_installs_their_files() -> None:
    said = (FOLDER / "README.md").read_text()

    assert all(f"fink-skyportal-{half}@{instance}" in said for half, instance in INSTANCES)
    assert variables(FOLDER / "settings" / "sink.env")["SKYPORTAL_TOKEN_FILE"] in said


def test_the_files_of_settings_hold_no_secret_and_routes_that_can_be_read() -> None:
    names = {name for path in (FOLDER / "settings").glob("*.env") for name in variables(path)}

    assert not [name for name in names if name.endswith(("TOKEN", "PASSWORD"))]
    assert variables(FOLDER / "settings" / "sink.env")["SINK_ROUTES"] == f"{INSTALLED}routes.toml"
    assert routes.read(FOLDER / "settings" / "routes.toml").text.strip()


@by_half
def test_a_service_is_started_again_for_ever(half: str) -> None:
    service = unit(HALVES[half], "Service")

    assert service["Restart"] == ["always"]
    assert "RestartPreventExitStatus" not in service
    assert unit(HALVES[half], "Unit")["StartLimitIntervalSec"] == ["0"]


@by_half
def test_a_service_waits_for_the_network_and_goes_with_the_target(half: str) -> None:
    of_unit = unit(HALVES[half], "Unit")

    assert of_unit["Wants"] == ["network-online.target"]
    assert "network-online.target" in of_unit["After"][0].split()
    assert of_unit["PartOf"] == unit(HALVES[half], "Install")["WantedBy"] == ["fink-skyportal.target"]


@by_half
def test_a_service_may_do_nothing_that_it_need_not(half: str) -> None:
    wanted = {
        "CapabilityBoundingSet": [""],
        "NoNewPrivileges": ["yes"],
        "ProtectSystem": ["strict"],
        "ProtectHome": ["yes"],
        "PrivateTmp": ["yes"],
        "SystemCallFilter": ["@system-service", "~@privileged"],
        "TimeoutStopSec": ["30"],
        "UMask": ["0077"],
        "User": ["fink-skyportal"],
    }
    service = unit(HALVES[half], "Service")

    assert {option: service.get(option) for option in wanted} == wanted
    assert "ReadWritePaths" not in service


def test_a_reload_is_for_sinks_alone() -> None:
    """A processor does not listen to SIGHUP, so that it would end."""
    reloads = {half: unit(name, "Service").get("ExecReload", []) for half, name in HALVES.items()}

    assert reloads == {"processor": [], "sink": ["/bin/kill -HUP $MAINPID"]}


@by_half
def test_the_user_and_its_home_are_those_that_the_service_has(half: str) -> None:
    """fink-client is not imported without a home, and reads in it what finkctl has stored."""
    (line,) = (line for line in (FOLDER / "fink-skyportal.sysusers").read_text().splitlines() if line.startswith("u "))
    service = unit(HALVES[half], "Service")

    assert line.split()[1] == service["User"][0] == service["Group"][0]
    assert line.split()[-1] == f"/var/lib/{service['StateDirectory'][0]}"


@by_half
def test_what_is_started_is_a_command_of_ours(half: str) -> None:
    (command,) = unit(HALVES[half], "Service")["ExecStart"]

    assert command == f"{PYTHON} -m {half} run"


def said_of(folder: Path) -> list[str]:
    """Return what systemd says of our units in a folder, and not of the machine's others."""
    command = ["systemd-analyze", "verify", "--man=no", *(str(folder / name) for name in UNITS)]
    verified = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return [line for line in verified.stderr.splitlines() if "fink-skyportal" in line]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed; the rest reads the units")
def test_systemd_knows_every_option(tmp_path: Path) -> None:
    for name, path in UNITS.items():
        (tmp_path / name).write_text(path.read_text().replace(PYTHON, sys.executable))
    whole = said_of(tmp_path)
    sink = tmp_path / HALVES["sink"]
    sink.write_text(sink.read_text().replace("ProtectHome=", "ProtectHomes="))

    assert whole == []
    assert ["ProtectHomes" in line for line in said_of(tmp_path)] == [True]
