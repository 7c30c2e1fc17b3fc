"""A real server and a watched browser: whatever goes wrong unseen fails the test."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import expect
from shapely.affinity import translate

from app.main import create_app
from app.settings import Settings
from layers.publishing import import_plan
from layers.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

CHROMIUM = "/usr/bin/chromium"
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
_LOOKS, _BETWEEN_MS = 400, 50

# Five seconds, as it is by itself, are too few where much else runs.
expect.set_options(timeout=20_000)


@contextmanager
def serve(application: Any) -> Iterator[str]:
    """Run an ASGI application on a free port of this machine; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, log_level="warning", lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while thread.is_alive() and not server.started:
            thread.join(0.01)
        assert server.started, "the server did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    with serve(create_app(Settings(home=tmp_path_factory.mktemp("home")))) as address:
        yield address


@pytest.fixture(scope="session")
def reading_server(tmp_path_factory, plan_text) -> Iterator[str]:
    """Serve an atlas into which a text of its plan was imported."""
    home = tmp_path_factory.mktemp("reading")
    import_plan(
        Store(home / "atlas.sqlite"),
        plan_text.encode("gb18030"),
        plan_id="shizhong-14-5",
        title="试写规划",
        title_en="A plan written for tests",
        date="2026-01",
        author="test",
        message="",
    )
    with serve(create_app(Settings(home=home))) as address:
        yield address


@pytest.fixture
def read(visit, watch: Watch, reading_server: str):
    """Open a path of the atlas that has a text."""
    watch.allowed.add(urlsplit(reading_server).netloc)

    def open_path(path: str, *, on: Page | None = None) -> Page:
        return visit(path, on=on, address=reading_server)

    return open_path


@pytest.fixture(scope="session")
def changed_server(tmp_path_factory, plan_text) -> Iterator[str]:
    """Serve an atlas whose projects have three revisions, and whose plan has two texts.

    Since the first revision one project was renamed, one added and one withdrawn.
    """
    home = tmp_path_factory.mktemp("changed")
    create_app(Settings(home=home))
    store = Store(home / "atlas.sqlite")
    for text in (plan_text, plan_text.replace("再修大观园", "再修二七路")):
        import_plan(
            store,
            text.encode(),
            plan_id="shizhong-14-5",
            title="试写规划",
            title_en="A plan written for tests",
            date="2026-01",
            author="test",
            message="",
        )
    _publish_changes(store)
    store.close()
    with serve(create_app(Settings(home=home))) as address:
        yield address


def _publish_changes(store: Store) -> None:
    head = store.head("projects")
    features = [
        replace(each, properties={**each.properties, "name": "新名"})
        if each.id == "yufuhe"
        else each
        for each in store.features(head)
    ]
    copied = next(each for each in features if each.id == "laoshangbu")
    there = translate(copied.geometry, -0.03, -0.06)
    named = {**copied.properties, "name": "新办公楼", "name_en": "New offices"}
    features.append(replace(copied, id="ban-gong-lou", geometry=there, properties=named))
    head = store.publish(
        "projects", features, base=head, kind="publish", author="test", message="改名、新增"
    )
    left = [each for each in features if each.id != "laoshangbu-erqi"]
    store.publish("projects", left, base=head, kind="publish", author="test", message="撤下")


@pytest.fixture
def visit_changed(visit, watch: Watch, changed_server: str):
    """Open a path of the atlas that has a past."""
    watch.allowed.add(urlsplit(changed_server).netloc)

    def open_path(path: str, *, on: Page | None = None) -> Page:
        return visit(path, on=on, address=changed_server)

    return open_path


@pytest.fixture
def start(watch: Watch):
    """Start one more server for a test; its address may be asked for."""
    with ExitStack() as stack:

        def start_server(application: Any) -> str:
            address = stack.enter_context(serve(application))
            watch.allowed.add(urlsplit(address).netloc)
            return address

        yield start_server


@pytest.fixture(scope="session")
def base_url() -> None:
    """Take the place of pytest-playwright's own fixture, which pytest 9 warns about."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    flags = [
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": flags}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {
        **browser_context_args,
        "viewport": DESKTOP,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "reduced_motion": "reduce",
    }


class Watch:
    """Collects what a visitor would not see: errors, and requests that leave for another host."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.requested: list[str] = []
        self.hosts: set[str] = set()
        self.expected: list[str] = []
        self.passed: list[str] = []
        self.allowed: set[str] = set()

    def over(self, context: BrowserContext, address: str) -> None:
        self.allowed.add(urlsplit(address).netloc)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        if any(part in message.text for part in self.expected):
            self.passed.append(message.text)
        else:
            self.faults.append(f"console: {message.text} {message.location}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"data", "blob"}:
            return
        self.requested.append(request.url)
        self.hosts.add(address.netloc)
        if address.netloc not in self.allowed:
            self.faults.append(f"another host: {request.url}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    assert watch.faults == []


@pytest.fixture
def context(watch: Watch, context: BrowserContext, server: str) -> BrowserContext:
    watch.over(context, server)
    return context


@pytest.fixture
def phone(browser: Browser, browser_context_args, watch: Watch, server: str) -> Iterator[Page]:
    settings = {**browser_context_args, "viewport": PHONE, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**settings)
    watch.over(context, server)
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(page: Page, server: str):
    """Open a path of the atlas and wait until its data are drawn."""

    def open_path(path: str = "/", *, on: Page | None = None, address: str = server) -> Page:
        there = on or page
        there.goto(address + path)
        there.locator("html[data-ready]").wait_for(state="attached")
        return there

    return open_path


@pytest.fixture
def until(page: Page):
    """Wait until an expression holds on the page.

    Playwright's own way evaluates a string later on, which the pages' policy forbids.
    """

    def wait(expression: str, given: Any = None, *, on: Page | None = None) -> None:
        there = on or page
        for _ in range(_LOOKS):
            if there.evaluate(expression, given):
                return
            there.wait_for_timeout(_BETWEEN_MS)
        raise AssertionError(f"it never came to hold: {expression}")

    return wait


CLEAR_POINT = """([ref, others]) => {
  const shape = window.atlas.layers[ref.split("/")[0]].getLayers()
    .flatMap((layer) => layer.getLayers ? layer.getLayers() : [layer])
    .find((layer) => layer.atlasRef === ref).getElement();
  const box = shape.getBoundingClientRect();
  for (let step = 0; step < 1600; step += 1) {
    const x = box.left + box.width * ((step % 40) + 0.5) / 40;
    const y = box.top + box.height * (Math.floor(step / 40) + 0.5) / 40;
    const near = ([dx, dy]) => document.elementsFromPoint(x + dx, y + dy)
      .filter((element) => element.matches("path.shape"));
    const count = (places) => {
      const projects = new Set(places.flatMap(near)
        .filter((element) => element.closest(".leaflet-atlas-projects-pane")));
      projects.delete(shape);
      return projects.size;
    };
    const around = [[9, 0], [-9, 0], [0, 9], [0, -9], [7, 7], [-7, -7], [7, -7], [-7, 7]];
    const there = near([0, 0]).includes(shape) && document.elementFromPoint(x, y).closest("svg");
    if (there && count([[0, 0]]) === others && count([[0, 0], ...around]) === others) {
      return [x, y];
    }
  }
  return null;
}"""


@pytest.fixture
def click_shape(page: Page):
    """Click on a shape where exactly so many other projects lie within reach."""

    def click(ref: str, *, others: int = 0) -> None:
        point = page.evaluate(CLEAR_POINT, [ref, others])
        assert point, f"{ref} has no such point in view"
        page.mouse.click(*point)

    return click


@pytest.fixture
def features(page: Page):
    """Fetch the features of a layer in the page that is open."""

    def fetch(layer_id: str) -> list[dict[str, Any]]:
        return page.evaluate(
            """async (id) => {
              const config = JSON.parse(document.getElementById("atlas-config").textContent);
              const layer = config.layers.find((each) => each.id === id);
              return (await (await fetch(layer.url)).json()).features;
            }""",
            layer_id,
        )

    return fetch
