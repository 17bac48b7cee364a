"""What a PromQL expression asks for: the metrics and their labels, without Prometheus' own parser."""

import re

_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_SELECTED = re.compile(r"([A-Za-z_]\w*)\s*\{([^}]*)\}")
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_NAME = re.compile(r"(?<![\w.$])[A-Za-z_]\w*\b(?!\s*\()")
_WORDS = {"and", "or", "unless", "bool", "offset"}


def metrics(expression: str) -> set[str]:
    """Return the names of the metrics that ``expression`` reads."""
    rest = re.sub(r"\{[^}]*\}|\[[^]]*\]", " ", _GROUPING.sub(" ", _TEXT.sub("", expression)))
    return set(_NAME.findall(rest)) - _WORDS


def selected_labels(expression: str) -> set[tuple[str, str]]:
    """Return each metric that ``expression`` selects from, with each label that it selects by."""
    return {
        (metric, label)
        for metric, matchers in _SELECTED.findall(_TEXT.sub("", expression))
        for label in re.findall(r"[A-Za-z_]\w*", matchers)
    }


def grouping_labels(expression: str) -> set[str]:
    """Return the labels that ``expression`` keeps apart or joins by."""
    return {
        label
        for _word, labels in _GROUPING.findall(_TEXT.sub("", expression))
        for label in re.findall(r"[A-Za-z_]\w*", labels)
    }
