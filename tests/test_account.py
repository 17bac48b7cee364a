"""Every alert is accounted for, whatever was killed: what both halves counted agrees, and neither is derived."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.skyportal.process import SkyPortal
from support import processor, sink
from support.kafka import ends, is_passed, publish, read_all, until
from support.processes import ROOT
from support.skyportal import accepted

ROUTES = """
[[route]]
topic = "*"
filter = "fink_sn_candidates_ztf"
parts = ["candidate"]
min_detections = 4
"""


def status(settings: Mapping[str, str]) -> Any:
    """Return what ``sink status --json`` says."""
    command = [sys.executable, "-m", "sink", "status", "--json"]
    run = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_account_is_exact_after_both_halves_were_killed(
    broker: str, topic: str, skyportal: SkyPortal, tmp_path: Path
) -> None:
    fink_topic = f"fink_{topic}"
    alerts = processor.ztf_alerts(240, fink_topic)
    routes = tmp_path / "routes.toml"
    routes.write_text(ROUTES)
    reading = processor.environment(broker, topic, fink_topic)
    delivering = sink.environment(broker, topic, skyportal, SINK_ROUTES=str(routes), SINK_FRESH_FIRST_S="0")
    processor.publish_alerts(broker, fink_topic, alerts[:40])

    with processor.running_processor(reading) as reader, sink.running_sink(delivering) as deliverer:
        feeds = itertools.cycle(range(40, 240, 10))

        def feed() -> None:
            first = next(feeds)
            processor.publish_alerts(broker, fink_topic, alerts[first : first + 10])

        processor.freeze_uncommitted(reader, broker, topic, fink_topic, feed)
        reader.kill()
        group = f"sink-{topic}"  # where all of it is left out, nothing is accepted
        until(lambda: accepted(skyportal) > 0 or is_passed(broker, topic, group), "something settled a moment ago")
        deliverer.kill()
    publish(broker, fink_topic, [(b"no schema", b"no alert")])
    sent = sum(ends(broker, fink_topic).values())
    with processor.running_processor(reading) as reader:
        processor.until_done(broker, topic, fink_topic)
        assert reader.stop() == 0
    found: dict[str, Any] = {"account": {}}

    def is_told() -> bool:
        found.update(status(delivering))
        return bool(found["account"]["published"] == sent - 1)

    with sink.running_sink(delivering):
        sink.until_settled(broker, topic)
        until(is_told, "the processor's last word")

    account = found["account"]
    copies = len(read_all(broker, topic)) - (sent - 1)
    assert (account["unaccounted"], account["surplus"], account["waiting"]) == (0, 0, 0), account
    assert account["published"] == sent - 1
    assert account["copies"] == copies > 0, "the kills made no copy: the test shows nothing"
    assert account["accepted"] + account["skipped"] == sent - 1
    assert account["skipped"] > 0
    assert 0 < accepted(skyportal) <= account["accepted"], "an alert that Fink sends twice is one candidate"
    (standing,) = found["fink"]
    assert (standing["published"], standing["put_aside"], standing["position"]) == (sent - 1, 1, sent)
    assert [(one["stage"], one["count"]) for one in found["dead_letters"]] == [("decode", 1)]
