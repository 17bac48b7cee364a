"""``python -m processor redrive``."""

from typing import TYPE_CHECKING

from processor.commands.start import read_settings
from runtime import log as logs
from runtime.redrive.command import redrive_app

if TYPE_CHECKING:
    from runtime.redrive.box import LetterBox


def _open() -> "LetterBox":
    settings = read_settings()
    # They bring confluent_kafka and fink_client, which `convert` and `plot` work without.
    from processor.redrive import UndecodableMessages  # noqa: PLC0415
    from runtime.redrive.box import LetterBox  # noqa: PLC0415

    logs.configure(settings.processor_log_level)
    return LetterBox(settings, UndecodableMessages(settings), settings.undecodable_topic)


app = redrive_app(
    _open,
    about="List, show and put back dead letters. The processor's are messages of Fink's that could become no record. "
    "They are converted again, as this version and these settings (FINK_SURVEY, PROCESSOR_ANNOTATIONS) convert, and "
    "what becomes a record is published; what does not, or is of another survey, stays. Fink is not asked.",
)
