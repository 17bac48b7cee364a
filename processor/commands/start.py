"""What every command begins and ends with."""

import os
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from processor.settings import ProcessorSettings

WRONG_SETTINGS = 2
"""Exit status."""


def read_settings() -> "ProcessorSettings":
    """Return what the environment says; ends the process if that is wrong. Needs fink-client."""
    if not os.environ.get("HOME"):
        end("HOME: not set; fink-client looks there for its credentials file", WRONG_SETTINGS)
    from processor import service  # noqa: PLC0415  # brings fink_client, which `convert` and `plot` work without

    try:
        return service.load_settings()
    except service.SettingsError as error:
        end(str(error), WRONG_SETTINGS)


def end(text: str, status: int = 1) -> NoReturn:
    """Say each line of ``text`` on standard error, and end the process."""
    for line in text.splitlines():
        sys.stderr.write(f"{line}\n")
    sys.exit(status)
