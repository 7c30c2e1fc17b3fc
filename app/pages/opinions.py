"""Where the public reports problems and gives opinions, follows and erases them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.access import refuse_other_sites
from app.bodies import FormDep
from app.condition import current_time
from app.dependencies import (
    AtlasDep,
    DeskDep,
    PublishedDep,
    get_published,
    get_settings,
    get_templates,
)
from app.i18n import parse_language
from app.maps.figure import WHOLE_ATLAS
from layers.errors import InvalidParameter, NotFound
from layers.opinions import (
    CONSENT,
    PIN,
    Draft,
    as_kind,
    find_subject,
    follow,
    public_summaries,
    submit,
)

from .context import credits_line, script_config
from .nearby import parse_position
from .opinion_words import closed_words, question_words, refused_words, subject_view

if TYPE_CHECKING:
    from app.desk import Desk
    from app.published import Published
    from app.wording import Wording
    from layers.opinions import Subject
    from layers.snapshot import Atlas
    from layers.store import Opinion, OpinionKind

router = APIRouter(prefix="/opinions", include_in_schema=False)

_HONEYPOT = "website"
"""A field that nobody sees; whoever fills it in is no person."""


@router.api_route("", methods=["GET", "HEAD"])
def get_opinions(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    desk: DeskDep,
    about: str = "",
    at: str = "",
    kind: str = "opinion",
    lang: str | None = None,
) -> Response:
    """Return the form about one subject, or without one what can be done here.

    ``at=117.0,36.6`` is about a free place, where the operator takes such opinions.
    """
    words = _words(request, lang)
    if at and not about and desk.terms.pins:
        return _at(request, atlas, published, desk, words, at)
    if not about:
        return _home(request, atlas, published, desk, words)
    subject = find_subject(atlas, about, pins=desk.terms.pins)
    return _form(request, desk, words, subject, as_kind(kind))


@router.post("")
async def post_opinion(
    request: Request, atlas: AtlasDep, published: PublishedDep, desk: DeskDep, form: FormDep
) -> Response:
    """Take an opinion, and show its receipt number once."""
    refuse_other_sites(request)
    words = _words(request, form.get("lang"))
    subject = find_subject(atlas, form.get("about", ""), pins=desk.terms.pins)
    kind = as_kind(form.get("kind", "opinion"))
    now = current_time()
    if desk.terms.closed(kind, now) is not None:
        return _form(request, desk, words, subject, kind, form, status=403)
    wait = desk.wait_s(request.client.host if request.client else "", now.date())
    if wait:
        return _too_many(request, words, wait)
    try:
        receipt = await run_in_threadpool(_take, published, desk, subject, form)
    except InvalidParameter as fault:
        return _form(request, desk, words, subject, kind, form, fault, 422)
    return _page(
        request, "received.html", words, 201, receipt=receipt, about=subject_view(subject, words)
    )


def _take(published: Published, desk: Desk, subject: Subject, form: dict[str, str]) -> str:
    now = current_time()
    if form.get(_HONEYPOT):
        raise InvalidParameter("token", "This form is not valid any more; answer anew.")
    draft = Draft(
        form.get("kind", "opinion"),
        form.get("text", ""),
        form.get("contact", ""),
        form.get("consent", ""),
    )
    challenge = desk.challenges.check(form.get("token", ""), form.get("answer", ""), now)
    return submit(published.store, desk.seal, subject, draft, challenge, now)


@router.api_route("/privacy", methods=["GET", "HEAD"])
def get_privacy(request: Request, lang: str | None = None) -> Response:
    """Return the words that people agree to."""
    settings = request.app.state.settings
    return _page(
        request,
        "privacy.html",
        _words(request, lang),
        consent=CONSENT,
        contact_days=settings.contact_days,
    )


@router.get("/follow")
def get_follow(request: Request, lang: str | None = None) -> Response:
    """Return where a receipt number is typed."""
    return _page(request, "follow.html", _words(request, lang), opinion=None, typed="", fault=None)


@router.post("/follow")
async def post_follow(
    request: Request, atlas: AtlasDep, published: PublishedDep, desk: DeskDep, form: FormDep
) -> Response:
    """Show how far an opinion has come; its number is in no address and so in no log."""
    words = _words(request, form.get("lang"))
    return await _with_receipt(request, atlas, published, desk, words, form, erase=False)


@router.post("/erase")
async def post_erase(
    request: Request, atlas: AtlasDep, published: PublishedDep, desk: DeskDep, form: FormDep
) -> Response:
    """Erase an opinion, once its author has confirmed it."""
    refuse_other_sites(request)
    words = _words(request, form.get("lang"))
    return await _with_receipt(
        request, atlas, published, desk, words, form, erase=form.get("confirm") == "yes"
    )


async def _with_receipt(
    request: Request,
    atlas: Atlas,
    published: Published,
    desk: Desk,
    words: Wording,
    form: dict[str, str],
    *,
    erase: bool,
) -> Response:
    now, typed = current_time(), form.get("receipt", "")[:100]
    wait = desk.wait_s(request.client.host if request.client else "", now.date())
    if wait:
        return _too_many(request, words, wait)
    try:
        found = await run_in_threadpool(follow, published.store, typed)
        if erase:
            store = published.store.opinions
            await run_in_threadpool(store.erase, found.number, author="public", now=now)
            found = await run_in_threadpool(follow, published.store, typed)
    except InvalidParameter as fault:
        said = refused_words(fault, words)
        return _page(request, "follow.html", words, 422, opinion=None, typed=typed, fault=said)
    return _page(
        request,
        "follow.html",
        words,
        opinion=found,
        typed=typed,
        fault=None,
        about=_about(atlas, found, words),
        erasing=form.get("step") == "erase",
    )


def _at(
    request: Request, atlas: Atlas, published: Published, desk: Desk, words: Wording, at: str
) -> Response:
    """Return the form about a free place; one that is none is said where it was typed."""
    place = parse_position(at) or (0.0, 0.0)
    try:
        subject = find_subject(atlas, f"{PIN}/{place[0]:.5f},{place[1]:.5f}", pins=True)
    except NotFound:
        return _home(request, atlas, published, desk, words, typed=at[:60])
    return _form(request, desk, words, subject, "opinion")


def _home(
    request: Request,
    atlas: Atlas,
    published: Published,
    desk: Desk,
    words: Wording,
    typed: str = "",
) -> Response:
    closed = _closed(desk, words, "opinion")
    shown = [
        {"about": about, "summary": each.summary, "kind": each.kind, "day": each.answered}
        for each in published.store.opinions.summaries()
        if (about := _about(atlas, each, words)) is not None
    ]
    return _page(
        request,
        "home.html",
        words,
        summaries=shown,
        closed=closed,
        typed=typed,
        **_pin_map(request, published, words, is_there=desk.terms.pins and closed is None),
    )


def _pin_map(
    request: Request, published: Published, words: Wording, *, is_there: bool
) -> dict[str, Any]:
    """Return what draws the map on which a free place is chosen."""
    if not is_there:
        return {"figure": None}
    state = published.latest
    layers = state.atlas.layers.values()
    figure = state.maps[WHOLE_ATLAS]
    return {
        "figure": figure,
        "config": script_config(layers, words, figure, get_settings(request).most_drawn),
        "credits": credits_line(layers, words),
    }


def _about(atlas: Atlas, opinion: Opinion, words: Wording) -> dict[str, str] | None:
    """Return what an opinion is about; None for what is not public any more."""
    try:
        return subject_view(find_subject(atlas, opinion.ref, pins=True), words)
    except NotFound:
        return None


def _closed(desk: Desk, words: Wording, kind: OpinionKind) -> str | None:
    closed = desk.terms.closed(kind, current_time())
    return None if closed is None else closed_words(closed, desk.terms, words)


def _form(
    request: Request,
    desk: Desk,
    words: Wording,
    subject: Subject,
    kind: OpinionKind,
    form: dict[str, str] | None = None,
    fault: InvalidParameter | None = None,
    status: int = 200,
) -> Response:
    given = form or {}
    closed = _closed(desk, words, kind)
    token = desk.challenges.ask(current_time())
    store = get_published(request).store
    return _page(
        request,
        "form.html",
        words,
        status,
        about=subject_view(subject, words),
        kind=kind,
        closed=closed,
        token=token,
        question=question_words(desk.challenges.question(token), words),
        typed={name: given.get(name, "") for name in ("text", "contact")},
        consent=CONSENT,
        fault=None if fault is None else refused_words(fault, words),
        summaries=public_summaries(store, subject),
    )


def _too_many(request: Request, words: Wording, wait: int) -> Response:
    minutes = -(-wait // 60)
    answer = _page(request, "wait.html", words, 429, minutes=minutes)
    answer.headers["Retry-After"] = str(wait)
    return answer


def _words(request: Request, lang: str | None) -> Wording:
    atlas = get_published(request).latest.atlas
    return get_templates(request).wording(atlas, parse_language(lang))


def _page(
    request: Request, template: str, words: Wording, status: int = 200, **context: object
) -> Response:
    other = "zh" if words.language == "en" else "en"
    kept = {k: v for k, v in request.query_params.items() if k in {"about", "kind"}}
    path = request.url.path if request.method in {"GET", "HEAD"} else "/opinions"
    html = get_templates(request).render(
        f"opinions/{template}",
        atlas=words.atlas,
        lang=words.language,
        self_href=path,
        switch_href=f"{path}?{urlencode(kept | {'lang': other})}",
        query="?lang=en" if words.language == "en" else "",
        **context,
    )
    # Forms carry what is good for once, and answers are for one person.
    return Response(html, status, {"Cache-Control": "no-store"}, media_type="text/html")
