"""Annotations, the most telling first: what it is, then how sure that is, then how it was seen."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from demo.skyportal.state import Annotation

TELLING = tuple(
    re.compile(pattern)
    for pattern in (
        r"fink_filters\.class|fink_class",
        r"triggerId|event|observatory",
        r"tns|xm\.tns_fullname",
        r"xm\.tns_(type|redshift)",
        r"mpc_orbits\.designation|candidate\.ssnamenr",
        r"cdsxmatch|xm\.simbad_otype|pred\.main_label_crossmatch",
        r"rf_snia_vs_nonia|rf_kn_vs_nonkn|snn_.*|clf\.snn.*_score|clf\.cats_score|mulens|slsn_score",
        r"candidate\.drb|diaSource\.reliability",
        r"diaSource\.snr|candidate\.scorr|magpsf",
        r"mag_rate|.*anomaly_score",
        r"xm\.(vsx|gcvs).*|vsx|gcvs|gaiaClass|spicy_class|x[34].*|.*DR3Name|.*zphot",
        r"candidate\.ndethist|diaObject\.nDiaSources",
        r".*(class|score|type|name).*",
    )
)
"""Fink's names by rank; other names come after them."""

BOOKKEEPING = re.compile(r"alert_id|observed_at|broker.*|.*[vV]ersion|.*\.rule|observation_reason|target_name")
"""Says how an alert came, and nothing of the object."""

DEEPEST = 4
"""Levels of nested values that become dotted names."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One value of an annotation, as it was sent and as it is shown."""

    origin: str
    name: str
    value: object

    @property
    def short(self) -> str:
        """Return the value with as many digits as a reader takes in."""
        if isinstance(self.value, float):
            return f"{self.value:.6g}" if abs(self.value) < 1e6 else f"{self.value:.10g}"  # noqa: PLR2004 - a Julian date
        return self.full

    @property
    def full(self) -> str:
        """Return the value, all of it."""
        if isinstance(self.value, str):
            return self.value
        try:
            return json.dumps(self.value, ensure_ascii=False)
        except RecursionError:
            return "nested too deeply to be shown"


def facts(annotations: Iterable[Annotation]) -> list[Fact]:
    """Return all values, the most telling first; what says "no" comes last."""
    found = [
        Fact(origin=one.origin, name=name, value=value)
        for one in annotations
        for name, value in _flat(one.data, prefix="", level=1)
    ]
    return sorted(found, key=lambda fact: (_says_no(fact.value), _rank(fact.name), fact.name))


def _says_no(value: object) -> bool:
    return value is None or value in ("", 0, [], {})  # 0 is false, too


def _rank(name: str) -> int:
    if BOOKKEEPING.fullmatch(name):
        return len(TELLING) + 1
    return next((rank for rank, pattern in enumerate(TELLING) if pattern.fullmatch(name)), len(TELLING))


def _flat(data: Mapping[str, object], *, prefix: str, level: int) -> Iterator[tuple[str, object]]:
    for name, value in data.items():
        if isinstance(value, Mapping) and value and level < DEEPEST:
            yield from _flat(value, prefix=f"{prefix}{name}.", level=level + 1)
        else:
            yield f"{prefix}{name}", value
