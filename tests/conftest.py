"""What tests of every kind share: data that may be broken, and a plan that nobody has issued."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from layers.catalogue import bundled_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


PLAN_TEXT = """试写规划
二 〇 二六年一月
第一章总则
试写开篇
为检验图集而写,共三章。今后五年产值力争超过120亿元。
第二章空间
第一节北部
“一埠”,即老商埠。先修老商埠二期,再修大观园。
总部企业聚集圈先谋划、后建设。沿经十路布局。
第二节 西 部
党家“智慧城”另行选址,党家片区先行。二环西“创智谷”同步推进。
第三章落实
强化督查。
办好事情。
"""
"""Written for the tests; it names places of the atlas, with traps for whoever links them."""


@pytest.fixture(scope="session")
def plan_text() -> str:
    return PLAN_TEXT


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    shutil.copytree(bundled_data(), folder)
    return folder


@pytest.fixture
def edit(data) -> Callable[[str, Callable[[dict[str, Any]], None]], None]:
    """Change a GeoJSON file of the copy in place."""

    def change(file: str, how: Callable[[dict[str, Any]], None]) -> None:
        path = data / "geojson" / file
        document = json.loads(path.read_text(encoding="utf-8"))
        how(document)
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    return change
