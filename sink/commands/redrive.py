"""``python -m sink redrive``."""

from runtime.redrive.box import LetterBox
from runtime.redrive.command import redrive_app
from sink.commands.start import read_consumer_group
from sink.redrive import RejectedRecords


def _open() -> LetterBox:
    settings = read_consumer_group()
    return LetterBox(settings, RejectedRecords(), settings.rejected_topic)


app = redrive_app(
    _open,
    about="List, show and put back dead letters. The sink's are records that SkyPortal did not accept, whole or in "
    "part. They are published again byte for byte, with a header that says so, and any running sink delivers them as "
    "it does others.",
)
