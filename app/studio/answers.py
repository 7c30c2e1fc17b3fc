"""How the studio answers: pages that nobody keeps, and redirects after something was done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import RedirectResponse

from app.dependencies import get_published, get_templates
from app.i18n import LANGUAGES, Language, parse_language

from .finding_words import say_finding
from .sentences import done, refused

if TYPE_CHECKING:
    from fastapi import Request

    from app.access import Visitor
    from app.wording import Wording
    from layers.errors import AtlasError

_LANGUAGE_COOKIE = "lang"
_NO_STORE = {"Cache-Control": "no-store"}


def language_of(request: Request) -> Language:
    """Return the language that somebody asks for now, or has asked for before."""
    asked = request.query_params.get("lang") or request.cookies.get(_LANGUAGE_COOKIE)
    return parse_language(asked)


def words_of(request: Request) -> Wording:
    """Return what puts things into the words of whoever asks."""
    atlas = get_published(request).latest.atlas
    return get_templates(request).wording(atlas, language_of(request))


def page(
    request: Request,
    template: str,
    visitor: Visitor | None,
    status: int = 200,
    *,
    fault: AtlasError | None = None,
    **context: object,
) -> Response:
    """Return a page of the studio.

    Parameters
    ----------
    template : str
        Below ``app/templates/studio``.
    visitor : Visitor or None
        Who is logged in; None on the page where that is done.
    fault : AtlasError, optional
        Why what was asked for is not done.
    """
    words = words_of(request)
    language, gettext = words.language, words.gettext
    html = get_templates(request).render(
        f"studio/{template}",
        atlas=words.atlas,
        lang=language,
        visitor=visitor,
        here=request.url.path,
        in_chinese=partial(say_finding, language=language),
        done=done(request.query_params.get("done"), gettext),
        fault=None if fault is None else refused(fault, gettext),
        **context,
    )
    answer = Response(html, status, _NO_STORE, media_type="text/html")
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie(_LANGUAGE_COOKIE, language, path="/studio", samesite="lax")
    return answer


def go_to(path: str, done: str | None = None) -> Response:
    """Send a browser to a page after something was done, so that reloading does it no second time.

    Parameters
    ----------
    done : str, optional
        What was; the page has a sentence for it.
    """
    where = path if done is None else f"{path}{'&' if '?' in path else '?'}done={quote(done)}"
    return RedirectResponse(where, 303, _NO_STORE)
