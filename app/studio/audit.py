"""The log of who did what and when: filtered, exported, its chain verified."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request, Response

from app.access import Needs, VisitorDep
from app.dependencies import PublishedDep
from layers.store import chain_faults

from .answers import page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.store import LogEntry

router = APIRouter(prefix="/audit", dependencies=[Depends(Needs("audit"))])

_SHOWN = 200
_COLUMNS = ("number", "time", "actor", "action", "subject", "detail", "hash")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@router.get("")
def get_log(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    actor: str = "",
    action: str = "",
    subject: str = "",
    day: str = "",
    before: int | None = None,
) -> Response:
    """Return the log, the newest first, some entries at a time."""
    log = published.store.log()
    chosen = {"actor": actor, "action": action, "subject": subject, "day": day}
    found = _chosen(log, chosen)
    shown = [each for each in found if before is None or each.number < before]
    return page(
        request,
        "audit.html",
        visitor,
        entries=shown[:_SHOWN],
        more=shown[_SHOWN - 1].number if len(shown) > _SHOWN else None,
        count=len(found),
        actors=sorted({each.actor for each in log}),
        actions=sorted({each.action for each in log}),
        chosen=chosen,
        faults=list(chain_faults(log)),
    )


@router.get("/log.csv")
def get_csv(
    published: PublishedDep, actor: str = "", action: str = "", subject: str = "", day: str = ""
) -> Response:
    """Return what is chosen of the log as CSV that office programs read (UTF-8 with BOM)."""
    chosen = {"actor": actor, "action": action, "subject": subject, "day": day}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for entry in _chosen(published.store.log(), chosen):
        writer.writerow([_cell(each) for each in entry])
    return Response(
        text.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="audit-log.csv"',
            "Cache-Control": "no-store",
        },
    )


def _chosen(log: Sequence[LogEntry], chosen: Mapping[str, str]) -> list[LogEntry]:
    def meets(entry: LogEntry) -> bool:
        return (
            chosen["actor"] in {"", entry.actor}
            and chosen["action"] in {"", entry.action}
            and chosen["subject"].casefold() in f"{entry.subject} {entry.detail}".casefold()
            and entry.time.startswith(chosen["day"])
        )

    return [entry for entry in reversed(log) if meets(entry)]


def _cell(value: object) -> str:
    """Return a cell that a spreadsheet takes for text, whatever somebody has typed."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
