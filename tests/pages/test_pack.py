"""An evidence pack is one file that says what is known of a thing, and opens without a network."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from urllib.parse import unquote_to_bytes

import lxml.html
import pytest

from layers.geojson import feature_digest

PACK = "/features/projects/laoshangbu/pack.html"
ALL = [PACK, "/features/zones/beibu-hexinqu/pack.html", "/plan/shizhong-14-5/pack.html"]


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_refers_to_nothing_outside(visitor, path, lang):
    text = visitor.read(path, lang=lang)
    page = lxml.html.fromstring(text)
    leads = [str(each) for each in page.xpath("//@href | //@src | //@srcset | //@action | //@data")]
    assert all(each.startswith("data:") for each in leads)
    assert not page.xpath("//link | //script | //iframe | //object | //form")
    assert not re.findall(r"url\(|@import", text)
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")


def test_it_has_map_citations_precision_and_history(visitor):
    page = lxml.html.fromstring(visitor.read(PACK))
    assert page.xpath("//figure//*[name()='svg']//*[name()='path']")
    text = page.text_content()
    for words in (
        "示意，位置误差约 ±1.2 km",
        "街道外接框",
        "第四章 第一节 第2段",
        "加入图集",
        "第 1 版",
    ):
        assert words in text


def test_the_first_checksum_is_that_of_the_data_in_it(visitor, application):
    page = lxml.html.fromstring(visitor.read(PACK))
    (lead,) = page.xpath("//a[@download]/@href")
    data = unquote_to_bytes(lead.partition(",")[2])
    first = page.xpath("//code/text()")[0]
    assert hashlib.sha256(data).hexdigest() == first
    atlas = application.state.published.latest.atlas
    assert first == feature_digest(atlas.feature("projects/laoshangbu")[1])
    assert page.xpath("//pre")[0].text == data.decode()


def test_the_checksum_of_a_layer_is_in_the_address_of_its_revision(visitor, application):
    page = lxml.html.fromstring(visitor.read(PACK))
    layer = application.state.published.latest.atlas.layers["projects"]
    assert page.xpath("//code/text()")[1] == layer.digest
    assert layer.revision_id.partition("-")[2] == layer.digest


def test_the_pack_of_a_zone_names_what_lies_in_it(visitor):
    text = lxml.html.fromstring(visitor.read(ALL[1])).text_content()
    assert "老商埠二期" in text
    assert "涝坡峪" not in text


def test_the_pack_of_the_plan_has_every_public_project_and_every_figure(visitor, application):
    page = lxml.html.fromstring(visitor.read(ALL[2]))
    rows = {row.xpath("string(th)") for row in page.xpath("//tbody/tr")}
    atlas = application.state.published.latest.atlas
    assert {each.properties["name"] for each in atlas.layers["projects"].features} <= rows
    assert {each.name for each in atlas.indicators.indicators} <= rows


def test_it_is_sent_as_a_file_whose_bytes_stay_the_same(visitor):
    first, second = visitor.get(PACK), visitor.get(PACK)
    assert first.content == second.content
    assert 'filename="pack-projects-laoshangbu.html"' in first.headers["content-disposition"]
    known = visitor.get(PACK, headers={"if-none-match": first.headers["etag"]})
    assert known.status_code == 304


def test_markup_in_names_is_text(own, publish):
    visitor, store = own
    publish(store, "m", laoshangbu={"name": "</pre><script>alert(1)</script>"})
    page = lxml.html.fromstring(visitor.read(PACK))
    assert not page.xpath("//script")
    assert "<script>alert(1)</script>" in page.text_content()


def test_what_is_internal_has_no_pack(own, publish):
    visitor, store = own
    publish(store, "m", laoshangbu={"access": "internal"})
    assert visitor.get(PACK).status_code == 404
    assert "老商埠二期" in visitor.read(ALL[1])
    assert 'scope="row">老商埠</th>' not in visitor.read(ALL[1])


@pytest.mark.parametrize(
    "path", ["/features/projects/nothing/pack.html", "/features/x/y/pack.html", "/plan/x/pack.html"]
)
def test_what_there_is_not_has_no_pack(visitor, path):
    assert visitor.get(path).status_code == 404


def test_the_page_of_a_feature_leads_to_its_pack(visitor):
    assert f'href="{PACK}"' in visitor.read("/features/projects/laoshangbu")
    assert f'href="{PACK}?lang=en"' in visitor.read("/features/projects/laoshangbu", lang="en")


def test_the_command_writes_the_same_bytes(visitor, application, tmp_path):
    file = tmp_path / "pack.html"
    own = {key: value for key, value in os.environ.items() if not key.startswith("ATLAS_")}
    environment = own | {"ATLAS_HOME": str(application.state.settings.home), "PYTHONUTF8": "1"}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "app", "pack", *arguments],
            env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60,
        )  # fmt: skip

    done = run("zones/beibu-hexinqu", str(file))
    assert done.returncode == 0, done.stderr
    assert file.read_text(encoding="utf-8") == visitor.read(ALL[1])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pack.html"]
    refused = run("zones/nothing", str(file))
    assert refused.returncode == 4
    assert "name it as layer/id" in refused.stderr
