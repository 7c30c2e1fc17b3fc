"""The built documents at /docs: every file, safe paths, and a policy that names each script."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from app.main import create_app
from app.settings import Settings


@pytest.fixture(scope="module")
def documented(tmp_path_factory, built_docs):
    """Return an atlas that was told where its documents are."""
    return create_app(Settings(home=tmp_path_factory.mktemp("home"), docs=built_docs))


@pytest.fixture
def reader(documented, over):
    return over(documented)


def policy_of(answer) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    return {name: values for name, *values in parts}


def test_every_file_of_the_documents_is_there_as_it_was_built(reader, built_docs):
    files = [path for path in sorted(built_docs.rglob("*")) if path.is_file()]
    assert len(files) > 60
    for path in files:
        answer = reader.get(f"/docs/{path.relative_to(built_docs).as_posix()}")
        assert answer.status_code == 200, path
        assert answer.content == path.read_bytes()
        assert answer.headers["content-type"] != "application/octet-stream", path


def test_the_policy_of_a_page_names_its_own_scripts_and_nothing_else(reader, built_docs):
    for path in sorted(built_docs.rglob("*.html")):
        answer = reader.get(f"/docs/{path.relative_to(built_docs).as_posix()}")
        policy = policy_of(answer)
        inline = [
            code
            for attributes, code in re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.S)
            if "src=" not in attributes and "json" not in attributes
        ]
        digests = [base64.b64encode(hashlib.sha256(x.encode()).digest()).decode() for x in inline]
        assert inline
        assert set(policy["script-src"]) == {"'self'", *(f"'sha256-{each}'" for each in digests)}
        assert policy["style-src"] == ["'self'"]
        assert policy["default-src"] == ["'none'"]
        assert "unsafe" not in str(policy)
        assert "<style" not in answer.text
        assert " style=" not in answer.text


def test_no_page_fetches_anything_from_another_host(built_docs):
    for path in sorted(built_docs.rglob("*.html")):
        tags = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*>", path.read_text("utf-8"))
        assert not [tag for tag in tags if re.search(r'(src|href)="(https?:)?//', tag)], path


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/docs", "/docs/"),
        ("/docs/deploy", "/docs/deploy/"),
        ("/docs/decisions", "/docs/decisions/"),
    ],
)
def test_a_folder_is_its_first_page_and_says_so_with_a_stroke(reader, path, there):
    answer = reader.get(path)
    assert (answer.status_code, answer.headers["location"]) == (307, there)
    assert reader.get(there).text == reader.get(f"{there}index.html").text


@pytest.mark.parametrize(
    "path",
    [
        "/docs/nothing.html",
        "/docs/index.html/",
        "/docs/tutorials",
        "/docs/tutorials/",
        "/docs/..%2f..%2fpyproject.toml",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/docs//etc/passwd",
        "/docs/%00",
        "/docs/" + "x" * 5000,
        "/docs/%ff%fe",
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(reader, path):
    answer = reader.get(path)
    assert answer.status_code == 404
    assert "文档里没有" in answer.text


def test_nothing_above_the_folder_is_shown_even_by_a_link_in_it(tmp_path, over):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "index.html").write_text("<h1>docs</h1>", encoding="utf-8")
    (tmp_path / "secret.html").write_text("secret", encoding="utf-8")
    (folder / "link.html").symlink_to(tmp_path / "secret.html")
    reader = over(create_app(Settings(home=tmp_path / "home", docs=folder)))
    assert reader.get("/docs/").status_code == 200
    assert reader.get("/docs/link.html").status_code == 404


def test_a_file_is_sent_again_only_when_it_has_changed(reader):
    first = reader.get("/docs/api.html")
    again = reader.get("/docs/api.html", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = reader.head("/docs/api.html")
    assert (head.status_code, head.headers["etag"]) == (200, first.headers["etag"])


def test_where_they_are_not_built_one_sentence_says_how(visitor):
    for path in ("/docs", "/docs/", "/docs/api.html"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "运行 make docs" in answer.text
    assert "run make docs" in visitor.get("/docs?lang=en").text


@pytest.mark.parametrize("path", ["/", "/help", "/zones", "/api?f=html"])
@pytest.mark.parametrize(("lang", "start"), [("zh", "/docs/"), ("en", "/docs/english.html")])
def test_pages_lead_there_only_where_they_are_built(reader, visitor, path, lang, start):
    assert f'href="{start}"' in reader.get(path, params={"lang": lang, "f": "html"}).text
    assert "/docs/" not in visitor.get(path, params={"lang": lang, "f": "html"}).text


def test_the_first_page_is_chinese_and_the_english_one_a_click_away(reader):
    chinese, english = reader.read("/docs/"), reader.read("/docs/english.html")
    groups = ["我住在这里（公众）", "我做规划（规划人员）", "我管数据（GIS 人员）"]
    assert re.findall(r"<h2[^>]*>([^<]*)", chinese) == groups
    assert '<div lang="zh-CN">' in chinese
    for tutorial in ("public", "planners", "gis"):
        link = re.search(rf'href="tutorials/{tutorial}.html">(教程：[^<]+)</a>', chinese)
        assert link is not None
        assert link[1] in reader.read(f"/docs/tutorials/{tutorial}.html")
    assert re.search(r'<a href="english.html" lang="en">English start page</a>', chinese)
    assert re.search(r'<a href="index.html" lang="zh-CN">中文首页</a>', english)


def test_without_a_setting_they_are_looked_for_where_make_puts_them(tmp_path):
    assert not Settings(home=tmp_path).has_docs
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.html").touch()
    assert Settings(home=tmp_path).has_docs
