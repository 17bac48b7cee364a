"""How findings are shown to a person and to a program."""

import json
from collections.abc import Iterator

from runtime.checks import Finding, as_json, collected, exit_status, ok, rendered, unchecked, warning, wrong

FINDINGS = [
    ok("settings", "complete"),
    warning("disk", "full in 3.0 days at this rate, though alerts are to be kept for 14", "make the disk larger"),
    wrong("token", "SkyPortal does not take it (401 HTTP 401: Unauthorized)", "make a new one"),
    unchecked("routes", "SkyPortal answers nothing to the token"),
]


def test_each_finding_has_its_mark_and_what_to_do() -> None:
    lines = rendered(FINDINGS, columns=100).splitlines()

    assert lines == [
        "✓ settings: complete",
        "! disk: full in 3.0 days at this rate, though alerts are to be kept for 14",
        "  → make the disk larger",
        "✗ token: SkyPortal does not take it (401 HTTP 401: Unauthorized)",
        "  → make a new one",
        "- routes: not checked: SkyPortal answers nothing to the token",
        "",
        "1 in order, 1 warning, 1 wrong, 1 not checked",
    ]


def test_lines_are_not_wider_than_asked_and_keep_what_is_to_be_copied_whole() -> None:
    address = "https://skyportal.example.org/a/long/path"

    lines = rendered([wrong("token", "x " * 60, f"open {address} and " + "y " * 60)], columns=60).splitlines()

    assert max(map(len, lines)) <= 60
    assert any(address in line for line in lines)


def test_only_a_cross_makes_the_status_one() -> None:
    assert exit_status(FINDINGS) == 1
    assert exit_status([one for one in FINDINGS if one.state != "wrong"]) == 0


def test_a_program_gets_one_document() -> None:
    document = json.loads(as_json(FINDINGS, status=1))

    assert document["exit_status"] == 1
    assert [one["state"] for one in document["findings"]] == ["ok", "warning", "wrong", "unchecked"]
    assert document["findings"][2]["to_do"] == "make a new one"


def test_a_check_that_fails_is_a_cross_and_keeps_what_it_had_found() -> None:
    def broken() -> Iterator[Finding]:
        yield ok("first", "fine")
        raise ZeroDivisionError("division by zero")

    first, second = collected("second", broken)

    assert (first.name, first.state) == ("first", "ok")
    assert (second.name, second.state) == ("second", "wrong")
    assert "ZeroDivisionError: division by zero" in second.text
