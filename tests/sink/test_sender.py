"""One request and what becomes of it, against a SkyPortal that answers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.skyportal.process import SkyPortal as Server
from runtime.health import Health
from runtime.settings import load
from sink.delivery.in_flight import InFlight
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.skyportal.client import Request, SkyPortal
from sink.skyportal.gate import Gate
from sink.skyportal.pace import FixedPace
from sink.skyportal.rate import Rate
from sink.skyportal.sender import TRIES, Rejected, RouteBroken, Sender, Unanswered, UnknownObject
from sink.skyportal.under_way import NEWS_TAKE_S, UnderWay, Withdrawn
from support.clock import Clock
from support.in_flight import in_flight
from support.kafka import PATIENCE_S, until


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def there() -> threading.Event:
    """Say whether SkyPortal answers a probe; unless a test says otherwise, it does."""
    event = threading.Event()
    event.set()
    return event


@pytest.fixture
def gate(there: threading.Event) -> Gate:
    return Gate(Health(), probe=there.is_set, longest_pause_s=0.05)


class ClockOfAFrozenProcess(Clock):
    """A minute is gone after it was asked so many times."""

    freezes_after = 10**9

    def __call__(self) -> float:
        """Return the time, in seconds."""
        if self.freezes_after == 0:
            self.now += 60
        self.freezes_after -= 1
        return self.now


@pytest.fixture
def clock() -> ClockOfAFrozenProcess:
    return ClockOfAFrozenProcess()


@pytest.fixture
def under_way(clock: ClockOfAFrozenProcess) -> UnderWay:
    return UnderWay(clock=clock)


@pytest.fixture
def sender(
    skyportal: Server, gate: Gate, under_way: UnderWay, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> Sender:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SKYPORTAL_URL", f"{skyportal.url}/")
    monkeypatch.setenv("SKYPORTAL_TOKEN", skyportal.token)
    client = SkyPortal(load(SinkSettings, own_prefixes=OWN_PREFIXES))
    return Sender(client, gate=gate, rate=Rate(FixedPace(0)), under_way=under_way, stop=stop)


def candidate(item: InFlight, *filter_ids: int) -> Request:
    body = {
        "id": item.alert.obj_id,
        "ra": item.alert.ra,
        "dec": item.alert.dec,
        "filter_ids": filter_ids,
        "passed_at": "2026-03-22T11:06:52.004",
    }
    return Request(method="POST", path="/api/candidates", body=body)


def test_an_acceptance_gives_what_skyportal_says(sender: Sender) -> None:
    item = in_flight()

    assert len(sender.send(candidate(item, 1), [item])["ids"]) == 1


def test_a_refusal_says_what_the_caller_must_do(sender: Sender, skyportal: Server) -> None:
    item = in_flight()
    points = Request(method="PUT", path="/api/photometry", body={"obj_id": ["NOPE"], "instrument_id": [1]})

    with pytest.raises(RouteBroken, match=r"POST /api/candidates: 400 At least one valid filter ID must be provided\."):
        sender.send(candidate(item, 99_999), [item])
    skyportal.control.fault("reject", count=1, message="Invalid object ID: NOPE")
    with pytest.raises(UnknownObject):
        sender.send(points, [item])
    skyportal.control.fault("reject", count=1, status=500, message=f"no {skyportal.token}")
    with pytest.raises(Rejected, match=r"no \*\*\*"):
        sender.send(points, [item])


def test_nothing_is_sent_for_a_partition_that_is_gone(sender: Sender, skyportal: Server) -> None:
    item = in_flight()
    item.holding.held = False

    with pytest.raises(Withdrawn):
        sender.send(candidate(item, 1), [item])
    assert skyportal.control.requests() == []


def test_what_has_left_when_the_process_stands_still_is_answered_though_its_partition_is_taken_away(
    sender: Sender, skyportal: Server, under_way: UnderWay, clock: ClockOfAFrozenProcess
) -> None:
    clock.freezes_after = 3  # the loop's turn, the beginning of the request, and its body leaving
    skyportal.control.fault("hang")
    under_way.turned()
    item = in_flight()

    with ThreadPoolExecutor() as pool:
        sending = pool.submit(sender.send, candidate(item, 1), [item])
        until(lambda: len(skyportal.control.requests()) == 1, "the request")
        under_way.withdraw([item.holding])
        assert not under_way.wait([item.holding], 0.05)
        skyportal.control.mend()
        assert sending.result(PATIENCE_S)
    assert clock.freezes_after == 0, "it was asked again"


@pytest.mark.parametrize("is_taken_away", [True, False], ids=["and its partition is taken away", "and keeps it"])
def test_what_is_ready_to_leave_when_the_process_stands_still_leaves_if_the_partition_is_still_ours(
    sender: Sender, skyportal: Server, under_way: UnderWay, clock: ClockOfAFrozenProcess, *, is_taken_away: bool
) -> None:
    clock.freezes_after = 2  # the loop's turn, and the beginning of the request
    under_way.turned()
    item = in_flight()

    with ThreadPoolExecutor() as pool:
        sending = pool.submit(sender.send, candidate(item, 1), [item])
        until(lambda: clock.freezes_after < 0, "the process going on")
        assert not under_way.wait([item.holding], 0)
        assert skyportal.control.requests() == []
        if is_taken_away:
            under_way.withdraw([item.holding])
            assert isinstance(sending.exception(PATIENCE_S), Withdrawn)
        else:
            under_way.turned()
            clock.now += NEWS_TAKE_S
            assert sending.result(PATIENCE_S)
    assert len(skyportal.control.requests()) == (0 if is_taken_away else 1)
    assert under_way.wait_for_all(0)


def test_an_outage_ends_for_a_sender_whose_partition_is_taken_away(
    sender: Sender, skyportal: Server, under_way: UnderWay, there: threading.Event
) -> None:
    item = in_flight()
    skyportal.control.fault("database_down")
    there.clear()

    with ThreadPoolExecutor() as pool:
        sending = pool.submit(sender.send, candidate(item, 1), [item])
        until(lambda: len(skyportal.control.requests()) > 0, "an attempt")
        under_way.withdraw([item.holding])
        assert isinstance(sending.exception(PATIENCE_S), Withdrawn)
    assert under_way.wait([item.holding], 0)


@pytest.mark.parametrize(("kind", "status"), [("bad_gateway", 502), ("reset", 0), ("outage", 405), ("readonly", 500)])
def test_a_request_that_meets_an_outage_each_time_makes_way_for_another(
    kind: str, status: int, sender: Sender, skyportal: Server
) -> None:
    item = in_flight()
    skyportal.control.fault(kind, obj_id=item.alert.obj_id)

    with pytest.raises(Unanswered) as unanswered:
        sender.send(candidate(item, 1), [item])

    assert unanswered.value.answer.status == status
    assert len(skyportal.control.requests()) == TRIES


def test_who_has_nothing_more_to_send_leaves_the_trying_to_others(
    sender: Sender, gate: Gate, stop: threading.Event
) -> None:
    item = in_flight()
    gate.failed("it is away")
    done = threading.Event()

    def read_and_stay() -> None:
        sender.get("/api/filters")
        sender.rest()
        done.wait(PATIENCE_S)

    with ThreadPoolExecutor() as pool:
        reading = pool.submit(read_and_stay)
        try:
            assert pool.submit(sender.send, candidate(item, 1), [item]).result(PATIENCE_S / 2)
        finally:
            stop.set()
            done.set()
        reading.result(PATIENCE_S)
    assert gate.closed_for_s == 0


def test_a_read_is_no_proof_that_skyportal_is_back(sender: Sender, gate: Gate) -> None:
    gate.failed("it is read-only")

    sender.get("/api/filters")

    assert gate.closed_for_s > 0


def test_a_request_that_is_under_way_is_waited_for(skyportal: Server, sender: Sender, under_way: UnderWay) -> None:
    item = in_flight()
    skyportal.control.fault("hang")

    with ThreadPoolExecutor() as pool:
        sending = pool.submit(sender.send, candidate(item, 1), [item])
        until(lambda: len(skyportal.control.requests()) == 1, "the request")
        under_way.withdraw([item.holding])
        assert not under_way.wait([item.holding], 0.05)
        skyportal.control.mend()
        assert under_way.wait_for_all(PATIENCE_S)
        assert sending.result(PATIENCE_S)
