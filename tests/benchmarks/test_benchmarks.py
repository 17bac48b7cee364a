"""What the benchmarks print can be relied on; the figures themselves are the machine's."""

import dataclasses
import re
from pathlib import Path

import pytest

from benchmarks.lines import Target, line
from benchmarks.processor import stages, stream
from benchmarks.processor.cases import FinkMessage, Sample, made_up
from demo.fink.samples import Case
from schemas.avro import CODECS


def facts(text: str) -> dict[str, str]:
    """Take a line apart."""
    return dict(re.findall(r"(\w+)=(\S+)", text))


def small(case: Case) -> Sample:
    return made_up(case, alerts=3)


@pytest.mark.parametrize(
    ("targets", "end"),
    [
        ({"ratio": Target(limit=3)}, " target=3 ok=yes"),
        ({"ratio": Target(limit=3.2)}, " target=3.2 ok=no"),
        ({"cost": Target(limit=1.1, at_most=True)}, " target=1.1 ok=yes"),
        ({"cost": Target(limit=1, at_most=True)}, " target=1 ok=no"),
        ({"ratio": Target(limit=3), "cost": Target(limit=1.1)}, " target_ratio=3 target_cost=1.1 ok=yes"),
        ({"ratio": Target(limit=3), "cost": Target(limit=1.2)}, " target_ratio=3 target_cost=1.2 ok=no"),
        ({}, ""),
    ],
)
def test_a_line_says_whether_its_targets_are_met(targets: dict[str, Target], end: str) -> None:
    said = line("processor", {"case": "ztf", "ratio": 3.05, "cost": 1.1}, targets)

    assert said == f"bench processor case=ztf ratio=3.05 cost=1.1{end}"


def test_every_codec_is_compared_with_fink_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "ROUND_S", 0.01)

    lines = list(map(facts, stages.compare(small("lsst_short"))))

    assert [found["codec"] for found in lines] == [codec.name for codec in CODECS]
    for found in lines:
        assert float(found["ratio"]) == pytest.approx(
            float(found["fink_client_ms"]) / float(found["ours_ms"]), rel=0.02
        )
        parts = sum(float(found[name]) for name in ("decode_ms", "convert_ms", "encode_ms"))
        assert parts == pytest.approx(float(found["ours_ms"]), rel=0.5)  # each is a median of its own


def test_two_processors_share_the_alerts_of_a_topic(broker: str, tmp_path: Path) -> None:
    found = stream.run(small("ztf"), 40, 2, broker, tmp_path)

    assert found.cpu_s_per_alert > 0
    assert found.alerts_per_s >= 0
    assert found.peak_mb > 20


def test_an_alert_that_becomes_no_record_is_noticed(broker: str, tmp_path: Path) -> None:
    sample = small("ztf")
    broken = FinkMessage(sample.messages[0].key(), sample.messages[0].value()[:1_000])

    with pytest.raises(stream.Lost, match="10 alerts were put aside"):
        stream.run(dataclasses.replace(sample, messages=(sample.messages[0], broken)), 20, 1, broker, tmp_path)
