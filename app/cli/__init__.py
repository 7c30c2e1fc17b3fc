"""The command line: ``atlas``."""

from __future__ import annotations

import typer

from .check import check
from .indicators import indicators
from .layers import (
    backup,
    diff,
    export,
    history,
    layers,
    restore,
    verify,
)
from .pack import pack
from .pdf import pdf
from .people import token, user
from .plan import plan
from .serve import serve
from .site import site
from .store import store
from .updates import discard, drafts, import_, publish, rollback

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="市中规划图集 · The planning atlas of Shizhong District, Jinan.",
    epilog="Settings are environment variables: ATLAS_HOME, ATLAS_STORE, ATLAS_DATA, "
    "ATLAS_HOST, ATLAS_PORT, ATLAS_REVIEW_NUMBER.",
)
for _command in (serve, check, layers, history, diff):
    app.command()(_command)
app.command("import")(import_)
for _other in (
    drafts,
    discard,
    publish,
    rollback,
    export,
    pdf,
    pack,
    site,
    verify,
    backup,
    restore,
):
    app.command()(_other)
app.add_typer(plan, name="plan")
app.add_typer(indicators, name="indicators")
app.add_typer(store, name="store")
app.add_typer(user, name="user")
app.add_typer(token, name="token")


def main() -> None:
    """Run the command line."""
    app()
