"""Create in SkyPortal what the sink needs and its token may create: the taxonomy of Fink's classes."""

from collections.abc import Iterator
from typing import Any

from schemas.taxonomy import TAXONOMY, Taxonomy
from sink.routes import Routes
from sink.sender import explain
from sink.skyportal import Request, SkyPortal, Unavailable
from sink.verdicts import Answer, Verdict, judge


class NotProvisioned(Exception):
    """SkyPortal does not give or take what is needed; the text says what, and who can help."""


def provision(skyportal: SkyPortal, routes: Routes) -> Iterator[str]:
    """Create the taxonomy unless SkyPortal has this version of it; say in sentences what was done.

    May be repeated: what is there is left alone. Raises `NotProvisioned`.
    """
    wanted = {
        route.group for route in routes.every() if "classification" in route.parts and route.taxonomy == TAXONOMY.name
    }
    if not wanted:
        yield f"no route classifies by the taxonomy {TAXONOMY.name}: nothing to create"
        return
    try:
        there = {(row["name"], row["version"]) for row in _data(skyportal, Request(method="GET", path="/api/taxonomy"))}
        mine = _data(skyportal, Request(method="GET", path="/api/groups"))["user_groups"]
        groups = {row["name"]: row["id"] for row in mine}
    except (KeyError, TypeError) as error:
        raise NotProvisioned(
            f"SkyPortal answers in an unknown form ({error}): is SKYPORTAL_URL a SkyPortal?"
        ) from error
    if (TAXONOMY.name, TAXONOMY.version) in there:
        yield f"taxonomy {TAXONOMY.name}, version {TAXONOMY.version}: is there"
        return
    if missing := sorted(wanted - groups.keys()):
        raise NotProvisioned(
            f"the bot is in no group called {', '.join(missing)}: create it in SkyPortal and make the bot a member, "
            "or name another one in routes.toml"
        )
    group_ids = sorted(groups[name] for name in wanted)
    number = _data(skyportal, _posted(TAXONOMY, group_ids))["taxonomy_id"]
    yield f"taxonomy {TAXONOMY.name}, version {TAXONOMY.version}: created as {number} for {', '.join(sorted(wanted))}"


def _posted(taxonomy: Taxonomy, group_ids: list[int]) -> Request:
    body = {
        "name": taxonomy.name,
        "version": taxonomy.version,
        "hierarchy": taxonomy.hierarchy,
        "group_ids": group_ids,
        "isLatest": True,
    }
    return Request(method="POST", path="/api/taxonomy", body=body)


def _data(skyportal: SkyPortal, request: Request) -> Any:
    try:
        answer = skyportal.ask(request)
    except Unavailable as error:
        raise NotProvisioned(str(error)) from error
    if judge(answer) is not Verdict.ACCEPTED:
        raise NotProvisioned(_refusal(request, answer))
    return answer.json["data"]


def _refusal(request: Request, answer: Answer) -> str:
    if answer.status == 401 and request.method == "POST":  # noqa: PLR2004  # unauthorized
        return (
            f"{request.endpoint} answers {answer.message}: the token lacks the permission 'Post taxonomy'. Give it to "
            "the bot, or let somebody who has it post schemas/taxonomy.v1.json with the ids of the bot's groups"
        )
    return explain(request, answer)
