"""The durable truth: layers as lists of revisions, history never rewritten."""

from .audit import LogEntry, chain_faults
from .backup import back_up, restore
from .draft_rows import Draft, Edit, Event, Kind
from .drafts import EDITED, Drafts, new_draft
from .listening import listen
from .moving import move_store
from .opinions import KINDS, STATUSES, Opinion, OpinionKind, Status, Waiting
from .past import Stay
from .rights import grants
from .schema import placed
from .sessions import Session, Sessions
from .store import Store
from .versions import Change, ChangeSet, valid_in

__all__ = [
    "EDITED",
    "KINDS",
    "STATUSES",
    "Change",
    "ChangeSet",
    "Draft",
    "Drafts",
    "Edit",
    "Event",
    "Kind",
    "LogEntry",
    "Opinion",
    "OpinionKind",
    "Session",
    "Sessions",
    "Status",
    "Stay",
    "Store",
    "Waiting",
    "back_up",
    "chain_faults",
    "grants",
    "listen",
    "move_store",
    "new_draft",
    "placed",
    "restore",
    "valid_in",
]
