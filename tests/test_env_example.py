"""``.env.example`` is the reference of all settings."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from processor.settings import ProcessorSettings
from runtime.settings import ProcessSettings
from sink.settings import SinkSettings

EXAMPLE = Path(__file__).parents[1] / ".env.example"
ENTRY = re.compile(r"^# (?P<text>[^\n]+)\n(?P<comment># ?)?(?P<name>[A-Z_]+)=(?P<value>.*)$", re.MULTILINE)

ENTRIES = {entry["name"]: entry for entry in ENTRY.finditer(EXAMPLE.read_text())}
FIELDS = {
    name.upper(): field
    for settings in (ProcessSettings, ProcessorSettings, SinkSettings)
    for name, field in settings.model_fields.items()
}


def test_it_lists_every_variable_and_no_other() -> None:
    assert set(ENTRIES) == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_it_says_what_the_code_says(name: str) -> None:
    assert ENTRIES[name]["text"] == FIELDS[name].description


@pytest.mark.parametrize("name", FIELDS)
def test_what_has_a_default_is_commented_out_with_it(name: str) -> None:
    default = FIELDS[name].default
    if FIELDS[name].is_required():
        assert ENTRIES[name]["comment"] is None
        return
    assert default is not PydanticUndefined
    assert ENTRIES[name]["comment"] is not None
    shown = default.get_secret_value() if isinstance(default, SecretStr) else default
    shown = ",".join(shown) if isinstance(shown, tuple) else shown
    assert ENTRIES[name]["value"] == ("" if shown is None else str(shown))
