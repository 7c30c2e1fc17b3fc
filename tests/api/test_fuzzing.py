"""schemathesis attacks everything that the API's own description offers, with all of its checks.

`make fuzz` does it for every layer and with many more examples.
"""

from __future__ import annotations

import os
from collections import Counter
from uuid import uuid4

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import (
    FatalError,
    FuzzScenarioFinished,
    NonFatalError,
    ScenarioFinished,
)
from schemathesis.generation.modes import GenerationMode
from schemathesis.hooks import unregister

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account, new_token

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
LAYERS = "" if EXAMPLES else "(?!/collections/(district|zones|places))"
SQUARE = [[116.97, 36.56], [116.971, 36.56], [116.971, 36.561], [116.97, 36.561], [116.97, 36.56]]

CHECKS = {
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "negative_data_rejection",
    "positive_data_acceptance", "unsupported_method", "ignored_auth", "allow_header_conformance",
}  # fmt: skip
RIGHT = {
    "datetime": "2021-01-01/..",
    "revision": "1",
    "from": "1",
    "to": "1",
    "filter": "id = 'x' OR id IS NULL",
}

LIMIT_IS_CAPPED = "limit: Value greater than maximum"
"""Part 1, /req/core/fc-limit-definition: a larger limit is no error, the maximum is used."""

CONFIG = {
    "seed": 1,
    "generation": {"max-examples": EXAMPLES or 4, "deterministic": not EXAMPLES},
    "checks": {
        # 503 is promised where `min_seq` asks for more than there is.
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
        # What JSON Schema cannot say is said by 422: the checks of the published data. 412 is
        # If-Match with an ETag that is not the item's, 428 one that is needed: Part 4, section 8.
        "positive_data_acceptance": {
            "expected-statuses": [
                "2xx", "3xx", "401", "403", "404", "409", "412", "422", "428", "503",
            ],
        },
        "negative_data_rejection": {
            "expected-statuses": [
                "400", "401", "403", "404", "405", "409", "412", "422", "428", "503",
            ],
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def application(tmp_path_factory, declare):
    home = tmp_path_factory.mktemp("home")
    data = declare(home / "data", {"checks": []})
    return create_app(Settings(home=home, data=data))


@pytest.fixture(scope="module")
def token(application):
    store = application.state.published.store
    account = new_account("fuzz", "fuzz", "editor", "a long enough passphrase")
    store.people.add(account, author="test")
    made, secret = new_token(account, "fuzz", ["*:edit"], 1, ["parcels", "projects"])
    store.people.add_token(made, author="test")
    return secret


def before_call(context, case, kwargs) -> None:
    """Give parameters that depend on each other values that go together.

    A schema has no words for: south below north, in the system of `bbox-crs`; an end that is not
    before its start; a text in the language `filter-lang`; a closed ring; an id in a body that
    is the one in the address; a key that no other edit has. Where schemathesis means
    a request to be right, these are; where it means one to be wrong, they stay as it made them.
    """
    del context, kwargs
    if 1 <= len(str((case.headers or {}).get("Idempotency-Key", ""))) <= 200:
        case.headers["Idempotency-Key"] = str(uuid4())
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    query = case.query or {}
    if "bbox" in query:
        query["bbox"] = "116.9,36.5,117.1,36.7"
        query.pop("bbox-crs", None)
    # The item behind which a page begins must be one; TileJSON is of one set of tiles.
    query.pop("after", None)
    if query.get("f") == "tilejson":
        case.path_parameters["tileMatrixSetId"] = "WebMercatorQuad"
    query.update((name, RIGHT[name]) for name in RIGHT.keys() & query.keys())
    if "filter" in query and query.get("filter-lang") == "cql2-json":
        query["filter"] = '{"op":"=","args":[{"property":"id"},"x"]}'
    if not isinstance(case.body, dict):
        return
    if case.method == "PUT":
        case.body.pop("id", None)
    case.body.get("properties", {}).pop("地块编号", None)
    if isinstance(case.body.get("geometry"), dict):
        case.body["geometry"] = {"type": "Polygon", "coordinates": [SQUARE]}
        case.headers.pop("Content-Crs", None)


@pytest.fixture(scope="module")
def run(application, token):
    """Attack, and return every request with what the checks said of its answer."""
    headers = {"Authorization": f"Bearer {token}"}
    config = SchemathesisConfig.from_dict(CONFIG | {"headers": headers})
    schema = schemathesis.openapi.from_asgi("/api/openapi", application, config=config)
    chosen = schema.include(path_regex=f"^{LAYERS}/")
    if not EXAMPLES:
        # An edit of a project costs more time than one of a parcel and does nothing else.
        chosen = chosen.exclude(path_regex="/projects/", method=["POST", "PUT", "PATCH", "DELETE"])
    schemathesis.hook(before_call)
    events = list(from_schema(chosen).execute())
    unregister(before_call)
    return events


def checks_of(events):
    for event in events:
        if isinstance(event, ScenarioFinished | FuzzScenarioFinished):
            for made in event.recorder.checks.values():
                for check in made:
                    yield event, check


def test_every_answer_is_one_that_the_description_promises(run):
    faults = {
        f"{event.recorder.label}: {check.failure_info.failure.title}: "
        f"{check.failure_info.failure.message}\n{check.failure_info.code_sample}"
        for event, check in checks_of(run)
        if check.failure_info is not None
        and not (
            check.name == "negative_data_rejection"
            and LIMIT_IS_CAPPED in check.failure_info.failure.message
        )
    }
    broken = [str(each.value) for each in run if isinstance(each, NonFatalError | FatalError)]
    assert sorted(faults) == broken == []


def test_every_check_is_made(run):
    made = Counter(check.name for _, check in checks_of(run))
    assert made.keys() >= CHECKS
    assert made["not_a_server_error"] > 1_000
