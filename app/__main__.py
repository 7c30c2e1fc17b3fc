"""``python -m app`` is ``atlas``."""

from .cli import main

main()
