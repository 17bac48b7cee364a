"""What SkyPortal looks at in a classification that is posted."""

from collections.abc import Iterator

from demo.skyportal.envelope import Refusal

TRUE = (True, "True", "t", "true")
FALSE = (False, "False", "f", "false")


def flag(value: object) -> bool:
    """Return what a client means by ``ml``."""
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise Refusal(
        400,
        f"If provided, ml must be one of True, False, 'True', 'False', 't', 'f', 'true', 'false' (got {value})",
    )


def class_names(hierarchy: object) -> Iterator[str]:
    """Return all classes of a taxonomy, its root included."""
    if isinstance(hierarchy, dict):
        if "class" in hierarchy:
            yield hierarchy["class"]
        for below in hierarchy.get("subclasses", ()):
            yield from class_names(below)


def in_range(probability: object) -> float | None:
    """Return the probability unless it is too small or too large, which NaN is not."""
    if probability is None:
        return None
    if not isinstance(probability, int | float):
        raise Refusal(400, f"'<' not supported between instances of '{type(probability).__name__}' and 'int'")
    if probability < 0 or probability > 1:
        raise Refusal(400, f"That probability ({probability}) is outside the allowable range (0-1).")
    return probability
