"""``python -m sink redrive``."""

from runtime import log as logs
from runtime.redrive.box import LetterBox
from runtime.redrive.command import redrive_app
from runtime.settings import SettingsError, load
from sink.commands.start import WRONG_SETTINGS, end
from sink.redrive import RejectedRecords
from sink.settings import OWN_PREFIXES, SinkSettings


def _open() -> LetterBox:
    try:
        settings = load(SinkSettings, own_prefixes=OWN_PREFIXES)
    except SettingsError as error:
        end(str(error), WRONG_SETTINGS)
    logs.configure(settings.sink_log_level)
    return LetterBox(settings, RejectedRecords(), settings.rejected_topic)


app = redrive_app(
    _open,
    about="List, show and put back dead letters. The sink's are records that SkyPortal did not accept, whole or in "
    "part. They are published again byte for byte, with a header that says so, and any running sink delivers them as "
    "it does others.",
)
