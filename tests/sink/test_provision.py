"""What the routes need in SkyPortal: made as far as the bot may, and else said."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from demo.skyportal.process import SkyPortal as Server
from runtime.settings import load
from schemas.taxonomy import TAXONOMY
from sink.provision.apply import Line, Outcome, Provision
from sink.provision.asking import Asking, NotProvisioned
from sink.provision.needs import needs
from sink.routing import routes
from sink.settings import OWN_PREFIXES, SinkSettings
from sink.skyportal.unhurried import Unhurried
from support.kafka import until
from support.sink import environment
from support.skyportal import answered

MADE, THERE, WRONG = Outcome.MADE, Outcome.THERE, Outcome.WRONG


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(whitelist=True) as skyportal:
        yield skyportal


class World:
    """A SkyPortal that has heard of neither our group nor our filter, and one route to them."""

    def __init__(self, server: Server, file: Path) -> None:
        self.server = server
        self.group = f"group {uuid.uuid4().hex[:8]}"
        self.topic = f"fink_{uuid.uuid4().hex[:8]}_ztf"
        self._file = file

    def provision(
        self,
        said: str = "",
        *,
        dry_run: bool = False,
        token: str = "",
        pause: Callable[[float], object] = lambda _: None,
    ) -> Iterator[Line]:
        """Begin a run for the route, of which ``said`` says more."""
        self._file.write_text(f"[[route]]\ntopic = '{self.topic}'\ngroup = '{self.group}'\n{said}")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment("127.0.0.1:1", "alerts", self.server).items():
                patch.setenv(name, value)
            if token:
                patch.setenv("SKYPORTAL_TOKEN", token)
            settings = load(SinkSettings, own_prefixes=OWN_PREFIXES)
        asking = Asking(Unhurried(settings, pause=pause))
        return Provision(asking, needs(routes.read(self._file), ()), dry_run=dry_run).lines()

    def state(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of one of SkyPortal's tables."""
        return list(self.server.control.state()[table])

    def number(self, table: str, name: str) -> int:
        """Return the id of the first row of that name."""
        return next(int(row["id"]) for row in self.state(table) if row["name"] == name)

    def filters(self) -> list[dict[str, Any]]:
        """Return the filters of our topic's name."""
        return [row for row in self.state("filters") if row["name"] == self.topic]

    def writes(self) -> list[str]:
        """Return what was sent to change something."""
        return [f"{one['method']} {one['path']}" for one in self.server.control.requests() if one["method"] != "GET"]

    def token(self, *acls: str, groups: tuple[str, ...] = (), streams: tuple[str, ...] = ("ZTF Public",)) -> str:
        """Create another bot and return its token."""
        token = str(uuid.uuid4())
        wish = {"name": token[:8], "token": token, "acls": acls, "groups": groups, "streams": streams}
        self.server.control.setup(tokens=[wish])
        return token

    def as_admin(self, method: str, path: str, body: object) -> Any:
        """Send a request as the administrator, and return the data of its acceptance."""
        headers = {"Authorization": f"token {self.server.admin_token}"}
        answer = requests.request(method, self.server.url + path, json=body, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture
def world(server: Server, tmp_path: Path) -> World:
    server.control.mend()
    server.control.limit(0)
    server.control.reset()
    return World(server, tmp_path / "routes.toml")


class Told(NamedTuple):
    """A request that somebody else is told to send."""

    method: str
    path: str
    body: Any


def told(line: Line) -> list[Told]:
    found = [re.match(r"(POST|PUT) (\S+) ({.*})", said) for said in line.to_do]
    return [Told(match[1], match[2], json.loads(match[3])) for match in found if match]


def texts(lines: list[Line], outcome: Outcome) -> list[str]:
    return [line.text for line in lines if line.outcome is outcome]


def test_what_a_bot_may_make_is_made_in_one_run_and_then_left_alone(world: World) -> None:
    first = list(world.provision())

    assert [re.sub(r"\d+$", "#", text) for text in texts(first, MADE)] == [
        f"group '{world.group}': created as #",
        f"stream 'ZTF Public' of group '{world.group}': added",
        f"filter '{world.topic}' of group '{world.group}' on stream 'ZTF Public': created as #",
        "taxonomy 'Fink', version 1: created as #",
    ]
    assert [text.partition(":")[0] for text in texts(first, THERE)] == ["stream 'ZTF Public'", "instrument 'ZTF'"]
    (group,) = [row for row in world.state("groups") if row["name"] == world.group]
    bot = next(row["id"] for row in world.state("users") if row["token"] == world.server.token)
    assert group["users"] == [bot]
    assert group["streams"] == [world.number("streams", "ZTF Public")]
    assert [row["group_id"] for row in world.filters()] == [group["id"]]
    (taxonomy,) = world.state("taxonomies")
    assert (taxonomy["version"], taxonomy["hierarchy"]) == (TAXONOMY.version, TAXONOMY.hierarchy)
    assert taxonomy["group_ids"] == [group["id"]]

    written = world.writes()
    second = list(world.provision())

    assert {line.outcome for line in second} == {THERE}
    assert world.writes() == written


def test_a_dry_run_says_what_the_run_does_and_writes_nothing(world: World) -> None:
    dry = list(world.provision(dry_run=True))

    assert world.writes() == []
    assert [line.outcome for line in dry] == [line.outcome for line in world.provision()]
    assert {text.rpartition(": ")[2] for text in texts(dry, MADE)} == {"would be created", "would be added"}


def test_what_an_administrator_is_told_to_send_helps_and_the_rest_does_not_wait(world: World) -> None:
    secret = f"secret {world.group}"
    world.as_admin("POST", "/api/groups", {"name": world.group})
    said = f"stream = '{secret}'\n[[route]]\ntopic = 'other_ztf'\n"

    lines = list(world.provision(said))

    assert texts(lines, MADE)[0].startswith("filter 'other_ztf' of group 'Fink'")
    group, stream, *waiting = [line for line in lines if line.outcome is WRONG]
    assert group.text.endswith("but the bot 'finkbot' is no member")
    assert stream.text == f"stream '{secret}': the bot 'finkbot' does not hold it, or it does not exist"
    waits = f"waits for group '{world.group}' and stream '{secret}'"
    assert [line.text.rpartition(": ")[2] for line in waiting] == [waits, waits, f"waits for group '{world.group}'"]

    for method, path, body in told(group) + told(stream):
        number = world.number("streams", secret) if "<id>" in path else 0
        world.as_admin(method, path.replace("<id>", str(number)), body)
    helped = list(world.provision(said))

    assert texts(helped, WRONG) == []
    assert len(world.filters()) == 1


def test_a_stream_of_somebody_else_is_told_by_its_number(world: World) -> None:
    number = world.as_admin("POST", "/api/streams", {"name": world.group})["id"]
    admin = next(row["id"] for row in world.state("users") if row["username"] == "admin")
    other = world.as_admin("POST", "/api/groups", {"name": f"other {world.group}", "group_admins": [admin]})["id"]
    world.as_admin("POST", f"/api/streams/{number}/users", {"user_id": admin})
    world.as_admin("POST", f"/api/groups/{other}/streams", {"stream_id": number})

    (line,) = [line for line in world.provision(f"stream = '{world.group}'") if told(line)]

    assert [request.path for request in told(line)] == [f"/api/streams/{number}/users"]


def test_a_stream_that_everybody_may_join_is_joined(world: World) -> None:
    world.as_admin("POST", "/api/streams", {"name": world.group, "auto_join": True})

    made = texts(list(world.provision(f"stream = '{world.group}'")), MADE)

    assert f"stream '{world.group}': joined" in made
    assert {line.outcome for line in world.provision(f"stream = '{world.group}'")} == {THERE}


def test_a_bot_that_is_no_admin_of_its_group_makes_the_filter_and_says_who_gives_the_group_its_stream(
    world: World,
) -> None:
    world.server.control.setup(groups=[world.group])
    token = world.token("Upload data", "Post taxonomy", groups=(world.group,))

    lines = list(world.provision(token=token))

    (access,) = [line for line in lines if line.outcome is WRONG]
    assert access.text.startswith("stream 'ZTF Public' of group")
    assert access.to_do[0] == "An admin of the group (finkbot) sends"
    ((method, path, body),) = told(access)
    world.as_admin(method, path, body)
    assert {line.outcome for line in world.provision(token=token)} == {THERE}


def test_a_group_whose_members_do_not_hold_the_stream_has_its_filter_nevertheless(world: World) -> None:
    world.server.control.setup(groups=[world.group])
    world.token(groups=(world.group,), streams=())

    lines = list(world.provision())

    (access,) = [line for line in lines if line.outcome is WRONG]
    assert "403 Not all users have stream access" in access.text
    assert "all its members hold" in access.to_do[0]
    assert len(world.filters()) == 1


def test_a_missing_permission_is_named_and_no_invalid_token(world: World) -> None:
    token = world.token("Upload data")

    (line,) = [line for line in world.provision(token=token) if line.outcome is WRONG]

    assert line.text == "taxonomy 'Fink', version 1: the token lacks the permission 'Post taxonomy'"
    assert "schemas/taxonomy.v1.json" in line.to_do[0]


def test_a_token_that_is_revoked_meanwhile_is_no_missing_permission(world: World) -> None:
    lines = world.provision()
    first = next(lines)
    world.server.control.fault("token_revoked")

    rest = list(lines)

    assert first.outcome is MADE
    wrong = texts(rest, WRONG)
    assert "SKYPORTAL_TOKEN must be a valid token" in wrong[0]
    assert "permission" not in wrong[0]
    assert any(line.to_do == ("What was made before stays. Run this again when that is mended.",) for line in rest)
    assert all("not tried" in text or "waits for" in text for text in wrong[1:])


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("database_down", "Database is temporarily unavailable"),
        ("token_revoked", "SKYPORTAL_TOKEN must be a valid token of the bot user"),
        ("redirect", "are SKYPORTAL_URL and the bot's account right"),
        ("reset", "no answer from http"),
    ],
)
def test_a_skyportal_that_cannot_be_read_is_a_sentence(world: World, fault: str, said: str) -> None:
    world.server.control.fault(fault)

    with pytest.raises(NotProvisioned, match=said):
        next(world.provision())


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "lost"])
@pytest.mark.parametrize("path", ["/api/groups", "/api/groups/*/streams", "/api/filters", "/api/taxonomy"])
def test_a_request_without_an_answer_is_not_repeated_in_the_dark(world: World, path: str, applied: bool) -> None:  # noqa: FBT001
    fault = world.server.control.fault("reset", method="POST", path=path, applied=applied)

    wrong = [line for line in world.provision() if line.outcome is WRONG]

    assert answered(world.server, fault) == 1
    assert "no answer from" in wrong[0].text
    assert wrong[0].to_do == ("What was made before stays. Run this again in a minute: SkyPortal may yet do it.",)
    world.server.control.mend()
    assert texts(list(world.provision()), WRONG) == []
    assert len(world.filters()) == 1


@pytest.mark.parametrize("path", ["/api/groups", "/api/groups/*/streams", "/api/filters", "/api/taxonomy"])
def test_two_runs_at_the_same_time_make_each_thing_once(world: World, path: str) -> None:
    fault = world.server.control.fault("hang", method="POST", path=path, count=2)

    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(list, world.provision()) for _ in range(2)]
        until(lambda: answered(world.server, fault) == 2, "both runs about to make it")
        world.server.control.mend()
    lines = [line for run in runs for line in run.result()]

    assert texts(lines, WRONG) == []
    assert [len([row for row in world.state("groups") if row["name"] == world.group]), len(world.filters())] == [1, 1]
    assert len(world.state("taxonomies")) == 1
    assert {line.outcome for line in world.provision()} == {THERE}


def test_a_second_filter_that_cannot_be_withdrawn_is_said(world: World) -> None:
    world.server.control.setup(groups=[world.group])
    fault = world.server.control.fault("hang", method="POST", path="/api/filters")
    lines = world.provision()
    before = [next(lines) for _ in ("group", "stream", "stream of the group", "instrument")]
    with ThreadPoolExecutor(1) as thread:
        filter_line = thread.submit(next, lines)
        until(lambda: answered(world.server, fault) == 1, "the run about to make the filter")
        world.server.control.setup(filters=[[world.topic, world.group, "ZTF Public"]])
        world.server.control.mend()
    world.server.control.fault("reject", method="DELETE", status=405, message="HTTP 405: Method Not Allowed")

    (line,) = [line for line in lines if line.outcome is WRONG]

    assert [one.outcome for one in before] == [THERE, THERE, MADE, THERE]
    assert filter_line.result().outcome is MADE
    second = max(row["id"] for row in world.filters())
    assert line.to_do == (f"Delete the filter {second} in SkyPortal; the sink uses the other one.",)


def test_a_filter_that_was_made_meanwhile_is_not_made_again(world: World) -> None:
    world.server.control.setup(groups=[world.group])
    lines = world.provision()
    next(lines)
    world.server.control.setup(filters=[[world.topic, world.group, "ZTF Public"]])

    rest = list(lines)

    assert any(text.startswith(f"filter '{world.topic}'") for text in texts(rest, THERE))
    assert "POST /api/filters" not in world.writes()


def test_an_inactive_filter_is_not_made_again(world: World) -> None:
    world.server.control.setup(filters=[[world.topic, world.group, "ZTF Public"]], deactivate_filters=[world.topic])

    (line,) = [line for line in world.provision() if line.outcome is WRONG]

    assert "SkyPortal does not list it" in line.text
    assert len(world.filters()) == 1


def test_the_limit_of_requests_is_waited_for(world: World) -> None:
    world.server.control.limit(0.001)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        world.server.control.limit(0)

    assert texts(list(world.provision(pause=pause)), WRONG) == []
    assert len(waited) == 1
    assert len(world.filters()) == 1


def test_a_limit_that_others_use_up_is_said_after_a_minute(world: World) -> None:
    world.server.control.limit(0.001)
    headers = {"Authorization": f"token {world.server.token}"}
    until(
        lambda: requests.get(f"{world.server.url}/api/streams", headers=headers, timeout=30).status_code == 429,
        "others using up the limit",
    )
    waited: list[float] = []

    with pytest.raises(NotProvisioned, match="429 all the time: others use up"):
        next(world.provision(pause=waited.append))

    assert sum(waited) == 60


def test_an_instrument_is_an_administrators_with_the_bands_that_it_lacks(world: World) -> None:
    lines = list(world.provision("instrument = 'DECam'\n[[route]]\ntopic = 'x_lsst'\ninstrument = 'ZTF'"))

    missing, other = [line for line in lines if line.outcome is WRONG]
    ((_, _, camera),) = told(missing)
    assert (camera["name"], camera["filters"]) == ("DECam", ["ztfg", "ztfr", "ztfi"])
    assert other.text == "instrument 'ZTF': has no lsstu, lsstg, lsstr, lssti, lsstz, lssty"
    assert told(other)[0].path == f"/api/instrument/{world.number('instruments', 'ZTF')}"


def test_a_taxonomy_of_ours_without_our_classes_is_not_taken_for_ours(world: World) -> None:
    world.server.control.setup(taxonomies=[[TAXONOMY.name, TAXONOMY.version, ["SN candidate"]]])

    (line,) = [line for line in world.provision() if line.outcome is WRONG]
    world.server.control.setup(remove_taxonomies=[TAXONOMY.name])

    assert re.search(r"lacks \d+ of Fink's classes, such as ", line.text)


def test_another_taxonomy_is_looked_for_and_not_made(world: World) -> None:
    (line,) = [line for line in world.provision("taxonomy = 'Sitewide'") if line.outcome is WRONG]

    assert line.text == "taxonomy 'Sitewide': is not shown to the bot"
    assert world.state("taxonomies") == []


def test_routes_that_classify_nothing_need_no_taxonomy(world: World) -> None:
    lines = list(world.provision("parts = ['candidate', 'photometry']"))

    assert not any("taxonomy" in line.text for line in lines)
