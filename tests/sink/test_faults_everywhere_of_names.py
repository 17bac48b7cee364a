"""Every fault of SkyPortal's where the sink asks what the names in its routes are: at its start, and while it runs."""

import itertools
from collections.abc import Iterator

import pytest
from test_faults_everywhere import FAULTS, QUICK, Fault

from demo.skyportal.process import SkyPortal
from support.kafka import publish_records, until
from support.records import whole_alert
from support.sink import (
    assert_never_left_the_group,
    environment,
    letters,
    metric,
    running_sink,
    until_ready,
    until_settled,
)
from support.whole import differences, only

PATHS = ["/api/filters", "/api/groups", "/api/streams", "/api/instrument", "/api/taxonomy", "/api/groups/"]
"""In the order in which they are asked."""

QUESTIONED = list({one.kind: one for one in FAULTS if not one.needs_a_write}.values())
ENDS_A_START = {"redirect", "token_revoked"}
"""At the very first question: nobody can have mended anything yet, and the sink ends with the sentence."""

ACCEPTED = 'sink_alerts_settled_total{outcome="accepted"}'


@pytest.fixture
def filters(topic: str, skyportal: SkyPortal) -> Iterator[list[str]]:
    """Name topics that there is no filter for yet, one for each fault; those that are made are removed."""
    names = [f"fink_{topic}_{number}_ztf" for number in range(len(QUESTIONED))]
    yield names
    made = {one["name"] for one in skyportal.control.state()["filters"]}
    skyportal.control.setup(remove_filters=sorted(made & set(names)))


def begin(skyportal: SkyPortal, fault: Fault, path: str) -> int:
    return skyportal.control.fault(fault.kind, path=path, method="GET", **{**fault.options, "count": 1})


@pytest.mark.parametrize("part", range(3))
def test_a_new_filter_is_found_whatever_happens_to_the_question(
    part: int, broker: str, topic: str, filters: list[str], skyportal: SkyPortal
) -> None:
    settings = QUICK | {"SINK_PATIENCE_S": "20"}  # a name is looked up again after a twentieth
    table, wrong = [], []

    with running_sink(environment(broker, topic, skyportal, **settings)) as sink:
        until_ready(sink)
        for done, (number, fault) in enumerate(list(enumerate(QUESTIONED))[part::3]):
            alert = whole_alert(obj_id=f"ZTF26aa{number:05d}", topic=filters[number])
            skyportal.control.setup(filters=[(filters[number], "Fink", "ZTF Public")])
            begun = {begin(skyportal, fault, path): path for path in PATHS}
            publish_records(broker, topic, [alert])
            until(lambda done=done: metric(sink, ACCEPTED) == done + 1, f"the alert that meets {fault.name}")
            said = differences(skyportal, only(skyportal.control.state(), [alert.obj_id]), [alert])
            for one in skyportal.control.faults():
                if one["id"] in begun:
                    result = "; ".join(said) or ("never met" if one["active"] else "whole")
                    table.append(f"{fault.name:45} GET {begun[one['id']]:41} {result}")
                    wrong += table[-1:] if result != "whole" else []
        until_settled(broker, topic)
        until_ready(sink)
        assert_never_left_the_group(sink)

    print(*table, sep="\n")  # noqa: T201  # the table is for people
    assert not wrong, "\n".join(wrong)
    assert letters(broker, topic) == []


def test_a_start_is_only_delayed(broker: str, topic: str, skyportal: SkyPortal) -> None:
    met = []
    kinds = itertools.cycle(one for one in QUESTIONED if one.kind not in ENDS_A_START)
    for path in PATHS:
        met += [begin(skyportal, fault, path) for fault in itertools.islice(kinds, 2)]

    with running_sink(environment(broker, topic, skyportal, **QUICK)) as sink:
        publish_records(broker, topic, [whole_alert()])
        until_settled(broker, topic)
        until_ready(sink)

    assert [one["kind"] for one in skyportal.control.faults() if one["id"] in met and one["active"]] == []
    assert differences(skyportal, skyportal.control.state(), [whole_alert()]) == []
    assert letters(broker, topic) == []
