"""Standard output, wherever it leads."""

import codecs
import io
import sys

INSTEAD = {"✓": "v", "✗": "x", "→": "->", "…": "..."}
"""What stands for our own signs where there is no code for them; for any other one a question mark."""


def take_every_text() -> None:
    """Let a sign that standard output has no code for be another one there, and not the end of the command."""
    codecs.register_error("instead", _instead)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="instead")


def _instead(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(INSTEAD.get(sign, "?") for sign in error.object[error.start : error.end]), error.end
