"""What the public says of the plan and of the data: take it, follow it, answer it, erase it.

Nothing that somebody wrote becomes public; what does is what staff write in a summary.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from .days import day_of
from .errors import InvalidParameter, NotFound
from .plan import Citation
from .receipts import new_receipt, receipt_digest
from .spoken import LONGEST, LONGEST_CONTACT, read_text
from .store import KINDS, Opinion

if TYPE_CHECKING:
    from datetime import date, datetime

    from .model import Feature, Layer
    from .sealing import Seal
    from .snapshot import Atlas
    from .store import OpinionKind, Store

CONSENT = "2026-11"
"""Version of the words that people agree to; it changes whenever they do."""

PLAN, PIN = "plan:", "pin:"
_PARAGRAPH = re.compile(r"(\d{1,3})-(\d{1,3})-p(\d{1,4})", re.ASCII)
_PLACE = re.compile(r"(\d{2,3}\.\d{1,6}),(\d{2}\.\d{1,6})", re.ASCII)

Closed: TypeAlias = Literal["off", "early", "over"]


class Terms(NamedTuple):
    """When opinions are taken.

    Attributes
    ----------
    on : bool
        Whether anything is taken at all.
    first, last : date or None
        Days of China between which opinions are; problems of the data always.
    pins : bool
        Whether a free place on the map can be a subject (上传标注 may need a licence).
    """

    on: bool = True
    first: date | None = None
    last: date | None = None
    pins: bool = False

    def closed(self, kind: OpinionKind, now: datetime) -> Closed | None:
        """Return why nothing of a kind is taken now; None if it is."""
        today = day_of(now)
        if not self.on:
            return "off"
        if kind == "problem":
            return None
        if self.first is not None and today < self.first:
            return "early"
        return "over" if self.last is not None and today > self.last else None


class Subject(NamedTuple):
    """What an opinion is about.

    Attributes
    ----------
    layer, id : str
        As in `layers.store.Opinion`.
    feature : tuple or None
        The layer and the feature, if it is one.
    citation : Citation or None
        The paragraph, if it is one.
    """

    layer: str
    id: str
    feature: tuple[Layer, Feature] | None = None
    citation: Citation | None = None

    @property
    def ref(self) -> str:
        """The subject as one word."""
        return f"{self.layer}/{self.id}"


class Draft(NamedTuple):
    """What somebody sends."""

    kind: str
    text: str
    contact: str
    consent: str


def find_subject(atlas: Atlas, ref: str, *, pins: bool = False) -> Subject:
    """Return what ``layer/feature``, ``plan:ID/1-2-p3`` or ``pin:/117.0,36.6`` names.

    Raises
    ------
    NotFound
        If nothing public has this name; whether something internal has it is not told.
    """
    layer, _, name = ref.partition("/")
    if layer.startswith(PLAN):
        citation = _cited(atlas, layer.removeprefix(PLAN), name)
        if citation is not None:
            return Subject(layer, name, citation=citation)
    elif layer == PIN:
        if pins and _is_inside(atlas, name):
            return Subject(layer, name)
    elif (found := atlas.feature(ref)) is not None:
        return Subject(layer, name, feature=found)
    raise NotFound(f"There is nothing public of the name {ref[:80]}; choose it on the map.")


def submit(
    store: Store, seal: Seal, subject: Subject, draft: Draft, challenge: str, now: datetime
) -> str:
    """Keep an opinion and return its receipt number, which is stored nowhere.

    Raises
    ------
    InvalidParameter
        If it says nothing or too much, or nobody has agreed to how it is kept.
    """
    kind = as_kind(draft.kind)
    if draft.consent != CONSENT:
        raise InvalidParameter("consent", "Nothing is kept without consent; tick the box.")
    text = read_text(draft.text, "text", LONGEST)
    contact = read_text(draft.contact, "contact", LONGEST_CONTACT, needed=False)
    receipt = new_receipt()
    opinion = Opinion(
        number=0,
        receipt=receipt_digest(receipt),
        challenge=challenge,
        kind=kind,
        layer=subject.layer,
        subject=subject.id,
        text=text,
        consent=CONSENT,
        created=now,
    )
    store.opinions.add(opinion, seal.close(contact) if contact else None)
    return receipt


def follow(store: Store, receipt: str) -> Opinion:
    """Return the opinion of a receipt number.

    Raises
    ------
    InvalidParameter
        If the number is mistyped, or nothing was sent under it.
    """
    found = store.opinions.find(receipt_digest(receipt))
    if found is None:
        raise InvalidParameter("unknown", "Nothing was received under this receipt number.")
    return found


def answer(
    store: Store, number: int, reply: str, summary: str, *, author: str, now: datetime
) -> None:
    """Answer an opinion, or change the answer; an empty summary is taken back from the public.

    Raises
    ------
    InvalidParameter
        If there is no answer, or either is too long.
    """
    opinion = store.opinions.get(number)
    changed = replace(
        opinion,
        answer=read_text(reply, "reply", LONGEST),
        summary=read_text(summary, "reply", LONGEST, needed=False) or None,
        answered=now,
        status="closed" if opinion.status == "closed" else "answered",
    )
    store.opinions.change(changed, author=author, now=now, what="answer opinion")


def close(store: Store, number: int, *, author: str, now: datetime) -> None:
    """Close an opinion, answered or not; how to reach its author is erased in time."""
    opinion = store.opinions.get(number)
    if opinion.status != "closed":
        changed = replace(opinion, status="closed", closed=now)
        store.opinions.change(changed, author=author, now=now, what="close opinion")


def public_summaries(store: Store, subject: Subject) -> list[Opinion]:
    """Return the opinions of a public subject of which staff have written a summary.

    Of each only `kind`, `summary` and `answered` may be shown.
    """
    return store.opinions.summaries(subject.layer, subject.id)


def as_kind(text: str) -> OpinionKind:
    """Return the kind of a name.

    Raises
    ------
    InvalidParameter
        If there is none.
    """
    for kind in KINDS:
        if kind == text:
            return kind
    raise InvalidParameter("kind", f"There is no kind {text[:40]}; there are {', '.join(KINDS)}.")


def _cited(atlas: Atlas, plan: str, name: str) -> Citation | None:
    document, found = atlas.documents.get(plan), _PARAGRAPH.fullmatch(name)
    if document is None or found is None:
        return None
    chapter, section, paragraph = map(int, found.groups())
    citation = Citation(plan, chapter, section, paragraph)
    return citation if document.outline.has(citation) else None


def _is_inside(atlas: Atlas, name: str) -> bool:
    found = _PLACE.fullmatch(name)
    if found is None:
        return False
    lon, lat = float(found[1]), float(found[2])
    boxes = (layer.bbox for layer in atlas.layers.values() if layer.bbox is not None)
    return any(box.west <= lon <= box.east and box.south <= lat <= box.north for box in boxes)
