"""The use cases of a draft between its upload and its publish: who decides what.

::

    open ── submit ──► submitted ── approve ──► approved ── publish ──► published
      ▲                    │                       │
      └──── ask for changes, edit, rebase ─────────┘
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .drafts import publish_draft, report_of
from .errors import AtlasError, InvalidParameter, NotAllowed, RevisionConflict, StoreUnavailable
from .merging import merge
from .publishing import layer_of
from .roles import has_right
from .store import EDITED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .accounts import Account
    from .catalogue import Bundle
    from .merging import Conflict, Side
    from .model import Feature, Revision
    from .store import Draft, Kind, Store

LONGEST_TEXT = 5_000
"""Characters of a comment or a message."""


def comment(
    store: Store, draft: Draft, by: Account, text: str, feature_id: str | None = None
) -> Draft:
    """Say something of a draft, or of one of its features.

    Raises
    ------
    InvalidParameter
        If there is no text, or too much.
    """
    return store.drafts.happen(
        draft, "comment", author=by.name, text=_text(text), feature_id=feature_id
    )


def submit(store: Store, bundle: Bundle, draft: Draft, by: Account, text: str = "") -> Draft:
    """Ask for a draft to be looked at by somebody else.

    Raises
    ------
    ValidationFailed
        If it has an error.
    RevisionConflict
        If it was submitted before, or its layer has moved on; it is to be rebased first.
    """
    if draft.status != "open":
        raise RevisionConflict(
            f"Draft {draft.number} of {draft.layer_id} is {draft.status}; only what is open is "
            "submitted."
        )
    _refuse_stale(store, draft)
    report_of(store, bundle, draft).refuse_errors()
    return store.drafts.happen(
        draft, "submit", author=by.name, text=_note(text), status="submitted"
    )


def ask_for_changes(store: Store, draft: Draft, by: Account, text: str) -> Draft:
    """Give a draft back to its author.

    Raises
    ------
    InvalidParameter
        If it is not said what is to be changed.
    RevisionConflict
        If it was not submitted.
    """
    _refuse_open(draft, "given back")
    return store.drafts.happen(
        draft, "return", author=by.name, text=_text(text), status="open", due=None
    )


def withdraw(store: Store, draft: Draft, by: Account) -> Draft:
    """Take back what was submitted, to work on it again.

    Raises
    ------
    NotAllowed
        If they have no part in it.
    RevisionConflict
        If it was not submitted.
    """
    if by.name not in authors_of(store, draft):
        raise NotAllowed(
            f"{by.name} has no part in draft {draft.number} of {draft.layer_id}; a reviewer asks "
            "for changes instead.",
            known=True,
        )
    _refuse_open(draft, "taken back")
    return store.drafts.happen(draft, "withdraw", author=by.name, status="open", due=None)


def approve(store: Store, draft: Draft, by: Account, text: str = "") -> Draft:
    """Agree to a draft as it is.

    Raises
    ------
    NotAllowed
        If they have a part in it themselves.
    RevisionConflict
        If it was not submitted, or its layer has moved on.
    """
    if by.name in authors_of(store, draft):
        raise NotAllowed(
            f"{by.name} has made or changed draft {draft.number} of {draft.layer_id}; somebody "
            "else has to approve it.",
            known=True,
        )
    if draft.status != "submitted":
        raise RevisionConflict(
            f"Draft {draft.number} of {draft.layer_id} is {draft.status}; it is approved once it "
            "was submitted."
        )
    _refuse_stale(store, draft)
    return store.drafts.happen(
        draft, "approve", author=by.name, text=_note(text), status="approved"
    )


def mark_of(store: Store, draft: Draft) -> str:
    """Return a text that is another one as soon as a draft changes something else."""
    return f"{draft.base or 0}.{store.drafts.last_edit(draft)}"


def refuse_unseen(store: Store, draft: Draft, mark: str) -> None:
    """Do nothing if a draft is as it was when somebody looked at it.

    Raises
    ------
    RevisionConflict
        If it is not.
    """
    if mark != mark_of(store, draft):
        raise RevisionConflict(
            f"Draft {draft.number} of {draft.layer_id} has been changed since you opened it; look "
            "at it once more."
        )


def authors_of(store: Store, draft: Draft) -> frozenset[str]:
    """Return who has made or changed a draft."""
    return frozenset([draft.author, *(each.author for each in store.drafts.edits(draft))])


def may_publish(store: Store, bundle: Bundle, draft: Draft, by: Account) -> bool:
    """Tell whether somebody may publish a draft as it is now.

    Where the layer is reviewed it must be approved, and only reviewers publish. Elsewhere its
    author may do so too.
    """
    if layer_of(bundle, draft.layer_id).review:
        return draft.status == "approved" and has_right(by.role, "publish")
    return has_right(by.role, "publish") or (
        has_right(by.role, "draft") and by.name in authors_of(store, draft)
    )


def publish(
    store: Store, bundle: Bundle, draft: Draft, by: Account, message: str, reason: str = ""
) -> Revision:
    """Publish a draft; see `layers.drafts.publish_draft`.

    Raises
    ------
    NotAllowed
        If they may not, or it is not approved.
    """
    _refuse_publish(store, bundle, draft, by)
    _refuse_unfit("reason", reason)
    return publish_draft(
        store, bundle, draft, author=by.name, message=_text(message), reason=reason
    )


def schedule(
    store: Store,
    bundle: Bundle,
    draft: Draft,
    by: Account,
    due: datetime,
    message: str,
    reason: str = "",
) -> Draft:
    """Have a draft publish itself; see `publish_due`.

    Raises
    ------
    InvalidParameter
        If the moment is past, there is no message, or a warning without a reason.
    NotAllowed
        If they may not publish it, or it is not approved.
    RevisionConflict
        If its layer has moved on.
    """
    _refuse_publish(store, bundle, draft, by)
    _refuse_stale(store, draft)
    if due <= datetime.now(UTC):
        raise InvalidParameter("due", f"{due:%Y-%m-%d %H:%M} is past; publish it now instead.")
    _refuse_unfit("reason", reason)
    report_of(store, bundle, draft).accept(reason)
    return store.drafts.happen(
        draft,
        "schedule",
        author=by.name,
        text=f"{due:%Y-%m-%dT%H:%MZ}",
        due=due.isoformat(),
        message=_text(message),
        reason=reason,
    )


def unschedule(store: Store, draft: Draft, by: Account) -> Draft:
    """Have a draft wait for somebody again.

    Raises
    ------
    RevisionConflict
        If it was not scheduled.
    """
    if draft.due is None:
        raise RevisionConflict(f"Draft {draft.number} of {draft.layer_id} is not scheduled.")
    return store.drafts.happen(draft, "withdraw", author=by.name, due=None)


def drafts_due(store: Store, now: datetime) -> list[Draft]:
    """Return the drafts whose moment to publish themselves has come."""
    return [each for each in store.drafts.list() if each.due is not None and each.due <= now]


def publish_due(store: Store, bundle: Bundle, now: datetime) -> list[Revision]:
    """Publish every draft whose moment has come; see `publish_scheduled`."""
    made = [publish_scheduled(store, bundle, each) for each in drafts_due(store, now)]
    return [each for each in made if each is not None]


def publish_scheduled(store: Store, bundle: Bundle, draft: Draft) -> Revision | None:
    """Publish a draft in the name of whoever scheduled it.

    What can no longer be published (its layer has moved on, an account was disabled) is not tried
    again: it waits for somebody, with the reason as a comment, and None is returned. So it is if
    another process was first.

    Raises
    ------
    StoreUnavailable
        If the store cannot be written now.
    """
    events = [each for each in store.drafts.events(draft) if each.kind == "schedule"]
    by = events[-1].author if events else draft.author
    try:
        account = store.people.get(by)
        return publish(store, bundle, draft, account, draft.message, draft.reason)
    except StoreUnavailable:
        raise
    except AtlasError as refusal:
        if store.drafts.get(draft.layer_id, draft.number).is_waiting:
            store.drafts.happen(draft, "withdraw", author=by, text=refusal.sentence, due=None)
        return None


@dataclass(frozen=True, slots=True)
class Rebase:
    """What a draft is on the head of its layer.

    Attributes
    ----------
    edits : tuple of (str, Kind, Feature or None)
        What has to be done to the draft's features, beside making the head its base.
    conflicts : Mapping
        Fields that nobody has decided, by the feature's id.
    """

    draft: Draft
    head: Revision
    edits: tuple[tuple[str, Kind, Feature | None], ...]
    conflicts: Mapping[str, tuple[Conflict, ...]]


def prepare_rebase(
    store: Store, draft: Draft, decided: Mapping[str, Mapping[str, Side]] | None = None
) -> Rebase | None:
    """Return what becomes of a draft whose layer has moved on; None if it has not.

    What only one side has changed is merged, field by field.

    Parameters
    ----------
    decided : Mapping
        Which side each field in conflict is taken from, by the feature's id and the field's name.
    """
    head = store.head(draft.layer_id)
    if head is None or head.number == draft.base:
        return None
    base = None if draft.base is None else store.revision(draft.layer_id, draft.base)
    changes = store.drafts.changes(draft)
    mine = {**dict.fromkeys(changes.removed), **{each.id: each for each in changes.put}}
    before = {} if base is None else _features(store, base, mine)
    theirs = _features(store, head, mine)
    edits: list[tuple[str, Kind, Feature | None]] = []
    conflicts: dict[str, tuple[Conflict, ...]] = {}
    for id_, own in mine.items():
        merged = merge(before.get(id_), theirs.get(id_), own, (decided or {}).get(id_))
        if merged.conflicts:
            conflicts[id_] = merged.conflicts
        if merged.feature == theirs.get(id_):
            edits.append((id_, "revert", None))
        elif merged.feature != own:
            kind: Kind = "remove" if merged.feature is None else "put"
            edits.append((id_, kind, merged.feature))
    return Rebase(draft, head, tuple(edits), conflicts)


def rebase(store: Store, rebased: Rebase, by: Account) -> Draft:
    """Make the head the base of a draft; what was approved has to be approved again.

    Raises
    ------
    RevisionConflict
        If a field in conflict is not decided, or the layer has moved on once more.
    """
    draft, head = rebased.draft, rebased.head
    if rebased.conflicts:
        listed = ", ".join(list(rebased.conflicts)[:5])
        raise RevisionConflict(
            f"Draft {draft.number} of {draft.layer_id} and revision {head.number} have both "
            f"changed {listed}; decide which to keep."
        )
    if store.head(draft.layer_id) != head:
        raise RevisionConflict(f"Layer {draft.layer_id} has moved on again; look at it once more.")
    if rebased.edits:
        store.drafts.edit(draft, rebased.edits, author=by.name)
    return store.drafts.happen(
        draft,
        "rebase",
        author=by.name,
        text=f"{draft.base} → {head.number}",
        status="open",
        base=head.number,
        context=EDITED,
        due=None,
    )


def discard(store: Store, draft: Draft, by: Account) -> None:
    """Throw a draft away; the log keeps that there was one.

    Raises
    ------
    NotAllowed
        If they have no part in it and do not review.
    """
    if by.name not in authors_of(store, draft) and not has_right(by.role, "review"):
        raise NotAllowed(
            f"Draft {draft.number} of {draft.layer_id} is {draft.author}'s; ask them or a reviewer "
            "to discard it.",
            known=True,
        )
    store.drafts.close(draft, "discarded", author=by.name)


def _refuse_publish(store: Store, bundle: Bundle, draft: Draft, by: Account) -> None:
    if by.disabled is None and may_publish(store, bundle, draft, by):
        return
    if layer_of(bundle, draft.layer_id).review and draft.status != "approved":
        raise NotAllowed(
            f"Drafts of {draft.layer_id} are approved by somebody else before they are published.",
            known=True,
        )
    raise NotAllowed(f"{by.name} may not publish drafts of {draft.layer_id}.", known=True)


def _refuse_open(draft: Draft, what: str) -> None:
    if draft.status == "open":
        raise RevisionConflict(
            f"Draft {draft.number} of {draft.layer_id} was not submitted; it cannot be {what}."
        )


def _refuse_stale(store: Store, draft: Draft) -> None:
    head = store.head(draft.layer_id)
    if head is not None and head.number != draft.base:
        raise RevisionConflict(
            f"Layer {draft.layer_id} is at revision {head.number} now; bring draft {draft.number} "
            "up to date first."
        )


def _features(store: Store, revision: Revision, ids: Mapping[str, object]) -> dict[str, Feature]:
    return {each.id: each for each in store.features(revision) if each.id in ids}


def _note(text: str) -> str:
    return _text(text) if text.strip() else ""


def _text(text: str) -> str:
    if not text.strip():
        raise InvalidParameter("text", "Say what is meant; the text is empty.")
    _refuse_unfit("text", text)
    return text.strip()


def _refuse_unfit(name: str, text: str) -> None:
    if len(text) > LONGEST_TEXT or "\0" in text:
        raise InvalidParameter(
            name, f"A text has at most {LONGEST_TEXT:,} characters, and no NUL among them."
        )
