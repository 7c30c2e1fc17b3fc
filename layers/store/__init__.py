"""The durable truth: layers as lists of revisions, history never rewritten."""

from .sqlite import SqliteStore

__all__ = ["SqliteStore"]
