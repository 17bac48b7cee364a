"""Prometheus' alarms: each can fire, is explained, and asks for what there is."""

import math
import re
import shutil
import subprocess

import pytest

from processor.settings import ProcessorSettings
from sink.settings import SinkSettings
from support import observe
from support.processes import ROOT

ALARMS = {rule["alert"]: rule for rule in observe.alarms()}
RUNBOOK = (ROOT / "docs" / "RUNBOOK.md").read_text()
SECTIONS = re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)

PROMTOOL = shutil.which("promtool")
RULE_TESTS = ("alerts_test.yml", "alerts_night_test.yml")

PALOMAR, CERRO_PACHON = (33.356, -116.863), (-30.245, -70.749)
"""Latitude and longitude in degrees."""


def test_every_alarm_has_its_own_name() -> None:
    assert len(ALARMS) == len(observe.alarms())


def test_the_runbook_has_a_section_for_every_alarm_and_for_no_other() -> None:
    assert sorted(SECTIONS) == sorted(ALARMS)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_how_bad_it_is_what_it_is_and_where_to_read_on(name: str) -> None:
    notes = ALARMS[name]["annotations"]

    assert ALARMS[name]["labels"]["severity"] in {"critical", "warning", "info"}
    assert notes["summary"]
    assert "{{" in notes["description"]
    path, anchor = notes["runbook_url"].split("#")
    assert (ROOT / path).is_file()
    assert anchor == name.lower()


def test_every_alarm_is_seen_to_fire_in_the_rules_own_tests() -> None:
    tests = [test for file in RULE_TESTS for test in observe.yaml_file("prometheus", file)["tests"]]
    fires = {
        label
        for test in tests
        for query in test["promql_expr_test"]
        for sample in query["exp_samples"]
        for label in re.findall(r'alertname="(\w+)"', sample["labels"])
    }

    assert fires == set(ALARMS)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool, of Prometheus, is not installed")
@pytest.mark.parametrize("arguments", [("check", "config", "prometheus.yml"), ("test", "rules", *RULE_TESTS)])
def test_promtool_finds_nothing_wrong(arguments: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [str(PROMTOOL), *arguments], cwd=observe.PROMETHEUS, capture_output=True, text=True, check=False, timeout=60
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_prometheus_looks_where_the_processes_listen() -> None:
    config = observe.yaml_file("prometheus", "prometheus.yml")
    jobs = {job["job_name"]: job["dns_sd_configs"][0] for job in config["scrape_configs"] if "dns_sd_configs" in job}

    assert jobs["processor"]["port"] == ProcessorSettings.model_fields["processor_metrics_port"].default
    assert jobs["sink"]["port"] == SinkSettings.model_fields["sink_metrics_port"].default
    assert config["rule_files"] == ["alerts.yml"]


@pytest.mark.parametrize(("survey", "site"), [("ztf", PALOMAR), ("lsst", CERRO_PACHON)])
def test_silence_is_asked_about_only_after_three_hours_of_night_in_every_season(
    survey: str, site: tuple[float, float]
) -> None:
    expression = ALARMS["ProcessorSilent"]["expr"]
    asked = re.search(rf'survey="{survey}"}}\) > 3 \* 3600 and on \(\) \(hour\(\) >= (\d+) < (\d+)\)', expression)
    assert asked
    first, end = int(asked[1]), int(asked[2])

    heights = [_sun(*site, day, hour / 4) for day in range(1, 366) for hour in range(4 * (first - 3), 4 * end + 1)]

    assert max(heights) < -12


def _sun(latitude: float, longitude: float, day: int, hour: float) -> float:
    """Return the sun's height in degrees, to half a degree: of a day of the year, at an hour in UTC."""
    tilt = math.radians(-23.44) * math.cos(2 * math.pi * (day + 9) / 365.24)
    season = 2 * math.pi * (day - 81) / 364
    clock_minutes = 9.87 * math.sin(2 * season) - 7.53 * math.cos(season) - 1.5 * math.sin(season)
    from_noon = math.radians(15 * (hour + clock_minutes / 60 - 12) + longitude)
    here = math.radians(latitude)
    return math.degrees(
        math.asin(math.sin(here) * math.sin(tilt) + math.cos(here) * math.cos(tilt) * math.cos(from_noon))
    )
