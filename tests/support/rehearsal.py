"""A dry run in this process, and what it says."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.skyportal.process import SkyPortal
from runtime.settings import load
from sink.rehearsal.dry_run import DryRun
from sink.routing.routes import read
from sink.settings import OWN_PREFIXES, SinkSettings
from support.sink import environment


@dataclass(frozen=True, kw_only=True)
class Said:
    """The requests that a dry run has printed, the other lines, and the dry run."""

    requests: list[str]
    remarks: list[str]
    trial: DryRun

    def bodies(self, method: str, path: str) -> list[dict[str, object]]:
        """Return the bodies of the requests whose path begins so."""
        return [json.loads(line.split(" ", 2)[2]) for line in self.requests if line.startswith(f"{method} {path}")]


def sink_settings(broker: str, topic: str, skyportal: SkyPortal, **changes: str) -> SinkSettings:
    """Return the settings of a sink of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(broker, topic, skyportal, **changes).items():
            patch.setenv(name, value)
        return load(SinkSettings, own_prefixes=OWN_PREFIXES)


def rehearse(settings: SinkSettings, *, routes: Path | None = None, limit: int = 1000, full: bool = False) -> Said:
    """Run a dry run to its end."""
    lines: list[str] = []
    trial = DryRun(settings, read(routes), say=lines.append, full=full)
    trial.run(limit)
    requests = [line for line in lines if line.split(" ")[0].isupper()]
    return Said(requests=requests, remarks=[line for line in lines if line not in requests], trial=trial)
