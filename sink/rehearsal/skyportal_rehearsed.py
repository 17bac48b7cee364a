"""A SkyPortal that answers questions and takes no writes: what a sink would send is heard, and sent nowhere."""

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from sink.delivery import held
from sink.delivery.held import Held
from sink.settings import SinkSettings
from sink.skyportal.client import Request, SkyPortal
from sink.skyportal.questions import NotAnswered, Questions
from sink.skyportal.sender import explain
from sink.skyportal.verdicts import Answer, Verdict, judge

OBJECT = "/api/sources/{id}"
LISTS = ("annotations", "classifications", "thumbnails", "groups")
"""What an object has of which we look at each."""

Heard = Callable[[Request], object]
"""Is told each request, before it is answered."""


class Rehearsal(SkyPortal):
    """Writes are answered as SkyPortal would accept them, and remembered as far as they are read back.

    Numbers that SkyPortal would give a row are negative here. Raises `NotAnswered`, which nothing of a sink's handles:
    a rehearsal ends where a sink would wait. Used by one thread.
    """

    def __init__(self, settings: SinkSettings, heard: Heard) -> None:
        super().__init__(settings)
        self.questions = Questions(settings)
        self._heard = heard
        self._numbers = itertools.count(-1, -1)
        self._created: set[str] = set()
        self._annotations: defaultdict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
        """Those that were written here, by object and number."""

    def renew_token(self) -> bool:
        """Keep the token that the rehearsal has begun with."""
        return False

    def ask(self, request: Request) -> Answer:
        """Answer ``request``: a question as the true SkyPortal does, anything else ourselves."""
        self._heard(request)
        if request.method != "GET":
            return _accepted(self._write(request))
        answer = self.questions.ask(request)
        if request.endpoint_label == OBJECT:
            return self._shown(request, answer)
        if judge(answer) is not Verdict.ACCEPTED:
            raise NotAnswered(explain(request, answer))
        return answer

    def ask_when_sure(self, request: Request, make_sure: Callable[[], None]) -> Answer:
        """Answer ``request``, which goes nowhere."""
        make_sure()
        return self.ask(request)

    def _shown(self, request: Request, answer: Answer) -> Answer:
        """Show what the object would hold by now."""
        obj_id = _object_in(request.path)
        verdict = judge(answer, of_one_object=True)
        if verdict is Verdict.UNKNOWN_OBJECT and obj_id in self._created:
            shown: Mapping[str, Any] = {"id": obj_id} | {name: [] for name in LISTS}
        elif verdict is Verdict.ACCEPTED:
            shown = answer.json["data"]
        else:
            raise NotAnswered(f"{request.endpoint} answers {answer.message}")
        try:
            held.read(Held(), shown, author_id=0, origins=())
        except held.Unreadable as error:
            raise NotAnswered(f"{request.endpoint}: {error}") from error
        written = self._annotations[obj_id]
        rows = [{**row, **written.get(row["id"], {})} for row in shown["annotations"]]
        known = {row["id"] for row in rows}
        rows += [dict(row) for number, row in written.items() if number not in known]
        return _accepted({**shown, "annotations": rows})

    def _write(self, request: Request) -> Mapping[str, Any]:  # noqa: PLR0911  # a table of endpoints
        body = request.body or {}
        match request.label:
            case "POST /api/candidates":
                self._created.add(str(body["id"]))
                return {"ids": [next(self._numbers) for _ in set(body["filter_ids"])]}
            case "PUT /api/photometry":
                return {"ids": [next(self._numbers) for _ in body["mjd"]]}
            case "POST /api/sources/{id}/annotations":
                number = next(self._numbers)
                self._annotate(request, number, {"id": number, "origin": body["origin"]})
                return {"annotation_id": number}
            case "PUT /api/sources/{id}/annotations/{id}":
                self._annotate(request, int(request.path.rpartition("/")[2]), {})
                return {}
            case "POST /api/classification":
                return {"classification_ids": [next(self._numbers) for _ in body["classifications"]]}
            case "POST /api/thumbnail":
                return {"id": next(self._numbers)}
            case _:
                return {}

    def _annotate(self, request: Request, number: int, row: Mapping[str, Any]) -> None:
        body, rows = request.body or {}, self._annotations[_object_in(request.path)]
        groups = [{"id": group} for group in body["group_ids"]]
        rows[number] = {**rows.get(number, {}), **row, "data": body["data"], "groups": groups}


def _object_in(path: str) -> str:
    """Return the object of a path below ``/api/sources``."""
    return unquote(path.partition("?")[0].split("/")[3])


def _accepted(data: Mapping[str, Any]) -> Answer:
    body = {"status": "success", "message": "", "data": data}
    return Answer(status=200, content_type="application/json", text=json.dumps(body))
