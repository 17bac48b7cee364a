"""The faults that requests meet just now."""

from collections.abc import Iterable

from demo.skyportal.faults import Fault
from demo.skyportal.page.markup import Html, element


def in_force(faults: Iterable[Fault], now: float) -> Html:
    """Return the faults in force, and what is left of those that are over. ``now`` is of the faults' clock."""
    chips = [element("li", _words(fault, now), class_="chip bad") for fault in faults if _lasts(fault, now)]
    if not chips:
        return element("div", element("span", "No fault in force"), class_="line")
    noun = "Fault in force" if len(chips) == 1 else "Faults in force"
    return element("div", element("span", noun), element("ul", *chips, class_="chips"), class_="line")


def _end(fault: Fault) -> float | None:
    """Return when it ended or will end; a fault notices the end of its time only when a request comes."""
    if fault.ended is not None or fault.seconds is None:
        return fault.ended
    return fault.began + fault.seconds


def _lasts(fault: Fault, now: float) -> bool:
    end = _end(fault)
    return end is None or now < end + (fault.linger if fault.kind == "outage" else 0.0)


def _words(fault: Fault, now: float) -> str:
    end = _end(fault)
    left = "" if end is None else f"{end - now:.0f} s left" if now < end else "over, but for writes"
    conditions = (
        fault.method,
        f"{fault.path}*" if fault.path else "",
        "" if fault.obj_id is None else f"object {fault.obj_id}",
        left,
        f"answered {fault.answered}" if fault.count is None else f"answered {fault.answered} of {fault.count}",
    )
    return f"{fault.kind}: " + ", ".join(one for one in conditions if one)
