"""What is there of what the routes need, and what is to do about the rest. Sends nothing."""

import json
from collections.abc import Iterator

from schemas.taxonomy import TAXONOMY, classes
from sink.provision.needs import Needs
from sink.provision.present import Present
from sink.provision.steps import Creatable, Ids, Key, Missing, Step, There
from sink.skyportal.client import Request

UPLOAD = "Upload data"

NOT_OURS = (
    "It is not what schemas/taxonomy.v1.json says. Whoever may delete it does so, and then this is run again; or "
    "routes.toml names a taxonomy of another name."
)
NOT_SHOWN = (
    f"Create it for a group of the bot's, or name in routes.toml another one ({TAXONOMY.name!r} is made here), or "
    "parts without classification."
)


def plan(needs: Needs, present: Present) -> list[Step]:
    """Return a step for each thing; what one requires comes before it."""
    return [
        *(Step(key=("group", name), name=f"group {name!r}", state=_group(name, present)) for name in needs.groups),
        *(Step(key=("stream", name), name=f"stream {name!r}", state=_stream(name, present)) for name in needs.streams),
        *_accesses(needs, present),
        *_instruments(needs, present),
        *_filters(needs, present),
        *_taxonomies(needs, present),
    ]


def _group(name: str, present: Present) -> There | Creatable | Missing:
    if name in present.groups:
        return There(id=present.groups[name].id)
    if name in present.other_groups:
        member = {"userID": present.user_id, "admin": True}
        return Missing(
            why=f"is there (id {present.other_groups[name]}), but the bot {present.user_name!r} is no member",
            to_do=(
                "An admin of the group adds the bot on the group's page, or sends",
                _shown("POST", f"/api/groups/{present.other_groups[name]}/users", member),
            ),
        )
    body = {"name": name, "group_admins": [present.user_id]}  # a token that creates a group is no member of it
    return Creatable(
        done="created",
        requires=(),
        request=lambda _: Request(method="POST", path="/api/groups", body=body),
        id_field="id",
        permission=UPLOAD,
    )


def _stream(name: str, present: Present) -> There | Creatable | Missing:
    stream = present.streams.get(name)
    user = {"user_id": present.user_id}
    if stream is None:
        known = present.other_streams.get(name)
        path = f"/api/streams/{known or '<id>'}/users"
        first = () if known else (_shown("POST", "/api/streams", {"name": name}) + "    unless there is one",)
        return Missing(
            why=f"the bot {present.user_name!r} does not hold it" + ("" if known else ", or it does not exist"),
            to_do=("An administrator (permission 'System admin') sends", *first, _shown("POST", path, user)),
        )
    if stream.is_held:
        return There(id=stream.id)
    return Creatable(
        done="joined",
        requires=(),
        request=lambda _: Request(method="POST", path=f"/api/streams/{stream.id}/users", body=user),
        id_field="stream_id",
        permission="",
    )


def _accesses(needs: Needs, present: Present) -> Iterator[Step]:
    for group_name, stream_name in needs.accesses:
        group, stream = present.groups.get(group_name), present.streams.get(stream_name)
        state: There | Creatable | Missing = _access(group_name, stream_name)
        if group and stream and stream.id in group.streams:
            state = There(id=stream.id)
        elif group and stream and not group.is_led:
            state = Missing(
                why="the group does not have it, and the bot is no admin of the group",
                to_do=(
                    f"An admin of the group ({', '.join(group.admins) or 'it has none'}) sends",
                    _shown("POST", f"/api/groups/{group.id}/streams", {"stream_id": stream.id}),
                ),
            )
        name = f"stream {stream_name!r} of group {group_name!r}"
        yield Step(key=("access", group_name, stream_name), name=name, state=state)


def _access(group: str, stream: str) -> Creatable:
    def request(ids: Ids) -> Request:
        path = f"/api/groups/{ids['group', group]}/streams"
        return Request(method="POST", path=path, body={"stream_id": ids["stream", stream]})

    requires = (("group", group), ("stream", stream))
    return Creatable(done="added", requires=requires, request=request, id_field="stream_id", permission=UPLOAD)


def _instruments(needs: Needs, present: Present) -> Iterator[Step]:
    who = "Whoever manages instruments (permission 'Manage instruments' or 'System admin') sends"
    for name, choices in needs.instruments.items():
        instrument = present.instruments.get(name)
        state: There | Missing
        if instrument is None:
            body = {"name": name, "type": "imager", "band": "optical", "telescope_id": "<id>", "filters": choices[0]}
            state = Missing(why="does not exist", to_do=(who, _shown("POST", "/api/instrument", body)))
        elif lacking := min(([band for band in bands if band not in instrument.bands] for bands in choices), key=len):
            body = {"filters": sorted({*instrument.bands, *lacking})}
            path = f"/api/instrument/{instrument.id}"
            state = Missing(why=f"has no {', '.join(lacking)}", to_do=(who, _shown("PUT", path, body)))
        else:
            state = There(id=instrument.id)
        yield Step(key=("instrument", name), name=f"instrument {name!r}", state=state)


def _filters(needs: Needs, present: Present) -> Iterator[Step]:
    for name, group_name, stream_name in needs.filters:
        group, stream = present.groups.get(group_name), present.streams.get(stream_name)
        state: There | Creatable | Missing = _filter(name, group_name, stream_name)
        if group and stream:
            key = (name, group.id, stream.id)
            if key in present.filters:
                state = There(id=present.filters[key])
            elif key in group.filters:
                state = Missing(
                    why=f"the group has it ({group.filters[key]}), but SkyPortal does not list it for the bot",
                    to_do=("Is it inactive? Somebody of the group activates it on the filter's page.",),
                )
        yield Step(
            key=("filter", name, group_name, stream_name),
            name=f"filter {name!r} of group {group_name!r} on stream {stream_name!r}",
            state=state,
        )


def _filter(name: str, group: str, stream: str) -> Creatable:
    def request(ids: Ids) -> Request:
        body = {"name": name, "group_id": ids["group", group], "stream_id": ids["stream", stream]}
        return Request(method="POST", path="/api/filters", body=body)

    requires = (("group", group), ("stream", stream))
    return Creatable(done="created", requires=requires, request=request, id_field="id", permission=UPLOAD)


def _taxonomies(needs: Needs, present: Present) -> Iterator[Step]:
    for name, groups in needs.taxonomies.items():
        ours = name == TAXONOMY.name
        shown = [
            row for row in present.taxonomies if row.name == name and (not ours or row.version == TAXONOMY.version)
        ]
        state: There | Creatable | Missing
        if shown and ours and (lacking := classes(TAXONOMY.hierarchy) - shown[-1].classes):
            state = Missing(
                why=f"lacks {len(lacking)} of Fink's classes, such as {min(lacking)!r}",
                to_do=(NOT_OURS,),
            )
        elif shown:
            state = There(id=shown[-1].id)
        elif ours:
            state = _taxonomy(tuple(("group", group) for group in groups))
        else:
            state = Missing(
                why="is not shown to the bot",
                to_do=(NOT_SHOWN,),
            )
        said = f"taxonomy {name!r}" + (f", version {TAXONOMY.version}" if ours else "")
        yield Step(key=("taxonomy", name), name=said, state=state)


def _taxonomy(groups: tuple[Key, ...]) -> Creatable:
    def request(ids: Ids) -> Request:
        body = {
            "name": TAXONOMY.name,
            "version": TAXONOMY.version,
            "hierarchy": TAXONOMY.hierarchy,
            "group_ids": sorted(ids[group] for group in groups),
            "isLatest": True,
        }
        return Request(method="POST", path="/api/taxonomy", body=body)

    return Creatable(
        done="created",
        requires=groups,
        request=request,
        id_field="taxonomy_id",
        permission="Post taxonomy",
        without_permission="or let somebody who has it post schemas/taxonomy.v1.json with the ids of the bot's groups",
    )


def _shown(method: str, path: str, body: object) -> str:
    return f"{method} {path} {json.dumps(body, ensure_ascii=False)}"
