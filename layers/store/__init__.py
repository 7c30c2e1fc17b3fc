"""The durable truth: layers as lists of revisions, history never rewritten."""

from .backup import back_up, restore
from .store import LogEntry, Store

__all__ = ["LogEntry", "Store", "back_up", "restore"]
