"""Requests and answers recorded of a real SkyPortal, asked again of the stand-in in the same order."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests

RECORD = "skyportal_observed.jsonl"
FIRST = "HEAD candidate missing"
"""What was recorded before it is the set-up by an administrator."""

NOT_SERVED = re.compile(r"/api/(brokers|source_exists/.*|candidates\?.*|photometry/origins)")
"""What no client of ours asks."""

REFUSED = {"bogus": "bogus", "no acl": "reader", "as bot": "bot"}
OTHERS = {"outsider": "outsider", "other user": "outsider", "admin": "admin"}
"""Words of a label that say that it was not the bot who asked: of a 401, and of any answer."""

BODY_KINDS = {
    "group_ids": "group",
    "filter_ids": "filter",
    "stream_ids": "stream",
    "taxonomy_id": "taxonomy",
}
PATH_KINDS = (
    (re.compile(r"(/annotations/)(\d+)"), "annotation"),
    (re.compile(r"(/api/classification/)(\d+)"), "classification"),
    (re.compile(r"(/api/thumbnail/)(\d+)"), "thumbnail"),
    (re.compile(r"(/api/photometry/)(\d+)"), "point"),
    (re.compile(r"(/api/candidates/[^/]+/)(\d+)"), "filter"),
)
ANSWER_KINDS = {
    ("/api/photometry", "ids"): "point",
    ("/api/candidates", "ids"): "candidate",
    ("/api/classification", "classification_id"): "classification",
    ("/api/classification", "classification_ids"): "classification",
    ("/api/thumbnail", "id"): "thumbnail",
}
"""Where a request carries ids, and where an answer brings new ones."""

OWN = {
    "angular_diameter_distance",
    "author_id",
    "author_name",
    "classification_id",
    "created_at",
    "dm",
    "file_uri",
    "filter_id",
    "filter_ids",
    "groups",
    "id",
    "internal_key",
    "luminosity_distance",
    "modified",
    "name",
    "set_at_utc",
    "set_by_user_id",
    "taxonomy_id",
    "upload_id",
    "voter_id",
}
"""Fields whose values differ from one server to the next, and the distances, which the stand-in does not compute."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One request to a real SkyPortal, and its answer."""

    label: str
    method: str
    path: str
    request: str
    status: int
    response: str

    @property
    def asker(self) -> str:
        """Return who asked."""
        label = self.label.lower().replace("non-admin", "")
        if self.status == 401:
            return next((asker for word, asker in REFUSED.items() if word in label), "nobody")
        return next((asker for word, asker in OTHERS.items() if word in label), "bot")


def records(folder: Path) -> list[Recorded]:
    """Return the records that the stand-in can be asked too: whole ones, of what a client of ours asks."""
    lines = (folder / RECORD).read_text().splitlines()
    rows = [Recorded(**{name: value for name, value in json.loads(line).items() if name != "ms"}) for line in lines]
    begin = next(number for number, row in enumerate(rows) if row.label == FIRST)
    return [
        row
        for row in rows[begin:]
        if not (NOT_SERVED.fullmatch(row.path) or _needs_super_admin(row)) and _is_whole(row)
    ]


def _needs_super_admin(row: Recorded) -> bool:
    return "duplicate_ignore_flux" in row.path and row.status == 200


def _is_whole(row: Recorded) -> bool:
    try:
        json.loads(row.response or "null")
        json.loads("null" if row.status == 500 or not row.request else row.request)
    except ValueError:
        return False
    return True


@dataclass(kw_only=True)
class Replay:
    """The stand-in, and which of its ids are which of the real one's."""

    url: str
    tokens: Mapping[str, str]
    ids: dict[str, dict[int, int]]

    def differences(self, row: Recorded) -> Iterator[str]:
        """Ask once more; return what is different."""
        headers = {"Authorization": f"token {self.tokens[row.asker]}"} if row.asker != "nobody" else {}
        answer = requests.request(
            row.method, self.url + self._path(row.path), data=self._body(row.request), headers=headers, timeout=60
        )
        if answer.status_code != row.status:
            yield f"status {answer.status_code}, not {row.status}: {answer.text[:300]}"
        elif row.response:
            real, mine = json.loads(row.response), answer.json()
            if message(real) != message(mine):
                yield f"message {message(mine)!r}, not {message(real)!r}"
            if plain(real.get("data")) != plain(mine.get("data")):
                yield f"data {plain(mine.get('data'))}, not {plain(real.get('data'))}"
            yield from self._learn(row, real.get("data"), mine.get("data"))

    def _path(self, path: str) -> str:
        for pattern, kind in PATH_KINDS:
            path = pattern.sub(partial(self._renumbered, kind), path)
        return path

    def _renumbered(self, kind: str, found: re.Match[str]) -> str:
        return found[1] + str(self._mine(kind, int(found[2])))

    def _body(self, text: str) -> bytes:
        try:
            return json.dumps(self._translated(json.loads(text))).encode()
        except ValueError:
            return text.encode()

    def _translated(self, body: Any) -> Any:
        if isinstance(body, dict):
            return {
                name: self._mine(BODY_KINDS[name], value) if name in BODY_KINDS else self._translated(value)
                for name, value in body.items()
            }
        return [self._translated(one) for one in body] if isinstance(body, list) else body

    def _mine(self, kind: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._mine(kind, one) for one in value]
        return self.ids[kind].get(value, value) if isinstance(value, int) else value

    def _learn(self, row: Recorded, real: Any, mine: Any) -> Iterator[str]:
        """Note which id is which; the same row must be the same again."""
        for name in real.keys() & mine.keys() if isinstance(real, dict) and isinstance(mine, dict) else ():
            kind = "annotation" if name == "annotation_id" else ANSWER_KINDS.get((row.path.partition("?")[0], name))
            if kind is None:
                continue
            theirs, ours = (one if isinstance(one, list) else [one] for one in (real[name], mine[name]))
            if len(theirs) != len(ours):
                yield f"{len(ours)} ids, not {len(theirs)}"
            for their, our in zip(theirs, ours, strict=False):
                if self.ids[kind].setdefault(their, our) != our:
                    yield f"{kind} {our} where it was {self.ids[kind][their]}"


SQL = re.compile(r"\n\[SQL: .*", re.DOTALL)
VOLATILE = re.compile(
    r"0x[0-9a-f]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|ClassificationVote \{\d+\}|stream IDs: \{\d+\}"
)
FIELDS = re.compile(r"'\w+': \['[^']*'\]")
LONG_LISTS = re.compile(r"(Allowed filters are|Possible values).*", re.DOTALL)


DIGITS = 6
"""In which two libraries agree on where the galactic pole is."""


def message(answer: Mapping[str, Any]) -> str:
    """Return what an error says, without its SQL, its stack, the order of its fields and what is no two times equal."""
    text = LONG_LISTS.sub("", VOLATILE.sub("#", SQL.sub("", str(answer.get("message")))))
    if text.startswith("Traceback"):
        lines = [line for line in text.splitlines() if line and not line.startswith((" ", "Traceback"))]
        return lines[0]
    return FIELDS.sub("#", text) + " ".join(sorted(FIELDS.findall(text)))


def plain(data: Any) -> Any:
    """Return an answer's data without what differs from one server to the next; of ids only that they are there."""
    if isinstance(data, dict):
        return {name: ... if name in OWN else plain(value) for name, value in data.items()}
    if isinstance(data, list):
        return [... if isinstance(one, int) else plain(one) for one in data]
    if isinstance(data, float):
        return f"{data:.{DIGITS}g}"
    return ... if isinstance(data, int) and not isinstance(data, bool) else data
