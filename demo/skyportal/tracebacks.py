"""Errors of the database as SkyPortal passes them on: raw, and for photometry inside a Python traceback."""

from collections.abc import Collection
from dataclasses import dataclass

HANDLER_FILE = "/skyportal/skyportal/handlers/api/photometry.py"


@dataclass(frozen=True, kw_only=True)
class DatabaseError:
    """An exception of psycopg, as sqlalchemy words it."""

    name: str
    text: str
    code: str
    """The page of sqlalchemy's error messages that the text ends with."""
    statement: str = ""

    def __str__(self) -> str:
        sql = f"\n[SQL: {self.statement}]" if self.statement else ""
        return f"(psycopg.{self.name}) {self.text}{sql}\n(Background on this error at: https://sqlalche.me/e/20/{self.code})"


DEADLOCK = DatabaseError(
    name="errors.DeadlockDetected",
    text=(
        "deadlock detected\n"
        "DETAIL:  Process 4242 waits for ShareLock on transaction 7001; blocked by process 4243.\n"
        "Process 4243 waits for ShareLock on transaction 7002; blocked by process 4242.\n"
        "HINT:  See server log for query details.\n"
        'CONTEXT:  while locking tuple (0,1) in relation "photstats"'
    ),
    code="e3q8",
    statement="SELECT photstats.obj_id FROM photstats WHERE photstats.obj_id = %(obj_id_1)s::VARCHAR FOR UPDATE",
)
READ_ONLY = DatabaseError(
    name="errors.ReadOnlySqlTransaction",
    text="cannot execute INSERT in a read-only transaction",
    code="2j85",
)
CARDINALITY = DatabaseError(
    name="errors.CardinalityViolation",
    text=(
        "ON CONFLICT DO UPDATE command cannot affect row a second time\n"
        "HINT:  Ensure that no rows proposed for insertion within the same command have duplicate constrained values."
    ),
    code="f405",
    statement="INSERT INTO photometry (...) VALUES (...) ON CONFLICT (...) DO UPDATE SET ... RETURNING photometry.id",
)
SERVER_CLOSED = (
    "consuming input failed: server closed the connection unexpectedly\n"
    "\tThis probably means the server terminated abnormally\n\tbefore or while processing the request."
)
CONNECTION_ENDS = (
    ("OperationalError", SERVER_CLOSED),
    ("errors.AdminShutdown", "terminating connection due to administrator command"),
)
CONNECTION_STATEMENTS = (
    "",
    "SELECT acls.id \nFROM acls LEFT OUTER JOIN ...",
    "SAVEPOINT sa_savepoint_2",
    "INSERT INTO ... VALUES ... RETURNING ...",
    "RELEASE SAVEPOINT sa_savepoint_2",
)


LINKS = (
    "INSERT INTO {table}_photometry (photometr_id, {table}_id, modified, created_at) "
    "VALUES {values} ON CONFLICT DO NOTHING"
)


def connection_lost(number: int) -> DatabaseError:
    """Return the ``number``-th of the ways in which a lost connection was seen to be worded."""
    name, text = CONNECTION_ENDS[number % len(CONNECTION_ENDS)]
    statement = CONNECTION_STATEMENTS[number % len(CONNECTION_STATEMENTS)]
    return DatabaseError(name=name, text=text, code="e3q8", statement=statement)


def too_many_parameters(table: str, rows: int, links: Collection[int]) -> DatabaseError:
    """Return the error of too long a statement: it repeats the statement, megabytes that a client must bear."""
    values = ", ".join(
        f"(%(photometr_id_m{row})s::INTEGER, %({table}_id_m{row})s::INTEGER, "
        f"%(modified_m{row})s::TIMESTAMP WITHOUT TIME ZONE, %(created_at_m{row})s::TIMESTAMP WITHOUT TIME ZONE)"
        for row in range(rows * len(links))
    )
    return DatabaseError(
        name="OperationalError",
        text="sending query and params failed: number of parameters must be between 0 and 65535",
        code="e3q8",
        statement=LINKS.format(table=table, values=values),
    )


def photometry(error: DatabaseError, method: str) -> str:
    """Wrap a database error as the photometry endpoints do: the driver's traceback, then sqlalchemy's."""
    return (
        "Traceback (most recent call last):\n"
        '  File "/venv/sqlalchemy/engine/base.py", line 1967, in _exec_single_context\n'
        "    self.dialect.do_execute(\n"
        f"psycopg.{error.name}: {error.text}\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        + _in_handler(method)
        + f"sqlalchemy.exc.{_sqlalchemy_class(error)}: {error}\n"
    )


def invalid_photometry(exception: str, method: str) -> str:
    """Wrap an exception of the photometry endpoints' own."""
    return "Traceback (most recent call last):\n" + _in_handler(method, head="") + exception + "\n"


def _in_handler(method: str, head: str = "Traceback (most recent call last):\n") -> str:
    line = 2109 if method == "PUT" else 1854
    return (
        f'{head}  File "{HANDLER_FILE}", line {line}, in {method.lower()}\n'
        "    ids, upload_id = await insert_new_photometry_data(\n"
    )


def _sqlalchemy_class(error: DatabaseError) -> str:
    classes = {"errors.CardinalityViolation": "ProgrammingError", "errors.InvalidTextRepresentation": "DataError"}
    return classes.get(error.name, "OperationalError")
