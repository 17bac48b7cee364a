"""Make what is missing and may be made, and say of each thing what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from sink.provision.asking import Asking, NoAnswer, NotProvisioned
from sink.provision.needs import Needs
from sink.provision.plan import plan
from sink.provision.present import listed_filters, observe
from sink.provision.steps import Creatable, Key, Missing, Step, There
from sink.skyportal.client import Request
from sink.skyportal.verdicts import Answer, Verdict, judge

NOT_TRIED = "not tried, since SkyPortal did not take the request before"


class Outcome(Enum):
    """What a thing is in the end."""

    THERE = "there"
    MADE = "made"
    """Of a dry run: would be."""
    WRONG = "wrong"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What came of one thing, for a person."""

    outcome: Outcome
    text: str
    to_do: tuple[str, ...] = ()


class Provision:
    """One run. May be repeated: what is there is left alone, and where all is there nothing is written.

    Two runs at a time leave one filter of each name: a run that finds an older one beside its own deletes its own.
    """

    def __init__(self, asking: Asking, needs: Needs, *, dry_run: bool) -> None:
        """Write nothing if it is a ``dry_run``: then it is said what would be done."""
        self._asking = asking
        self._needs = needs
        self._dry_run = dry_run
        self._ids: dict[Key, int] = {}
        self._made: dict[Key, int] = {}
        self._gave_up = False

    def lines(self) -> Iterator[Line]:
        """Go through all things in order, and yield what came of each once that is known.

        Raises `NotProvisioned` if SkyPortal cannot be read at the beginning.
        """
        names: dict[Key, str] = {}
        for step in plan(self._needs, observe(self._asking, self._needs.groups)):
            names[step.key] = step.name
            yield self._line(step, names)
        if self._made and not self._gave_up:
            yield from self._seen_again(names)

    def _line(self, step: Step, names: dict[Key, str]) -> Line:
        match step.state:
            case There(id=number):
                return self._there(step, number)
            case Missing(why=why, to_do=to_do):
                return _wrong(step, why, *to_do)
            case Creatable() as new:
                if waited_for := [names[key] for key in new.requires if key not in self._ids]:
                    return _wrong(step, f"waits for {' and '.join(waited_for)}")
                if self._gave_up:
                    return _wrong(step, NOT_TRIED)
                if self._dry_run:
                    self._ids[step.key] = 0
                    return Line(outcome=Outcome.MADE, text=f"{step.name}: would be {new.done}")
                return self._make(step, new)

    def _make(self, step: Step, new: Creatable) -> Line:
        request = new.request(self._ids)
        try:
            if (found := self._found_meanwhile(request)) is not None:
                return self._there(step, found)
            answer = self._asking.send(request)
        except NoAnswer as error:
            return self._given_up(step, str(error), "Run this again in a minute: SkyPortal may yet do it.")
        except NotProvisioned as error:
            return self._given_up(step, str(error))
        if judge(answer) is Verdict.ACCEPTED:
            number = int(answer.json["data"][new.id_field])
            self._ids[step.key] = self._made[step.key] = number
            with_id = f" as {number}" if new.id_field != "stream_id" else ""
            return Line(outcome=Outcome.MADE, text=f"{step.name}: {new.done}{with_id}")
        return self._refused(step, new, request, answer)

    def _found_meanwhile(self, request: Request) -> int | None:
        """Return the filter that ``request`` would make once more; of other things SkyPortal refuses a second one."""
        if request.path != "/api/filters" or request.body is None:
            return None
        wanted = request.body["name"], request.body["group_id"], request.body["stream_id"]
        return listed_filters(self._asking).get(wanted)

    def _refused(self, step: Step, new: Creatable, request: Request, answer: Answer) -> Line:
        try:
            # Unauthorized: an invalid token looks the same. Otherwise somebody may have made it a moment ago.
            now = {one.key: one.state for one in plan(self._needs, observe(self._asking, self._needs.groups))}
        except NotProvisioned as error:
            return self._given_up(step, str(error))
        if isinstance(state := now[step.key], There):
            return self._there(step, state.id)
        if answer.status == 401 and new.permission:  # noqa: PLR2004  # unauthorized
            return _wrong(
                step,
                f"the token lacks the permission {new.permission!r}",
                " ".join(("Give it to the bot's token in SkyPortal", *filter(None, (new.without_permission,)))) + ".",
            )
        return _wrong(step, f"{request.endpoint} answers {answer.message}", *_advice(step, answer))

    def _given_up(self, step: Step, reason: str, then: str = "Run this again when that is mended.") -> Line:
        self._gave_up = True
        return _wrong(step, reason, f"What was made before stays. {then}")

    def _there(self, step: Step, number: int) -> Line:
        self._ids[step.key] = number
        return Line(outcome=Outcome.THERE, text=f"{step.name}: is there, id {number}")

    def _seen_again(self, names: dict[Key, str]) -> Iterator[Line]:
        """See that SkyPortal shows what was made; yield what is wrong with it."""
        try:
            present = observe(self._asking, self._needs.groups)
        except NotProvisioned as error:
            yield Line(outcome=Outcome.WRONG, text=f"what was made could not be looked at again: {error}")
            return
        for step in plan(self._needs, present):
            mine = self._made.get(step.key)
            if mine is None or step.key[0] == "stream":
                continue
            if not isinstance(step.state, There):
                yield _wrong(step, f"was made ({mine}), but SkyPortal does not show it to the bot")
            elif step.key[0] == "filter" and step.state.id < mine:
                yield from self._withdraw(names[step.key], mine)

    def _withdraw(self, name: str, number: int) -> Iterator[Line]:
        """Delete a filter of our own beside which there is an older one: nothing has used it."""
        request = Request(method="DELETE", path=f"/api/filters/{number}")
        try:
            answer = self._asking.send(request)
        except NoAnswer as error:
            reason = str(error)
        else:
            if judge(answer) is Verdict.ACCEPTED:
                yield Line(
                    outcome=Outcome.THERE,
                    text=f"{name}: somebody else made it at the same time; our own ({number}) is deleted again",
                )
                return
            reason = f"{request.endpoint} answers {answer.message}"
        yield Line(
            outcome=Outcome.WRONG,
            text=f"{name}: somebody else made one at the same time; the second ({number}) is still there: {reason}",
            to_do=(f"Delete the filter {number} in SkyPortal; the sink uses the other one.",),
        )


def _wrong(step: Step, why: str, *to_do: str) -> Line:
    return Line(outcome=Outcome.WRONG, text=f"{step.name}: {why}", to_do=to_do)


def _advice(step: Step, answer: Answer) -> tuple[str, ...]:
    if step.key[0] == "access" and answer.status == 403:  # noqa: PLR2004  # forbidden
        sentence = (
            "A group takes a stream that all its members hold. An administrator (permission 'System admin') gives it "
            "to each of them: POST /api/streams/<id>/users. Alerts flow without; who does not hold it sees none."
        )
        return (sentence,)
    if step.key[0] == "taxonomy" and "already present" in answer.message:
        return ("It belongs to groups that the bot is not in: make the bot a member of one of them.",)
    return ()
