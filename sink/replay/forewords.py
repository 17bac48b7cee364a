"""What an operator must know before a replay begins."""

from datetime import UTC, datetime, timedelta

from sink.replay.progress import Plan
from sink.replay.selection import Selection, written
from sink.replay.window import Window

PURGED_AFTER_DAYS = 7
"""SkyPortal deletes objects that nobody has saved so long after their creation, unless its operator says otherwise."""


def before(selection: Selection, window: Window, plan: Plan) -> list[str]:
    """Return it as sentences."""
    sentences = [f"the window holds {plan.records:,} records, appended since {written(selection.since)}"]
    if plan.is_resumed:
        sentences.append(f"goes on with a replay that was stopped: {plan.done:,} of them are done")
    if plan.was_finished:
        sentences.append("the same was replayed before, to its end: it begins anew")
    if window.left:
        sentences.append(f"{window.left:,} more are left to the live sinks, which have not passed them yet")
    if window.kept_since is not None:
        kept = written(window.kept_since.replace(microsecond=0))
        sentences.append(
            f"warning: the local topic keeps nothing from before {kept}: what was appended between "
            f"{written(selection.since)} and then is gone (KAFKA_TOPIC_RETENTION_DAYS)"
        )
    if selection.since < datetime.now(UTC) - timedelta(days=PURGED_AFTER_DAYS):
        sentences.append(
            f"warning: SkyPortal purges objects {PURGED_AFTER_DAYS} days after their creation unless somebody has "
            "saved them. What was purged comes back, with what these records carry, and is purged again as late; "
            "saved objects stay as they are"
        )
    return sentences
