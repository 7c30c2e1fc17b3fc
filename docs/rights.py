"""Write docs/rights.md anew: which role may ask what of which address."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.routing import Mount

from app.access import Declared, NeedsOperator, NeedsToken
from app.main import create_app
from app.settings import Settings
from layers.roles import ROLES, has_right

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).with_suffix(".md")

_HEAD = """# Who may do what

Written by `.venv/bin/python docs/rights.py` from the rights that routes declare; a test compares it
with the code, and another sends a request of each role to each address. Everybody may read what is
`public`, logged in or not. `HEAD` is `GET`. Whoever changes something with a browser must also send
what only our pages know (CSRF). What somebody may do to one draft or upload depends on whose it is
too: docs/studio.md.

"""


def routes(application: Any) -> Iterator[Any]:
    """Yield every route with the path and the dependencies that it has in the end."""
    for route in application.routes:
        if isinstance(route, Mount):
            yield route
        else:
            yield from route.effective_route_contexts()


def declarations(route: Any) -> list[Declared]:
    """Return what a route asks of whoever calls it."""
    found, waiting = [], [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Declared):
            found.append(dependant.call)
        waiting += dependant.dependencies
    return found


def table(application: Any) -> str:
    """Return the page."""
    lines = [
        f"| method | address | right | shown by | {' | '.join(ROLES)} |",
        f"|---|---|---|---|{'---|' * len(ROLES)}",
    ]
    for route in routes(application):
        if isinstance(route, Mount):
            continue
        asked = [each for each in declarations(route) if each.right != "public"]
        rights = sorted({each.right for each in asked})
        may = ["x" if all(has_right(role, each) for each in rights) else "" for role in ROLES]
        shown = ", ".join(rights) or "public"
        methods = ", ".join(sorted(route.methods - {"HEAD"}))
        cells = [methods, f"`{route.path}`", shown, _shown_by(asked), *may]
        lines.append(f"| {' | '.join(cells)} |")
    return _HEAD + "\n".join(lines) + "\n"


def _shown_by(asked: list[Declared]) -> str:
    if any(isinstance(each, NeedsToken) for each in asked):
        return "token for the layer"
    if any(isinstance(each, NeedsOperator) for each in asked):
        return "session, or the operator's token"
    return "session" if asked else "nothing"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        PAGE.write_text(table(create_app(Settings(home=Path(home)))), encoding="utf-8")
