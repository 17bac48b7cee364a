"""What the commands say where standard output has no code for some of it."""

import io
import sys

import pytest
import typer

from runtime.checks import ok, tell, wrong
from runtime.output import take_every_text

NOT_IN_LATIN_1 = [ok("token", "is valid"), wrong("filter '☃'", "is not there", "make it")]


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
@pytest.mark.parametrize("machine", [False, True])
def test_a_sign_that_the_output_has_no_code_for_does_not_end_the_command(
    encoding: str,
    machine: bool,  # noqa: FBT001  # a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    take_every_text()

    typer.echo("✓ said by a command")
    with pytest.raises(SystemExit) as ended:
        tell(NOT_IN_LATIN_1, status=1, machine=machine)

    assert ended.value.code == 1
    assert b"said by a command" in written.getvalue()
    assert (b'"state": "wrong"' if machine else b"x filter '?': is not there") in written.getvalue()
