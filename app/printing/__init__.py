"""Sheets and the book: what of the published state stands on them, and where they are asked for."""

from .routes import router

__all__ = ["router"]
