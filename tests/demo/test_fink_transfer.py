"""A made-up job of Fink's Data Transfer."""

import json
from pathlib import Path

import fastavro
import pytest
from typer import Typer
from typer.testing import CliRunner

from demo.fink import command, night, publish_transfer
from demo.fink.alert import LIVE, Survey, encode
from support.kafka import read_all


def test_alerts_and_their_schema_stand_in_two_topics(broker: str, topic: str) -> None:
    alerts = list(night(seed=3, alerts=100, surveys=("lsst",)))

    assert publish_transfer(broker, topic, alerts) == 100

    packets, schemas = read_all(broker, topic), read_all(broker, f"{topic}_schema")
    assert sorted(message.value or b"" for message in packets) == sorted(encode(alert)[1] for alert in alerts)
    assert {message.key for message in packets} == {topic.encode()}
    assert {message.key for message in schemas} == {LIVE["lsst"].key}
    assert {message.partition for message in packets} == {message.partition for message in schemas} == set(range(10))


@pytest.mark.parametrize(
    ("surveys", "sentence"),
    [(("ztf", "lsst"), "a transfer has one schema, but these 6 alerts have 2"), ((), "there is no alert in it")],
)
def test_files_that_make_no_transfer_are_a_sentence(
    broker: str, tmp_path: Path, surveys: tuple[Survey, ...], sentence: str
) -> None:
    app = Typer()
    app.command("transfer")(command.transfer)
    files = []
    for survey in surveys or ("lsst",):
        packets = [alert.packet for alert in night(seed=2, alerts=3 if surveys else 0, surveys=(survey,))]
        files.append(tmp_path / f"{survey}.avro")
        with files[-1].open("wb") as opened:
            fastavro.writer(opened, json.loads(LIVE[survey].key), packets)

    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["--bootstrap-servers", broker, *map(str, files)])

    assert result.exit_code == 2
    assert sentence in result.output
