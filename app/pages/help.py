"""Help in plain words, what is known to fail for whom, and where all pages are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, TemplatesDep
from app.i18n import gettext_noop, parse_language
from app.links import base_of
from layers.profiles import all_zones

from .answers import page_response
from .context import page_href, plan_href
from .public import feature_path, frame, href

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.wording import Wording
    from layers.snapshot import Atlas

router = APIRouter()

MOST_ADDRESSES = 50_000
"""Addresses that one sitemap may hold (sitemaps.org, protocol 0.9)."""

FAILURES = (
    gettext_noop("交互地图上的图形不能逐个用 Tab 键走到；同一页的列表里有全部对象，作用相同。"),
    gettext_noop("规划原文和地名只有中文；英文页面里它们标明了语言，但没有翻译。"),
    gettext_noop("指标图和静态地图用文字说明概括，不能逐点听读；旁边都有数据表或列表。"),
    gettext_noop("下载的 PDF 和地理数据文件没有做无障碍标记；网页上有同样的内容。"),
    gettext_noop("接口和部分错误提示只有英文。"),
)
"""What is known to fail, as the accessibility statement says it."""


@router.api_route("/help", methods=["GET", "HEAD"])
def get_help(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, lang: str | None = None
) -> Response:
    """Return what the atlas is, how to read it, and what each group does with it."""
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    context = help_context(atlas, words) | frame(request, words, "help", "/help")
    return page_response(
        request, templates.render("help.html", atlas=atlas, lang=language, **context)
    )


@router.api_route("/accessibility", methods=["GET", "HEAD"])
def get_accessibility(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, lang: str | None = None
) -> Response:
    """Return what is done for everybody to be able to use the atlas, and what is known to fail."""
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    context: dict[str, Any] = {"failures": [words.gettext(each) for each in FAILURES]}
    context |= frame(request, words, "", "/accessibility")
    return page_response(
        request, templates.render("accessibility.html", atlas=atlas, lang=language, **context)
    )


@router.api_route("/sitemap.xml", methods=["GET", "HEAD"])
def get_sitemap(request: Request, atlas: AtlasDep) -> Response:
    """Return the addresses of all public pages (sitemaps.org, protocol 0.9).

    Features of layers that are not listed one by one are left out.
    """
    base = base_of(request)
    places = [f"  <url><loc>{escape(base + path)}</loc></url>" for path in _paths(atlas)]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
        *places[:MOST_ADDRESSES],
        "</urlset>",
    ]
    return Response("\n".join(lines) + "\n", media_type="application/xml")


def _paths(atlas: Atlas) -> Iterator[str]:
    plan = atlas.catalogue.plan
    yield from ("/", "/nearby", "/zones", "/tables", "/compare", "/areas", "/embed", "/help")
    yield from ("/accessibility", "/indicators")
    yield from (f"/plan/{plan}{end}" for end in ("", "/coverage", "/statements"))
    yield from (f"/zones/{each.id}" for each in all_zones(atlas))
    for layer_id, snapshot in atlas.listed.items():
        yield f"/tables/{layer_id}"
        for feature in snapshot.features:
            yield feature_path(layer_id, feature.id)


def help_context(atlas: Atlas, words: Wording) -> dict[str, Any]:
    """Return the context of ``help.html``; see the comment at the top of the template."""
    named = atlas.named(atlas.catalogue.plan)
    codes = atlas.catalogue.codes
    return {
        "plan_title": atlas.outline.title_en if words.language == "en" else atlas.outline.title,
        "named": named,
        "total": sum(named.values()),
        "precisions": [
            (f"{code} · {words.code('precision', code)}", words.code("precision", code, "meaning"))
            for code in codes.get("precision", {})
        ],
        "stages": [
            (words.code("stage", code), words.code("stage", code, "meaning"))
            for code in codes.get("stage", {})
        ],
        "map_href": page_href(None, words.language),
        "plan_href": plan_href(atlas.catalogue.plan, words),
        "nearby_href": href("/nearby", words),
        "zones_href": href("/zones", words),
        "tables_href": href("/tables", words),
        "areas_href": href("/areas", words),
        "compare_href": href("/compare", words),
        "indicators_href": href("/indicators", words),
        "print_href": href("/print", words),
        "opinions_href": href("/opinions", words),
        "statements_href": plan_href(atlas.catalogue.plan, words, "statements"),
        "coverage_href": plan_href(atlas.catalogue.plan, words, "coverage"),
        "embed_href": href("/embed", words),
        "api_href": href("/api", words, f="html"),
    }
