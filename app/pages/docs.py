"""The documents of the project, where they were built: ``make docs``."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.assets import media_type_of
from app.dependencies import AtlasDep, SettingsDep, TemplatesDep
from app.i18n import parse_language
from app.security import policy
from layers.errors import NotFound

from .answers import is_known

if TYPE_CHECKING:
    from pathlib import Path

router = APIRouter()

_SCRIPT = re.compile(rb"<script([^>]*)>(.*?)</script>", re.DOTALL)
_NOT_RUN = re.compile(rb'\ssrc=|\stype="application/json"')


@router.api_route("/docs", methods=["GET", "HEAD"])
@router.api_route("/docs/{path:path}", methods=["GET", "HEAD"])
def get_document(
    request: Request,
    atlas: AtlasDep,
    templates: TemplatesDep,
    settings: SettingsDep,
    path: str = "",
    lang: str | None = None,
) -> Response:
    """Return a file of the built documents; a folder is its ``index.html``.

    Raises
    ------
    NotFound
        If there is none, or the documents are not built.
    """
    words = templates.wording(atlas, parse_language(lang))
    if not settings.has_docs:
        raise NotFound(
            words.gettext(
                "这里没有生成文档：运行 make docs，或用 ATLAS_DOCS 指明文档所在的文件夹。"
            )
        )
    found = _find(settings.docs_folder, path)
    if found is None:
        raise NotFound(words.say("文档里没有“{path}”；从 /docs/ 开始找。", path=path[:100]))
    if found.name == "index.html" and not request.url.path.endswith(("/", "/index.html")):
        # What a page names beside itself would be looked for one folder too high.
        return RedirectResponse(f"{request.url.path}/")
    return _file(request, found)


def _find(folder: Path, path: str) -> Path | None:
    """Return the file of an address below the folder, whatever the address says."""
    try:
        root = folder.resolve()
        found = (root / path).resolve()
        if found.is_dir():
            found = found / "index.html"
        is_there = found.is_relative_to(root) and found.is_file() and not path.endswith(".html/")
    except (OSError, ValueError):
        # No file system has such a name.
        return None
    return found if is_there else None


def _file(request: Request, path: Path) -> Response:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:32]
    headers = {"ETag": f'"{digest}"', "Cache-Control": "no-cache"}
    media_type = media_type_of(path.name)
    if media_type.startswith("text/html"):
        headers["Content-Security-Policy"] = policy(scripts=_inline_scripts(content))
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


@lru_cache(maxsize=100)
def _inline_scripts(page: bytes) -> str:
    """Return the digests of the scripts in a page, which are all that may run in it.

    They stand in the policy one by one (CSP3, section 2.3.1), since MkDocs Material has some in
    each page; an attribute with a script or a style is not allowed by them.
    """
    scripts = [
        code for attributes, code in _SCRIPT.findall(page) if not _NOT_RUN.search(attributes)
    ]
    digests = (base64.b64encode(hashlib.sha256(each).digest()).decode() for each in scripts)
    return " ".join(dict.fromkeys(f"'sha256-{each}'" for each in digests))
