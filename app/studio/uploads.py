# ruff: noqa: FAST003  a dependency takes the id of an upload
"""Files that are sent to a layer: what was understood of them, what the checks found, repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from app.access import Needs, VisitorDep
from app.dependencies import PublishedDep, UploadsDep
from app.links import prefers_html
from app.refusals import REFUSALS
from layers.checks import RULES
from layers.errors import AtlasError, InvalidParameter, NotFound, StoreUnavailable, ValidationFailed
from layers.imports import KNOWN, Refused, Told
from layers.uploads import Upload

from .answers import go_to, language_of, page, words_of
from .finding_words import in_words_of
from .sentences import refused
from .upload_words import (
    COLUMN_REASONS,
    CRS_REASONS,
    ENCODING_REASONS,
    ID_REASONS,
    SEVERITIES,
    STEPS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.checks import Report, Rule
    from layers.errors import Finding
    from layers.model import Layer
    from layers.uploads import Seen

router = APIRouter(prefix="/uploads", dependencies=[Depends(Needs("draft"))])

HERE = "/studio/uploads"
_SHOWN = 100
"""Findings of one rule that are listed; the table for download has them all."""

_PATIENCE_S = 0.8
"""How long a page waits for a small file to be checked, so that it need not be loaded twice."""

_SYSTEMS = (*map(str, KNOWN), "GCJ-02", "BD-09")
_ENCODINGS = ("UTF-8", "GB18030")
_NO_STORE = {"Cache-Control": "no-store"}


class Group(NamedTuple):
    """What one rule found.

    Attributes
    ----------
    shown : sequence of Finding
        The first ones.
    repairable : int
        Findings for which a repair is proposed.
    """

    code: str
    rule: Rule | None
    severity: str
    times: int
    shown: Sequence[Finding]
    repairable: int


def get_upload(upload_id: str, uploads: UploadsDep, visitor: VisitorDep) -> Upload:
    """Return the upload of a path, if it is for whoever asks."""
    return uploads.get(upload_id, visitor.account)


UploadDep = Annotated[Upload, Depends(get_upload)]


async def get_fields(request: Request) -> Mapping[str, str]:
    """Return the texts of a form whose fields depend on a file."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


@router.get("")
def get_uploads(
    request: Request, published: PublishedDep, uploads: UploadsDep, visitor: VisitorDep
) -> Response:
    """Return what waits, and where files are sent."""
    return _list(request, published, uploads, visitor)


@router.post("")
def post_uploads(
    request: Request,
    published: PublishedDep,
    uploads: UploadsDep,
    visitor: VisitorDep,
    layer: Annotated[str, Form(max_length=100)] = "",
    files: list[UploadFile] | None = None,
) -> Response:
    """Take files. A script is told where each is found; a form is sent there."""
    by_script = not prefers_html(request.headers.get("accept", ""))
    parts = [(each.filename or "", each.file) for each in files or () if each.filename]
    try:
        made = uploads.add(parts, layer_id=layer, by=visitor.account)
    except (Refused, InvalidParameter, NotFound, StoreUnavailable) as fault:
        too_large = isinstance(fault, Refused)
        status = 413 if too_large else 503 if isinstance(fault, StoreUnavailable) else 400
        if by_script:
            sentence = refused(fault, words_of(request).gettext)
            return JSONResponse({"fault": sentence}, status, _NO_STORE)
        return _list(request, published, uploads, visitor, fault, status)
    where = [f"{HERE}/{each.id}" for each in made]
    if by_script:
        return JSONResponse({"uploads": where}, 201, _NO_STORE)
    return go_to(where[0] if len(where) == 1 else HERE)


@router.get("/{upload_id}")
def get_page(
    request: Request,
    upload: UploadDep,
    published: PublishedDep,
    uploads: UploadsDep,
    visitor: VisitorDep,
) -> Response:
    """Return what was understood of a file, and what the checks found in it."""
    if upload.draft is not None:
        return go_to(_draft_page(upload.layer_id, upload.draft))
    return _page(request, upload, published, uploads, visitor)


@router.get("/{upload_id}/state")
def get_state(upload: UploadDep, uploads: UploadsDep) -> Response:
    """Return how far the work is, for the page's script."""
    found = uploads.progress(upload)
    return JSONResponse({"step": found.step, "over": found.is_over}, 200, _NO_STORE)


@router.get("/{upload_id}/shapes")
def get_shapes(upload: UploadDep, uploads: UploadsDep) -> Response:
    """Return what is drawn on the map of the page."""
    shapes = uploads.shapes(upload)
    if shapes is None:
        raise NotFound("The file has not been read that far.")
    return Response(shapes, 200, _NO_STORE, media_type="application/geo+json")


@router.get("/{upload_id}/repairs")
def get_repairs(upload: UploadDep, uploads: UploadsDep) -> Response:
    """Return the repairs that are proposed, for the map of the page."""
    checked = uploads.checked(upload)
    findings = () if checked is None else checked.report.findings
    features = [
        {"type": "Feature", "id": each.feature_id, "geometry": each.repair, "properties": {}}
        for each in findings
        if each.repair is not None
    ]
    return JSONResponse({"type": "FeatureCollection", "features": features}, 200, _NO_STORE)


@router.get("/{upload_id}/findings.csv")
def get_findings(request: Request, upload: UploadDep, uploads: UploadsDep) -> Response:
    """Return everything that the checks found as CSV that office programs read."""
    checked = uploads.checked(upload)
    if checked is None:
        raise NotFound("The file has not been checked yet.")
    name = quote(f"{upload.name.rpartition('.')[0] or upload.name}-检查.csv", safe="")
    kind = f"attachment; filename=\"findings.csv\"; filename*=UTF-8''{name}"
    headers = {"Content-Disposition": kind, **_NO_STORE}
    report = in_words_of(checked.report, language_of(request))
    return Response(report.table(), 200, headers, media_type="text/csv; charset=utf-8")


@router.post("/{upload_id}")
def post_told(
    request: Request,
    upload: UploadDep,
    published: PublishedDep,
    uploads: UploadsDep,
    visitor: VisitorDep,
    fields: Annotated[dict[str, str], Depends(get_fields)],
) -> Response:
    """Say something else of a file than was guessed; it is read again."""
    try:
        told = Told() if "reset" in fields else _told(fields, uploads.seen(upload), upload.told)
        uploads.tell(upload, fields.get("layer") or upload.layer_id, told)
    except (InvalidParameter, NotFound) as fault:
        return _page(request, upload, published, uploads, visitor, fault)
    return go_to(f"{HERE}/{upload.id}")


@router.post("/{upload_id}/repairs")
def post_repairs(
    request: Request,
    upload: UploadDep,
    published: PublishedDep,
    uploads: UploadsDep,
    visitor: VisitorDep,
    rule: Annotated[str, Form(max_length=100)] = "",
    feature: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Take a proposed repair, or all of a rule; without a rule, take them all back."""
    try:
        if rule:
            uploads.accept(upload, rule, feature or None)
        else:
            uploads.undo_repairs(upload)
    except InvalidParameter as fault:
        return _page(request, upload, published, uploads, visitor, fault)
    return go_to(f"{HERE}/{upload.id}", "repaired" if rule else "unrepaired")


@router.post("/{upload_id}/again")
def post_again(upload: UploadDep, uploads: UploadsDep) -> Response:
    """Read and check a file once more."""
    uploads.read_again(upload)
    return go_to(f"{HERE}/{upload.id}")


@router.post("/{upload_id}/draft")
def post_draft(
    request: Request,
    upload: UploadDep,
    published: PublishedDep,
    uploads: UploadsDep,
    visitor: VisitorDep,
) -> Response:
    """Keep a file that has no error as a draft."""
    try:
        draft = uploads.keep(upload, visitor.account)
    except (InvalidParameter, ValidationFailed) as fault:
        return _page(request, upload, published, uploads, visitor, fault)
    if draft is None:
        return go_to(f"{HERE}/{upload.id}", "moved-on")
    return go_to(_draft_page(draft.layer_id, draft.number))


@router.post("/{upload_id}/discard")
def post_discard(upload: UploadDep, uploads: UploadsDep) -> Response:
    """Throw a file away."""
    uploads.discard(upload)
    return go_to(HERE, "thrown-away")


def _draft_page(layer_id: str, number: int) -> str:
    return f"/studio/drafts/{layer_id}/{number}"


def _told(fields: Mapping[str, str], seen: Seen | None, before: Told) -> Told:
    """Return what a form says of a file; what it leaves to the file is None.

    Raises
    ------
    InvalidParameter
        If it says what cannot be chosen.
    """
    crs, encoding = fields.get("crs") or None, fields.get("encoding") or None
    if crs not in {None, *_SYSTEMS} or encoding not in {None, *_ENCODINGS}:
        raise InvalidParameter("told", "Choose one of what is offered.")
    columns = dict(before.columns or {})
    for i, column in enumerate(() if seen is None else seen.columns):
        guessed = "" if seen is None else seen.matches[column].value or ""
        # What is left as it was guessed stays a guess.
        if (said := fields.get(f"column-{i}", guessed)) != guessed:
            columns[column] = said
    return Told(
        crs=crs,
        encoding=encoding,
        id_column=fields.get("id_column") or None,
        north=fields.get("north") or None,
        columns=columns or None,
    )


def _list(
    request: Request,
    published: PublishedDep,
    uploads: UploadsDep,
    visitor: VisitorDep,
    fault: AtlasError | None = None,
    status: int = 200,
) -> Response:
    waiting = uploads.list(visitor.account)
    return page(
        request,
        "uploads.html",
        visitor,
        status,
        fault=fault,
        uploads=[(each, uploads.progress(each)) for each in waiting],
        layers=_layers(published),
        steps=STEPS,
        most=uploads.limits.bytes,
    )


def _page(
    request: Request,
    upload: Upload,
    published: PublishedDep,
    uploads: UploadsDep,
    visitor: VisitorDep,
    fault: AtlasError | None = None,
) -> Response:
    progress = uploads.wait(upload, _PATIENCE_S)
    checked = uploads.checked(upload)
    layers = _layers(published)
    return page(
        request,
        "upload.html",
        visitor,
        200 if fault is None else 400,
        fault=fault,
        upload=upload,
        progress=progress,
        steps=STEPS,
        refusal=REFUSALS.get(progress.reason),
        seen=uploads.seen(upload),
        checked=checked,
        groups=[] if checked is None else _groups(checked.report),
        layer=layers.get(upload.layer_id),
        layers=layers,
        systems=_SYSTEMS,
        encodings=_ENCODINGS,
        reasons={
            "encoding": ENCODING_REASONS,
            "crs": CRS_REASONS,
            "id": ID_REASONS,
            "column": COLUMN_REASONS,
        },
        severities=SEVERITIES,
    )


def _layers(published: PublishedDep) -> dict[str, Layer]:
    return {layer.id: layer for layer in published.bundle.catalogue.layers}


def _groups(report: Report) -> list[Group]:
    """Return what was found by rule: errors first, as the report has them."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for each in report.findings:
        found.setdefault((each.severity, each.rule), []).append(each)
    return [
        Group(
            code,
            RULES.get(code),
            severity,
            len(findings),
            findings[:_SHOWN],
            sum(each.repair is not None for each in findings),
        )
        for (severity, code), findings in found.items()
    ]
