"""What is wrong with ``routes.toml``, in sentences for whoever wrote it."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

LONGEST = 60
"""Characters of a wrong value that are repeated."""

ALLOWED = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "model_type": "must be a table",
    "string_too_short": "must not be empty",
    "string_type": "must be a text in quotes",
    "tuple_type": "must be a list",
}
"""By pydantic's name of the mistake, where its own sentence speaks of Python."""


def sentences(said: Mapping[str, Any], model: type[BaseModel], error: ValidationError) -> list[str]:
    """Return a sentence for each mistake: the place in the file, the topic of the route, and what is allowed."""
    return [
        f"{_dotted(details['loc'])}: {_topic(said, details['loc'])}{_sentence(details, model)}"
        for details in error.errors(include_url=False, include_context=False)
    ]


def _dotted(place: Sequence[int | str]) -> str:
    return ".".join(str(step) for step in place if step != "[key]")


def _topic(said: Mapping[str, Any], place: Sequence[int | str]) -> str:
    """Return which route it is by its topic: whoever reads the file does not count."""
    match place:
        case ["route", int(number), *_]:
            route = said["route"][number]
            topic = route.get("topic") if isinstance(route, dict) else None
            return f"in the route of {topic!r}: " if topic and isinstance(topic, str) else ""
        case _:
            return ""


def _sentence(details: Mapping[str, Any], model: type[BaseModel]) -> str:
    if details["type"] == "extra_forbidden":
        *table, key = details["loc"]
        return _unknown(str(key), sorted(_model_at(model, table).model_fields))
    if details["type"] == "missing":
        return "is missing; it is a topic of Fink's, or a pattern with * for several"
    own = str(details["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    shown = repr(details["input"])
    return f"{ALLOWED.get(details['type'], own)}, not {shown[:LONGEST]}{'...' if len(shown) > LONGEST else ''}"


def _unknown(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"unknown key; did you mean {close[0]}?" if close else f"unknown key; there are {', '.join(known)}"


def _model_at(model: type[BaseModel], place: Sequence[int | str]) -> type[BaseModel]:
    """Return the model that stands in ``model`` at ``place``, which leads through tables and arrays of tables."""
    for step in place:
        if isinstance(step, str):
            model = _only_model(model.model_fields[step].annotation)
    return model


def _only_model(annotation: Any) -> type[BaseModel]:
    while get_origin(annotation) is not None:
        annotation = get_args(annotation)[0]
    found: type[BaseModel] = annotation
    return found
