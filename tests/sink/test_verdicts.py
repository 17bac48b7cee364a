"""What SkyPortal's answers mean, in the words in which it was seen to give them."""

import json
from pathlib import Path

import pytest

from sink.skyportal.verdicts import Answer, Verdict, judge

ACCEPTED, OUTAGE, REJECTED, ROUTE = Verdict.ACCEPTED, Verdict.OUTAGE, Verdict.REJECTED, Verdict.ROUTE
SPLIT, MISCONFIGURED, THROTTLED = Verdict.SPLIT, Verdict.MISCONFIGURED, Verdict.THROTTLED
UNKNOWN_OBJECT, CHANGED = Verdict.UNKNOWN_OBJECT, Verdict.CHANGED
UNIQUE = '{}(psycopg.errors.UniqueViolation) duplicate key value violates unique constraint "{}"\nDETAIL:  Key'

FRAMES = (
    "Traceback (most recent call last):\n"
    '  File "/venv/sqlalchemy/engine/base.py", line 1967, in _exec_single_context\n'
    "    self.dialect.do_execute(\n"
    "    ^^^^^^^^^^^^^^^^^^^^^^^^\n"
)


def said(status: int, message: str) -> Answer:
    """Return SkyPortal's own error envelope."""
    body = {"status": "error", "message": message, "data": {}, "version": "1.4.0"}
    return Answer(status=status, content_type="application/json; charset=UTF-8", text=json.dumps(body))


def page(status: int, text: str = "") -> Answer:
    """Return what something in front of SkyPortal says."""
    html = text or f"<html>\r\n<head><title>{status}</title></head>\r\n<body></body>\r\n</html>"
    return Answer(status=status, content_type="text/html", text=html)


def given(data: object, status: int = 200) -> Answer:
    """Return SkyPortal's own success envelope."""
    body = {"status": "success", "data": data, "version": "1.4.0"}
    return Answer(status=status, content_type="application/json", text=json.dumps(body))


def traceback(cause: str) -> str:
    """Return a message as the photometry endpoint gives it: the driver's traceback, then another one."""
    return (
        FRAMES + cause + "\n\nThe above exception was the direct cause of the following exception:\n\n" + FRAMES + cause
    )


BY_STATUS = [
    pytest.param(given({"ids": [1]}), ACCEPTED, id="a candidate"),
    pytest.param(given([]), ACCEPTED, id="an empty list"),
    pytest.param(page(200, "<html>SkyPortal is coming up</html>"), OUTAGE, id="200 with a page"),
    pytest.param(
        Answer(status=200, content_type="application/json", text='{"status": "succ'), OUTAGE, id="200 cut off"
    ),
    pytest.param(Answer(status=200, content_type="application/json", text="[]"), OUTAGE, id="200 with a list"),
    pytest.param(
        Answer(status=200, content_type="application/json", text='{"status": "success"}'), OUTAGE, id="200 without data"
    ),
    pytest.param(said(400, "Invalid API endpoint"), MISCONFIGURED, id="an address with /api at its end"),
    pytest.param(Answer(status=200, content_type="", text=""), OUTAGE, id="200 with nothing"),
    pytest.param(said(200, "odd"), OUTAGE, id="200 with an error envelope"),
    pytest.param(page(301), MISCONFIGURED, id="moved"),
    pytest.param(page(302), MISCONFIGURED, id="a login page"),
    pytest.param(page(308), MISCONFIGURED, id="http instead of https"),
    pytest.param(page(429), THROTTLED, id="nginx's rate limit"),
    pytest.param(page(413), SPLIT, id="nginx's size limit"),
    pytest.param(page(408), OUTAGE, id="request timeout"),
    pytest.param(page(502), OUTAGE, id="application killed"),
    pytest.param(page(503), OUTAGE, id="a proxy's 503"),
    pytest.param(page(504), OUTAGE, id="application hung"),
    pytest.param(
        page(405, "<html><title>405: Method Not Allowed</title>"), OUTAGE, id="application restarting, a write"
    ),
    pytest.param(said(503, "System provisioning"), OUTAGE, id="application restarting, a GET"),
    pytest.param(said(405, "HTTP 405: Method Not Allowed"), MISCONFIGURED, id="no such endpoint"),
    pytest.param(page(400), OUTAGE, id="a proxy's 400"),
    pytest.param(Answer(status=400, content_type="", text=""), OUTAGE, id="an empty 400"),
    pytest.param(page(404), OUTAGE, id="a proxy's 404"),
    pytest.param(page(500), OUTAGE, id="a proxy's 500"),
    pytest.param(Answer(status=503, content_type="", text=""), OUTAGE, id="HEAD while the database is down"),
]

SET_UP = [
    (401, "HTTP 401: Unauthorized", MISCONFIGURED),
    (401, 'HTTP 401: Unauthorized (Credentials malformed; expected form "Authorization: token abc123")', MISCONFIGURED),
    (403, "User account expired", MISCONFIGURED),
    (400, "At least one valid filter ID must be provided.", ROUTE),
    (400, "Invalid instrument ID: 9999", ROUTE),
    (400, "Invalid group IDs: {9999}. Please check", ROUTE),
    (400, "Invalid stream IDs: {9}", ROUTE),
    (400, "Failed to post source: Cannot find group_id 8. Please remove and try again.", ROUTE),
    (400, "Cannot find one or more groups with IDs: [9999].", ROUTE),
    (400, "Error posting classification: Cannot find a taxonomy with ID: 9999.", ROUTE),
    (400, 'Error posting classification: Insufficient permissions for operation "Token *** create Vote {6}".', ROUTE),
    (400, 'Insufficient permissions for operation "Token *** create Filter {7}".', ROUTE),
    (400, traceback("ValidationError: Instrument ZTF has no filter lsstg."), ROUTE),
    (400, "Filter(s) {np.str_('nofilter')} is not allowed for instrument 1", ROUTE),
]

AWAY = [
    "(psycopg.OperationalError) consuming input failed: server closed the connection unexpectedly\n\tThis probably",
    "(psycopg.errors.AdminShutdown) terminating connection due to administrator command",
    "(psycopg.errors.CrashShutdown) terminating connection because of crash of another server process",
    "(psycopg.errors.CannotConnectNow) the database system is starting up",
    "(psycopg.OperationalError) connection failed: Connection refused",
    "(psycopg.OperationalError) the connection is lost",
    "the connection is closed",
    "FATAL: sorry, too many clients already",
    "FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute",
    "QueuePool limit of size 10 overflow 15 reached, connection timed out, timeout 30.00",
    "(psycopg.errors.DeadlockDetected) deadlock detected",
    "(psycopg.errors.SerializationFailure) could not serialize access due to concurrent update",
    "(psycopg.errors.LockNotAvailable) canceling statement due to lock timeout",
    "(psycopg.errors.QueryCanceled) canceling statement due to statement timeout",
    "(psycopg.errors.ReadOnlySqlTransaction) cannot execute INSERT in a read-only transaction",
    "(psycopg.errors.DiskFull) could not extend file: No space left on device",
    "This Session's transaction has been rolled back (sqlalchemy.exc.PendingRollbackError)",
    "(psycopg.InterfaceError) cursor already closed",
    "Error standardizing photometry data: <urlopen error [Errno 111] Connection refused>.",
    "Thumbnail failed to post: StatementError.__init__() missing 3 required positional arguments",
]

DATA = [
    (400, "Missing required parameter: `id`.", REJECTED),
    (400, "Missing required filter_ids parameter.", REJECTED),
    (
        400,
        "Invalid/missing parameters: {'ra': ['Special numeric values (nan or infinity) are not permitted.']}",
        REJECTED,
    ),
    (400, "Invalid passedAt value: Could not match input 'garbage' to any of the following formats", REJECTED),
    (500, "'CompositeUnit' object has no attribute 'to_value'", REJECTED),
    (500, "(psycopg.errors.UndefinedFunction) operator does not exist: integer = character varying", REJECTED),
    (500, "(psycopg.errors.InvalidTextRepresentation) invalid input syntax for type bigint", REJECTED),
    (500, "(psycopg.errors.NumericValueOutOfRange) bigint out of range", REJECTED),
    (500, "(psycopg.errors.UntranslatableCharacter) unsupported Unicode escape sequence", REJECTED),
    (500, "JSON decode of request body failed on /api/candidates. Please ensure", REJECTED),
    (500, "something nobody has seen before", REJECTED),
    (400, traceback("ValueError: could not convert string to float: 'abc'"), REJECTED),
    (400, traceback("ValidationError: fluxerr must be positive"), REJECTED),
    (404, "HTTP 404: Not Found", REJECTED),
    (400, "Invalid object ID: NOPE", UNKNOWN_OBJECT),
    (404, "Obj NOPE not found", UNKNOWN_OBJECT),
    (404, "Source not found", UNKNOWN_OBJECT),
    (400, "RA must not be null for a new Obj", UNKNOWN_OBJECT),
    (400, "Failed to post source: RA/Declination must not be null for a new Obj", UNKNOWN_OBJECT),
    (400, "Error posting classification: Cannot find object with ID NOPE.", UNKNOWN_OBJECT),
    (400, "Thumbnail failed to post: Invalid obj_id: NOPE", UNKNOWN_OBJECT),
    (400, UNIQUE.format("Annotation already exists: ", "annotations_obj_id_origin_key"), CHANGED),
    (400, UNIQUE.format("Failed to post source: ", "objs_pkey"), CHANGED),
    (403, "Could not find any accessible annotations.", CHANGED),
    (400, "Annotation resource ID does not match resource ID given in path (OTHER)", CHANGED),
    (400, "Cannot find a classification with ID: 1.", CHANGED),
    (400, "Error posting classification: That classification (Nope) is not in the allowed classes for the", REJECTED),
    (400, "Error posting classification: That probability (1.5) is outside the allowable range (0-1).", REJECTED),
    (
        400,
        "Thumbnail failed to post: Invalid thumbnail size. Only thumbnails between (16, 16) and (500, 500)",
        REJECTED,
    ),
    (400, "Thumbnail failed to post: Incorrect padding", REJECTED),
    (500, "AnnotationHandler.put() missing 1 required positional argument: 'annotation_id'", REJECTED),
    (400, traceback("CardinalityViolation: ON CONFLICT DO UPDATE command cannot affect row a second time"), SPLIT),
    (400, "Maximum number of photometry rows to post exceeded: 10001 > 10000. Please break up the data", SPLIT),
    (400, traceback("OperationalError: number of parameters must be between 0 and 65535"), SPLIT),
]


@pytest.mark.parametrize(("answer", "verdict"), BY_STATUS)
def test_a_status_says_what_it_can(answer: Answer, verdict: Verdict) -> None:
    assert judge(answer) is verdict


@pytest.mark.parametrize(("status", "message", "verdict"), SET_UP)
def test_a_mistake_in_the_set_up_is_nobodys_bad_data(status: int, message: str, verdict: Verdict) -> None:
    assert judge(said(status, message)) is verdict


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("message", AWAY)
def test_a_database_that_is_away_is_an_outage_whatever_the_status(status: int, message: str) -> None:
    assert judge(said(status, message)) is OUTAGE
    assert judge(said(status, traceback(message))) is OUTAGE
    assert judge(said(status, message.upper())) is OUTAGE


@pytest.mark.parametrize(("status", "message", "verdict"), DATA)
def test_what_is_wrong_with_the_data_is_told_apart(status: int, message: str, verdict: Verdict) -> None:
    assert judge(said(status, message)) is verdict


def test_an_error_of_three_megabytes_is_read_to_its_end() -> None:
    rows = ", ".join(f"'mjd_{number}': 61121.4631019" for number in range(110_000))
    cause = f"OperationalError: number of parameters must be between 0 and 65535\n[parameters: {{{rows}}}]"

    assert judge(said(400, traceback(cause))) is SPLIT


def test_no_failure_that_a_database_fault_has_caused_is_taken_for_bad_data(samples: Path) -> None:
    failures = [json.loads(line) for line in (samples / "skyportal_faults.jsonl").read_text().splitlines()]
    assert len(failures) > 50

    for failure in failures:
        kind = "application/json" if failure["response"].startswith("{") else "text/html"
        answer = Answer(status=failure["status"], content_type=kind, text=failure["response"])
        assert judge(answer) is OUTAGE, failure


ENDPOINTS = ("/api/candidates", "/api/photometry", "/api/sources")
OBSERVED = {
    "unknown field": REJECTED,
    "inline photometry on new obj": REJECTED,
    "unknown filter only": ROUTE,
    "empty filter_ids": ROUTE,
    "filter_ids strings": REJECTED,
    "missing ra new obj": UNKNOWN_OBJECT,
    "bad passed_at": REJECTED,
    "passing_alert_id = 2^63 overflow": REJECTED,
    "malformed JSON": REJECTED,
    "bogus token": MISCONFIGURED,
    "no ACL": MISCONFIGURED,
    "outsider: filter not accessible": ROUTE,
    "group not member": ROUTE,
    "PUT 10001 rows": SPLIT,
    "instrument string": REJECTED,
    "POST /api/photometry/bulk": MISCONFIGURED,
    "magsys bogus": REJECTED,
}


@pytest.mark.parametrize(("label", "verdict"), OBSERVED.items())
def test_an_answer_of_the_real_skyportal_is_judged_as_its_table_says(
    label: str, verdict: Verdict, samples: Path
) -> None:
    rows = [json.loads(line) for line in (samples / "skyportal_observed.jsonl").read_text().splitlines()]
    answers = [
        Answer(status=row["status"], content_type="application/json", text=row["response"])
        for row in rows
        if row["label"] == label and row["status"] != 200 and row["path"].startswith(ENDPOINTS)
    ]

    assert answers
    assert {judge(answer) for answer in answers} == {verdict}


def test_the_message_of_an_answer_is_its_cause_in_one_line() -> None:
    cause = (
        "sqlalchemy.exc.DataError: (psycopg.errors.NumericValueOutOfRange) bigint out of range\n"
        "[SQL: INSERT INTO candidates ...]\n[parameters: {'id': 7}]\n(Background on this error at: https://sqlalche.me)"
    )

    assert said(400, traceback(cause)).message == f"400 {cause.splitlines()[0]}"
    assert said(500, "Rejected.").message == "500 Rejected."
    assert page(502, "<html>\r\n<title>502 Bad Gateway</title>\r\n</html>").message == (
        "502 <html> <title>502 Bad Gateway</title> </html>"
    )
    assert Answer(status=503, content_type="", text="").message == "503"


def test_the_same_mistake_gives_the_same_message_whatever_the_statement_carries() -> None:
    first, second = (
        said(500, f"(psycopg.errors.NotNullViolation) null value in column\nDETAIL: Failing row contains ({number}).")
        for number in (7, 8)
    )

    assert first.message == second.message


def test_the_same_mistake_has_the_same_wording_whatever_its_numbers() -> None:
    first = said(400, "Row 17 of 0d3c2b1a-aaaa-bbbb-cccc-123456789abc failed at 12:01:59.5")
    second = said(400, "Row 4 of 99999999-aaaa-bbbb-cccc-123456789abd failed at 12:02:07.1")

    assert first.wording == second.wording
    assert first.wording != said(400, "Column 4 failed").wording


def test_a_path_that_skyportal_does_not_know_is_the_matter_of_the_object_whose_name_stands_in_it() -> None:
    answer = said(405, "HTTP 405: Method Not Allowed")

    assert judge(answer) is MISCONFIGURED
    assert judge(answer, of_one_object=True) is REJECTED
    assert judge(page(405), of_one_object=True) is OUTAGE
