"""What ``make fuzz`` does a hundred thousand times, some hundred times; and that it would notice."""

import os
import signal
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fuzz.__main__ import app
from fuzz.campaign import Campaign
from fuzz.draft import Draft
from fuzz.judge import Judge, Outcome, Verdict
from fuzz.messages import message
from fuzz.tally import Fault
from schemas.avro import CODECS

NAMES = [one.name for one in CODECS]


class Faulty:
    """A processor that dies of one message, hangs on another, and says something wrong about a third."""

    CRASHES, HANGS, IS_WRONG = 3, 6, 8

    def __init__(self) -> None:
        self._places = {message(1, number).value: number for number in (self.CRASHES, self.HANGS, self.IS_WRONG)}

    def judge(self, draft: Draft) -> Verdict:
        """Do it."""
        number = self._places.get(draft.value)
        if number == self.CRASHES:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == self.HANGS:
            threading.Event().wait()
        if number == self.IS_WRONG:
            raise KeyError("nobody catches this")
        return Verdict(outcomes=dict.fromkeys(NAMES, Outcome.RECORD), sentences={})


def unable() -> Judge:
    raise OSError("no processor on this machine")


def test_damaged_messages_of_every_kind_become_records_or_dead_letters() -> None:
    tally = Campaign(seed=11, messages=400).run()

    assert [finding for finding in tally.findings if finding.fault is not Fault.DIFFER] == []
    assert tally.messages == 400
    assert all(sum(found.values()) == 400 for found in tally.outcomes.values())
    assert all(min(found.values()) > 0 for found in tally.outcomes.values())


def test_a_message_follows_from_its_seed_and_number() -> None:
    one, again = ([message(3, number) for number in range(60)] for _ in "ab")

    assert [(draft.key, draft.value, draft.story) for draft in one] == [
        (draft.key, draft.value, draft.story) for draft in again
    ]
    assert one != [message(4, number) for number in range(60)]


def test_every_message_is_damaged() -> None:
    drafts = [message(5, number) for number in range(300)]

    assert [draft for draft in drafts if not draft.story] == []
    assert sum((draft.key, draft.value) == (draft.origin.key, draft.origin.value) for draft in drafts) < 15


def test_a_process_that_dies_or_hangs_is_noticed_and_the_others_are_judged_all_the_same() -> None:
    tally = Campaign(seed=1, messages=12, workers=2, make_judge=Faulty, hang_s=15).run()

    assert [(finding.fault, finding.number) for finding in tally.findings] == [
        (Fault.CRASH, Faulty.CRASHES),
        (Fault.HANG, Faulty.HANGS),
        (Fault.WRONG, Faulty.IS_WRONG),
    ]
    assert not tally.is_good
    assert tally.messages == 12
    assert tally.outcomes[NAMES[-1]][Outcome.RECORD] == 9
    assert "messages=12 records=9 " in tally.lines()[-1]
    assert "wrong=1 crashes=1 hangs=1" in tally.lines()[-1]


def test_a_campaign_that_cannot_begin_says_so() -> None:
    with pytest.raises(RuntimeError, match="ended before its first message"):
        Campaign(seed=1, messages=4, make_judge=unable).run()


def test_the_message_that_was_found_can_be_written_to_files(tmp_path: Path) -> None:
    draft = message(1, 2)

    assert CliRunner().invoke(app, ["--number", "2", "--keep", str(tmp_path)]).exit_code == 0
    assert (tmp_path / "1-2.value").read_bytes() == (draft.value or b"")
