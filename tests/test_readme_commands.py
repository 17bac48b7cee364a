"""What the README shows of the commands is what they say."""

import pytest

from support import readme
from support.first_day import first_day

SHOWN = readme.shown()
HELPED = sorted(command for command in SHOWN if command.endswith(readme.HELP))
ANSWERED = sorted(set(SHOWN) - set(HELPED))
COMMANDS = list(readme.commands())


@pytest.mark.parametrize("command", HELPED)
def test_the_help_that_it_shows_is_the_commands(command: str) -> None:
    assert SHOWN[command] == readme.helped(command), "`make readme` writes it anew"


@pytest.mark.parametrize("command", COMMANDS)
def test_it_shows_the_help_of_every_command(command: str) -> None:
    # The processor's and the sink's `redrive` take the same, and are shown once.
    same = command.replace("processor redrive ", "sink redrive ")
    assert command + readme.HELP in SHOWN or (
        same + readme.HELP in SHOWN
        and readme.helped(command + readme.HELP) == SHOWN[same + readme.HELP].replace("-m sink", "-m processor")
    )


def test_the_answers_that_it_shows_are_those_of_a_day(broker: str) -> None:
    answers = first_day(broker)

    assert set(answers) == set(ANSWERED)
    shown, found = ({name: readme.masked(one[name]) for name in ANSWERED} for one in (SHOWN, answers))
    wrong = [f"$ {name}\nshown: {shown[name]}\nfound: {found[name]}" for name in ANSWERED if shown[name] != found[name]]
    assert not wrong, "\n".join(["`make readme` writes it anew", *wrong])


def test_an_answer_that_says_something_else_is_written_anew_and_another_time_is_not() -> None:
    command = "python -m sink status"
    today = "2026-11-21 23:49:38 UTC, accepted 8, newest 10 s ago"
    then = "2026-11-22 03:04:05 UTC, accepted 8, newest 2 min ago"
    block = f"```console\n$ {command}\n{today}\n```"

    assert readme.renewed(block, {command: then}) == block
    assert readme.renewed(block, {command: then.replace("accepted 8", "accepted 7")}) == block.replace(
        today, then.replace("accepted 8", "accepted 7")
    )
