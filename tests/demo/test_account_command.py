"""``python -m demo account``: a world that runs already, against what its Fink published."""

import dataclasses

import pytest
from fink_messages import ordinary
from skyportal_told import tell
from typer import Typer
from typer.testing import CliRunner, Result

from demo import account as command
from demo.expectation import expect
from demo.fink import FinkAlert, FinkPublisher, encode, night
from demo.skyportal.process import SkyPortal
from support.kafka import commit, create_topic, publish

PARTITIONS = 2


@pytest.fixture
def alerts(topic: str, monkeypatch: pytest.MonkeyPatch) -> list[FinkAlert]:
    monkeypatch.setattr(command, "TOPICS", {"lsst": (f"fink_{topic}", "fink_that_is_not_there")})
    made = list(ordinary(night(seed=7, alerts=12, surveys=("lsst",))))[:6]
    return [dataclasses.replace(alert, topics=(f"fink_{topic}",)) for alert in made]


def test_it_waits_for_nothing_that_is_lost_and_says_what_is(broker: str, topic: str, alerts: list[FinkAlert]) -> None:
    fink, name, local, group = FinkPublisher(broker), f"fink_{topic}", f"local.{topic}", f"sink-{topic}"
    fink.create_topics({name: PARTITIONS})
    for suffix in ("", ".undecodable", ".rejected"):
        create_topic(broker, local + suffix)
    expected = expect((name, *encode(alert)) for alert in alerts)

    def look(*options: str) -> Result:
        app = Typer()
        app.command()(command.account)
        where = ["--fink", broker, "--kafka", broker, "--skyportal", skyportal.url, "--topic", local, "--group", group]
        return CliRunner().invoke(app, [*where, *options])

    with SkyPortal(
        whitelist=True,
        filters=[(name, "Fink", "LSST Public")],
        taxonomies=[("Fink", "1", sorted(expected.names))],
    ) as skyportal:
        published = len(fink.publish(alerts, twice=1.0))
        publish(broker, local, [(b"key", b"record")] * published)
        commit(broker, local, group, published)
        tell(skyportal, expected)

        whole = look("--wait-s", "30")
        assert whole.exit_code == 0, whole.output
        assert f"published={published} local={published} waiting=0 objects=" in whole.output
        assert whole.output.endswith("dead_letters=0 lost=0 doubled=0\n")

        publish(broker, local, [(b"key", b"record")])
        waits = look()
        assert waits.exit_code == 1
        assert " waiting=1 " in waits.output

        publish(broker, f"{local}.rejected", [(b"key", b"letter")])
        commit(broker, local, group, published + 1)
        assert look().output.endswith("dead_letters=1 lost=0 doubled=0\n")

        skyportal.control.reset()
        lost = look("--wait-s", "30")
        assert lost.exit_code == 1
        assert " objects=0 accepted=0 " in lost.output
        assert "lost=0" not in lost.output
