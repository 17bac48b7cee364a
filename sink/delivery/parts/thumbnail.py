"""Thumbnails: the cutouts as pictures, each once for an object. SkyPortal keeps every one that it gets."""

from collections.abc import Sequence
from typing import ClassVar

from schemas.record import SkyPortalAlert, instant
from sink.delivery import payloads
from sink.delivery.parts.part import Outcome, PartOf
from sink.delivery.rank import rank_of
from sink.delivery.reasons import Reason
from sink.delivery.thumbnails import ThumbnailType, Unrenderable, png
from sink.routing.routed import Routed

CUTOUTS: tuple[tuple[ThumbnailType, str], ...] = (
    ("new", "cutout_science"),
    ("ref", "cutout_template"),
    ("sub", "cutout_difference"),
)


class Thumbnails(PartOf):
    """Pictures are made here, on the worker's thread, and only of objects that lack one."""

    name: ClassVar[str] = "thumbnail"

    def deliver(self, records: Sequence[Routed]) -> list[Routed]:
        """Give each object the pictures that it does not have."""
        return [one for group in self.objects(records) for one in self._illustrate(group)]

    def _illustrate(self, records: list[Routed]) -> list[Routed]:
        records = sorted(records, key=lambda one: rank_of(one.alert), reverse=True)
        for kind, cutout in CUTOUTS:
            for author in tuple(records):
                outcome = self._one(author, records, kind, getattr(author.alert, cutout))
                if outcome is Outcome.PUT_OFF:
                    return []
                if outcome is Outcome.ACCEPTED:
                    break
                if author.held.is_disproved:  # lost in silence: it may be applied yet, and another one would double it
                    return records
                if outcome is Outcome.REFUSED:
                    records.remove(author)
        return records

    def _one(self, author: Routed, records: Sequence[Routed], kind: ThumbnailType, cutout: bytes | None) -> Outcome:
        """Send one picture, unless SkyPortal has one; `Outcome.LOST` if this record cannot give it."""
        alert, held = author.alert, author.held
        if kind in held.thumbnails:
            self.count("known")
            return Outcome.ACCEPTED
        if cutout is None or (self.name, kind) in author.item.given_up:
            return Outcome.LOST
        try:
            picture = png(cutout, survey=alert.survey, kind=kind, negated=kind == "sub" and _is_negated(alert))
        except Unrenderable as error:
            reason = Reason(stage="part", name="Unrenderable", text=f"thumbnail {kind}: {error}", part=self.name)
            self.fates.lose(author, reason)
            return Outcome.LOST
        request = payloads.thumbnail(alert.obj_id, kind, alert.survey, picture)
        outcome = self.write(author, records, lambda: self.send_once(request, records))
        if outcome is Outcome.LOST:
            author.item.given_up.add((self.name, kind))
        if outcome is Outcome.ACCEPTED:
            held.thumbnails.add(kind)
            self.count("sent")
        return outcome


def _is_negated(alert: SkyPortalAlert) -> bool:
    """Say whether the difference is template minus science: ZTF's is where the source is fainter than the template."""
    curve = alert.photometry
    # The detection stands first, unless it was left out.
    measured = alert.survey == "ZTF" and len(curve) > 0 and instant(curve.mjd[0]) == alert.observed_at
    flux = curve.flux[0] if measured else None
    return flux is not None and flux < 0
