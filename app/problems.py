"""Every refusal as problem details (RFC 9457), or as a page for a person with a browser."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import uuid4

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from layers.errors import (
    AtlasError,
    BasemapUnavailable,
    InvalidParameter,
    NotAllowed,
    NotFound,
    NotFresh,
    PrintingUnavailable,
    RevisionConflict,
    StaleEdit,
    StoreUnavailable,
    ValidationFailed,
    Withdrawn,
)

from .access import LoginNeeded
from .downloads import Busy
from .i18n import parse_language
from .links import PROBLEM, REQUEST_ID, prefers_html
from .observed import route_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import FastAPI, Request
    from starlette.types import Scope

    from layers.errors import Finding

_LOG = logging.getLogger(__name__)


class PreconditionRequired(AtlasError):
    """A request does not say which state it changes (RFC 6585, section 3)."""

    code = "precondition-required"


class TooLarge(AtlasError):
    """A request has a body that is too large."""

    code = "too-large"


_STATUS: dict[type[AtlasError], int] = {
    Withdrawn: 410,
    NotFound: 404,
    InvalidParameter: 400,
    PreconditionRequired: 428,
    TooLarge: 413,
    StaleEdit: 412,
    ValidationFailed: 422,
    RevisionConflict: 409,
    NotFresh: 503,
    Busy: 503,
    BasemapUnavailable: 503,
    PrintingUnavailable: 503,
    StoreUnavailable: 503,
}


def install_problem_handlers(app: FastAPI) -> None:
    """Let the application answer every error in this form."""
    app.add_exception_handler(AtlasError, _atlas_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _request_invalid)
    app.add_exception_handler(Exception, _unforeseen)


async def _atlas_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AtlasError)  # noqa: S101  the handler is registered for it
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    if isinstance(error, LoginNeeded):
        return _to_login(request, error)
    if isinstance(error, NotAllowed):
        answer = problem(request, 403 if error.known else 401, error.sentence, code=error.code)
        if not error.known:
            answer.headers["WWW-Authenticate"] = 'Basic realm="atlas", charset="UTF-8", Bearer'
        return answer
    if status == 500:
        return await _unforeseen(request, error)
    errors: list[dict[str, str]] = []
    if isinstance(error, InvalidParameter):
        errors = [{"parameter": error.parameter, "detail": error.sentence}]
    if isinstance(error, ValidationFailed):
        errors = [_finding(each) for each in error.findings[:_MOST_FINDINGS]]
    return problem(request, status, error.sentence, code=error.code, errors=errors)


def _to_login(request: Request, error: LoginNeeded) -> Response:
    """Send a person to where they can log in; tell a program that somebody has to."""
    if request.method == "GET" and _wants_page(request):
        query = f"?{request.url.query}" if request.url.query else ""
        where = urlencode({"next": f"{request.url.path}{query}"})
        return RedirectResponse(f"/studio/login?{where}", 303, {"Cache-Control": "no-store"})
    return problem(request, 401, error.sentence, code=error.code)


_MOST_FINDINGS = 100


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.rule,
        "feature": finding.feature_id or "",
        "field": finding.field,
        "detail": finding.message,
        "remedy": finding.remedy,
    }


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  the handler is registered for it
    detail = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not possible at {request.url.path}.",
        413: "The request has more bytes than are taken here; send less at a time.",
    }.get(error.status_code, str(error.detail))
    answer = problem(request, error.status_code, detail)
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["Allow"] = ", ".join(sorted(_methods(request.app.routes, request.scope)))
    return answer


def _methods(routes: Iterable[Any], scope: Scope) -> set[str]:
    """Return the methods of every route at a path; the framework names those of the first only."""
    found: set[str] = set()
    for route in routes:
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner is not None:
            found |= _methods(inner, scope)
        elif route.matches(scope)[0] is Match.PARTIAL:
            found |= route.methods or set()
    return found


async def _request_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  the handler is registered for it
    errors = [
        {"parameter": str(each["loc"][-1]), "detail": str(each["msg"])} for each in error.errors()
    ]
    sentence = "; ".join(f"{each['parameter']}: {each['detail']}" for each in errors)
    return problem(request, 400, f"{sentence}.", code="invalid-parameter", errors=errors)


async def _unforeseen(request: Request, error: Exception) -> Response:
    incident = getattr(request.state, "request_id", None) or uuid4().hex
    _LOG.error("Incident %s at %s", incident, route_of(request.scope), exc_info=error)
    detail = f"The atlas failed to answer; its log has the reason under incident {incident}."
    answer = problem(request, 500, detail)
    answer.headers[REQUEST_ID] = incident
    return answer


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    code: str | None = None,
    errors: list[dict[str, str]] | None = None,
) -> Response:
    """Return a refusal as ``application/problem+json``, or as a page if the client prefers one.

    Parameters
    ----------
    detail : str
        One sentence: what is wrong, where, how to mend it.
    code : str, optional
        Stable name of the kind of problem; it becomes the member `type`.
    errors : list of dict, optional
        The single faults, each with the parameter it is about.
    """
    title = HTTPStatus(status).phrase
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    if _wants_page(request):
        body = _page(request, status, detail).encode()
        return Response(body, status, headers, media_type="text/html")
    document: dict[str, Any] = {
        "type": f"urn:shizhong-atlas:problem:{code}" if code else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    if errors:
        document["errors"] = errors
    return Response(orjson.dumps(document), status, headers, media_type=PROBLEM)


def _wants_page(request: Request) -> bool:
    wanted = request.query_params.get("f")
    if wanted in {"html", "json"}:
        return wanted == "html"
    return prefers_html(request.headers.get("accept", ""))


def _page(request: Request, status: int, detail: str) -> str:
    templates, atlas = request.app.state.templates, request.app.state.published.latest.atlas
    language = parse_language(request.query_params.get("lang"))
    words = templates.wording(atlas, language)
    titles = {
        400: words.gettext("请求有误"),
        404: words.gettext("没有找到"),
        405: words.gettext("不能这样访问"),
        410: words.gettext("已不再公开"),
    }
    page: str = templates.render(
        "problem.html",
        atlas=atlas,
        lang=language,
        self_href=request.url.path,
        problem={
            "status": status,
            "title": titles.get(status, words.gettext("图集出了问题")),
            "detail": detail,
        },
        way_out={
            "href": "/" if language == "zh" else "/?lang=en",
            "words": words.gettext("回到图集"),
        },
    )
    return page
