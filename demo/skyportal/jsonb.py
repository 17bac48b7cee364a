"""What PostgreSQL makes of JSON: which text it refuses, and the order in which it keeps keys."""

import json
import re

from demo.skyportal.tracebacks import DatabaseError

NOT_JSON = re.compile(r"-?(NaN|Infinity)")
SHOWN = 20
"""Characters of the document that PostgreSQL's message shows."""


def stored(value: object, statement: str) -> object:
    """Return the document as it is read back; raise DatabaseError's text in a Refused if PostgreSQL refuses it."""
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        raise Refused(_not_a_token(json.dumps(value), statement)) from None
    if "\\u0000" in text.replace("\\\\", ""):
        raise Refused(_nul(text, statement))
    return _sorted(value)


class Refused(Exception):
    """PostgreSQL does not take the document."""

    def __init__(self, error: DatabaseError) -> None:
        super().__init__(str(error))
        self.error = error


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return {key: _sorted(value[key]) for key in keys}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def _not_a_token(text: str, statement: str) -> DatabaseError:
    found = NOT_JSON.search(text)
    token, end = (found.group(), found.end()) if found else ("NaN", 0)
    return DatabaseError(
        name="errors.InvalidTextRepresentation",
        text=(
            f'invalid input syntax for type json\nDETAIL:  Token "{token}" is invalid.\n'
            f"CONTEXT:  JSON data, line 1: {text[max(0, end - SHOWN) : end]}...\nunnamed portal parameter $2 = '...'"
        ),
        code="9h9h",
        statement=statement,
    )


def _nul(text: str, statement: str) -> DatabaseError:
    end = text.index("\\u0000") + len("\\u0000")
    return DatabaseError(
        name="errors.UntranslatableCharacter",
        text=(
            "unsupported Unicode escape sequence\nDETAIL:  \\u0000 cannot be converted to text.\n"
            f"CONTEXT:  JSON data, line 1: {text[max(0, end - SHOWN) : end]}...\nunnamed portal parameter $2 = '...'"
        ),
        code="9h9h",
        statement=statement,
    )
