"""``routes.toml`` is read again when it changes, and what is wrong with it changes nothing."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from runtime.health import Health
from sink.routing import routes
from sink.routing.routes import Routes
from sink.routing.watch import RoutesWatch, difference
from sink.skyportal.client import Unavailable
from support.clock import Clock
from support.kafka import until

AGAIN_S = 30.0


class Portal:
    """The groups that SkyPortal knows, and whether it answers."""

    def __init__(self) -> None:
        self.groups = {"Fink"}
        self.away: Unavailable | None = None
        self.asked = 0

    def look_up(self, wanted: Routes) -> Sequence[str]:
        """Return what it does not know."""
        self.asked += 1
        if self.away:
            raise self.away
        return [f"no group {route.group}" for route in wanted.every() if route.group not in self.groups]


class Watched:
    """A file that is watched, and what has taken effect."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text("[[route]]\ntopic = '*'\n")
        self.portal, self.health, self.clock = Portal(), Health(), Clock()
        self.taken: list[Routes] = []
        self.health.ready("start")
        self.watch = RoutesWatch(
            routes.read(path),
            look_up=self.portal.look_up,
            take=self.taken.append,
            health=self.health,
            again_s=AGAIN_S,
            clock=self.clock,
        )

    def look(self) -> str:
        """Look as often as a content needs to be believed; return what ``/readyz`` says."""
        self.watch.look()
        self.watch.look()
        status, text = self.health.readyz()
        assert status == 200
        return text

    @property
    def groups(self) -> list[str]:
        """The groups of the routes that have taken effect, one after the other."""
        return [table.every()[0].group for table in self.taken]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "routes.toml")


def of_group(name: str) -> str:
    return f"[[route]]\ntopic = '*'\ngroup = '{name}'\n"


def test_a_file_that_says_the_same_is_asked_nothing(watched: Watched) -> None:
    for _ in range(3):
        assert watched.look() == "ok\n"
    os.utime(watched.path, (1, 1))
    assert watched.look() == "ok\n"

    assert (watched.taken, watched.portal.asked) == ([], 0)


def test_another_content_takes_effect_once_it_is_written_whole(watched: Watched) -> None:
    watched.portal.groups |= {"A", "B"}
    text = of_group("A") + "[[route]]\ntopic = 'never reached'\ngroup = 'B'\n"
    for length in (19, 37, len(text)):  # each is a file by itself
        watched.path.write_text(text[:length])
        watched.watch.look()
        assert watched.taken == []
    watched.watch.look()

    assert [len(table.every()) for table in watched.taken] == [2]


def test_who_says_so_need_not_wait(watched: Watched) -> None:
    watched.path.write_text("[[route]]\ntopic = 'a'\n")
    watched.watch.look(told=True)

    assert len(watched.taken) == 1


def test_a_file_may_be_replaced_whole(watched: Watched, tmp_path: Path) -> None:
    watched.portal.groups.add("A")
    other = tmp_path / "other"
    other.write_text(of_group("A"))
    other.replace(watched.path)
    watched.look()

    assert watched.groups == ["A"]


def test_a_folder_behind_a_link_may_be_replaced_as_kubernetes_does(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "one" / "routes.toml").touch()
    (tmp_path / "routes.toml").symlink_to("data/routes.toml")
    watched = Watched(tmp_path / "routes.toml")
    watched.portal.groups.add("A")
    (tmp_path / "two" / "routes.toml").write_text(of_group("A"))
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "data")
    watched.look()

    assert watched.groups == ["A"]


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("[[route]]\ntopic = 'a'\nmin_snrr = 5\nsvae = 1\n", "did you mean min_snr?; "),
        ("[[route]\n", "at line 1"),
        (of_group("Nobody"), "no group Nobody"),
        (None, "cannot read "),
        ("\n", "is empty"),
        (b"\xff", "can't decode"),
    ],
)
def test_a_mistake_keeps_the_routes_and_is_said_once_until_it_is_mended(
    mistake: str | bytes | None, said: str, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.portal.groups.add("A")
    if mistake is None:
        watched.path.unlink()
    else:
        watched.path.write_bytes(mistake if isinstance(mistake, bytes) else mistake.encode())
    for _ in range(3):
        assert said in watched.look()
        watched.clock.now += AGAIN_S

    assert watched.taken == []
    assert len([one for one in caplog.messages if "the routes from before hold" in one]) == 1 + ("svae" in str(mistake))
    watched.path.write_text(of_group("A"))
    assert watched.look() == "ok\n"
    assert watched.groups == ["A"]
    assert any(one.endswith("holds now") for one in caplog.messages)


def test_a_change_that_is_taken_back_is_no_mistake_any_more(watched: Watched) -> None:
    text = watched.path.read_text()
    watched.path.write_text("no")
    assert "the routes from before hold" in watched.look()
    watched.path.write_text(text)

    assert watched.look() == "ok\n"
    assert watched.taken == []


def test_what_skyportal_does_not_know_is_looked_up_again_but_not_all_the_time(watched: Watched) -> None:
    watched.path.write_text(of_group("A"))
    for _ in range(5):
        assert "no group A" in watched.look()
    assert watched.portal.asked == 1

    watched.portal.groups.add("A")
    watched.clock.now += AGAIN_S
    assert watched.look() == "ok\n"
    assert watched.groups == ["A"]


@pytest.mark.parametrize(("sent", "wait_s"), [(False, 0.0), (True, AGAIN_S)])
def test_a_change_waits_while_skyportal_is_away(watched: Watched, sent: bool, wait_s: float) -> None:  # noqa: FBT001  # a table
    watched.portal.groups.add("A")
    watched.path.write_text(of_group("A"))
    watched.portal.away = Unavailable("gone to lunch", sent=sent)
    assert f"{watched.path} has changed and is not looked up yet: gone to lunch" in watched.look()

    watched.portal.away = None
    watched.clock.now += wait_s
    assert watched.look() == "ok\n"
    assert watched.groups == ["A"]


def test_what_ends_the_looking_ends_the_sink(watched: Watched) -> None:
    def broken(_wanted: Routes) -> Sequence[str]:
        raise ZeroDivisionError

    watch = RoutesWatch(
        routes.read(watched.path), look_up=broken, take=watched.taken.append, health=Health(), again_s=AGAIN_S
    )
    watched.path.write_text(of_group("A"))
    told, stop = threading.Event(), threading.Event()
    watch.check()
    told.set()
    watch.start(told, stop)

    def ended() -> bool:
        try:
            watch.check()
        except ZeroDivisionError:
            return True
        return False

    until(ended, "the end of the looking")


def test_the_log_says_which_routes_are_others(tmp_path: Path) -> None:
    def table(*lines: str) -> Routes:
        return routes.parse("\n".join(f"[[route]]\n{line}" for line in lines), tmp_path)

    before = table("topic = 'a'", "topic = 'b'", "topic = 'c'")

    assert difference(before, before) == "in nothing but form"
    assert difference(before, table("topic = 'd'", "topic = 'b'\nmin_snr = 5", "topic = 'c'")) == (
        "added=d removed=a changed=b"
    )
    assert difference(before, table("topic = 'b'", "topic = 'a'", "topic = 'c'")) == "order=b,a,c"
    assert difference(routes.read(None), before) == "added=a,b,c removed=*"
