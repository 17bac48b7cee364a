"""The alerts that are measured with, as messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from demo.fink import encode
from demo.fink.samples import Case, typical
from processor.convert import FinkSurvey, MoreAnnotations

SURVEYS: dict[Case, FinkSurvey] = {
    "ztf": FinkSurvey.ZTF,
    "lsst_long": FinkSurvey.LSST,
    "lsst_short": FinkSurvey.LSST,
}
"""The cases, and whose alerts they are. ``lsst_long`` is from a deep drilling field, ``lsst_short`` without history."""

ALL_ANNOTATIONS = MoreAnnotations(["lc_features*", "mpc_orbits.mpc_orb_jsonb"])
"""Whatever Fink adds, beyond what is annotated without being asked for."""

DISTINCT = 20
"""So many different alerts stand for thousands."""

_SEED = 1
_REAL: dict[Case, str] = {
    "ztf": "live_value_ztf_sn.bin",
    "lsst_long": "live_value_lsst_static_ddf.bin",
    "lsst_short": "live_value_lsst_sso.bin",  # a solar-system alert has no history
}


@dataclass(frozen=True)
class FinkMessage:
    """A message as a consumer hands it out, as far as fink-client looks at it."""

    _key: bytes
    _value: bytes

    def error(self) -> None:
        """Say that it is no error."""

    def topic(self) -> str:
        """Return the topic."""
        return "fink_benchmark"

    def key(self) -> bytes:
        """Return the schema."""
        return self._key

    def value(self) -> bytes:
        """Return the alert."""
        return self._value


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Messages of one case."""

    case: Case
    survey: FinkSurvey
    alerts: str
    """``made-up`` or ``real``."""
    messages: tuple[FinkMessage, ...]

    def repeated(self, count: int) -> Iterator[FinkMessage]:
        """Yield so many messages: these, again and again."""
        return islice(cycle(self.messages), count)


def made_up(case: Case, *, alerts: int = DISTINCT) -> Sample:
    """Return so many alerts in the shape of real ones, always the same."""
    messages = tuple(FinkMessage(*encode(alert)) for alert in typical(case, seed=_SEED, alerts=alerts))
    return Sample(case=case, survey=SURVEYS[case], alerts="made-up", messages=messages)


def real(case: Case, folder: Path) -> Sample:
    """Return the message of Fink's that is in ``folder``, with its key."""
    survey = SURVEYS[case]
    (key,) = folder.glob(f"live_key_{survey}_*.json")
    message = FinkMessage(key.read_bytes(), (folder / _REAL[case]).read_bytes())
    return Sample(case=case, survey=survey, alerts="real", messages=(message,))
