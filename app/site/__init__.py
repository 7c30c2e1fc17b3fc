"""The complete public atlas as static files."""

from .writer import Written, write_site

__all__ = ["Written", "write_site"]
