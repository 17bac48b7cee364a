"""``python -m processor convert``: what would be sent of the alerts in a file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import fastavro
import pytest

from demo.fink import FinkAlert, night
from demo.fink.alert import LIVE

WITHOUT_KAFKA = (
    "import runpy, sys; sys.modules['fink_client'] = sys.modules['confluent_kafka'] = None;"
    "runpy.run_module('processor', run_name='__main__', alter_sys=True)"
)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command where nothing of Kafka's or Fink's is installed, and nobody has a home."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_KAFKA, "convert", *arguments],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def alerts(survey: str, count: int) -> list[FinkAlert]:
    return list(night(seed=5, alerts=count, surveys=("ztf",) if survey == "ztf" else ("lsst",)))


def write(path: Path, found: list[FinkAlert]) -> Path:
    with path.open("wb") as file:
        fastavro.writer(file, LIVE[found[0].survey].parsed, [alert.packet for alert in found])
    return path


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_every_alert_of_a_file_is_shown_as_one_json_object(tmp_path: Path, survey: str) -> None:
    file = write(tmp_path / "night.avro", alerts(survey, 6))

    result = command("--survey", survey, str(file))

    assert (result.returncode, result.stderr) == (0, "")
    shown = [json.loads(line, parse_constant=pytest.fail) for line in result.stdout.splitlines()]
    assert len(shown) == 6
    assert {item["survey"] for item in shown} == {survey.upper()}
    assert {item["topic"] for item in shown} == {"night.avro"}
    assert all(isinstance(item["cutout_science"], int) for item in shown)
    assert all(len(item["observed_at"]) == len("2026-03-22T11:06:52.004Z") for item in shown)
    assert all(item["observed_at"].endswith("Z") for item in shown)
    assert all(item["left_out"] is not None for item in shown)
    assert all(len(item["photometry"]["mjd"]) == len(item["photometry"]["flux"]) > 0 for item in shown)


def test_an_alert_that_cannot_be_converted_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    found = alerts("ztf", 3)
    found[1].packet["candidate"]["jd"] = None
    file = write(tmp_path / "night.avro", found)

    result = command("--survey", "ztf", str(file))

    assert result.returncode == 1
    assert len(result.stdout.splitlines()) == 2
    assert json.loads(result.stderr) == {
        "error": "candidate.jd is None, not a time between 1970 and 2100",
        "file": str(file),
        "index": 1,
    }


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.avro", alerts("ztf", 2))
    cut = tmp_path / "cut.avro"
    cut.write_bytes(whole.read_bytes()[:-5_000])
    other = tmp_path / "other.avro"
    other.write_text("no Avro")

    result = command("--survey", "ztf", str(tmp_path / "absent.avro"), str(cut), str(other), str(whole))

    assert result.returncode == 1
    errors = [json.loads(line) for line in result.stderr.splitlines()]
    assert [Path(error["file"]).name for error in errors] == ["absent.avro", "cut.avro", "other.avro"]
    assert errors[0]["error"] == "cannot read the file: No such file or directory"
    assert "not an Avro container file, or cut short" in errors[1]["error"]
    assert len(result.stdout.splitlines()) >= 2


def test_a_survey_that_fink_does_not_have_is_refused(tmp_path: Path) -> None:
    result = command("--survey", "atlas", str(tmp_path))

    assert result.returncode == 2
    assert "ztf" in result.stderr
