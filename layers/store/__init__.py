"""The durable truth: layers as lists of revisions, history never rewritten."""

from .store import LogEntry, Store

__all__ = ["LogEntry", "Store"]
