"""The application, put together from settings."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from layers.background import DraftChecks
from layers.basemaps import read_basemaps
from layers.catalogue import bundled_data, read_bundle
from layers.publishing import check_store, seed_store
from layers.store import Store
from layers.uploads import Uploads

from .api import router as api_router
from .api.reads import Reads
from .assets import StaticTree
from .compression import Compress
from .desk import Desk
from .downloads import Downloads
from .identity import Provider
from .metrics import Metrics
from .observed import Observe
from .operation import router as operation_router
from .pages import router as pages_router
from .printing import router as printing_router
from .printing.routes import Sheets
from .problems import install_problem_handlers
from .published import Published
from .rate import Rate, RateLimit
from .scheduling import Scheduler
from .security import READ_BY_SCRIPTS, SENT_BY_SCRIPTS, SecurityHeaders
from .settings import DEFAULT_RATE
from .studio import router as studio_router
from .studio.identified import PATH as IDENTIFIED
from .templating import Templates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from layers.catalogue import Bundle

    from .settings import Settings

_LARGEST_BODY = 100_000_000
"""Bytes of a body after which a connection is ended; routes that take one have limits of theirs."""

_SMALLEST_COMPRESSED = 500
"""Bytes below which an answer is sent as it is."""


def create_app(settings: Settings) -> FastAPI:
    """Open the store, bring in the shipped data, and return the application.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    FastAPI
        Ready to answer; nothing is left to fail at a visitor's request.

    Raises
    ------
    DataInvalid
        If published data break a rule, or a basemap cannot be drawn.
    StoreUnavailable
        If the store cannot be opened.
    UnknownAsset
        If a map needs a script or style that has no local copy.
    """
    bundle = read_bundle(settings.data or bundled_data())
    basemaps = read_basemaps(settings.basemaps) if settings.basemaps else ()
    store = Store(settings.store_address)
    check_store(store, bundle)
    seed_store(store, bundle)
    assets = StaticTree()
    published = Published(
        store, bundle, assets, settings.snapshots, settings.largest_packed or None
    )
    sheets = Sheets(settings.home / "printing")
    reads = Reads(published, settings.public_url)
    rate = None if settings.rate_limit == "" else Rate(settings.rate_limit or DEFAULT_RATE)
    app = FastAPI(
        title=bundle.catalogue.title,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_listening(
            published,
            reads,
            sheets,
            rate if settings.rate_limit else None,
            settings.contact_days,
        ),
        max_body_size=_LARGEST_BODY,
    )
    app.state.published, app.state.assets, app.state.sheets = published, assets, sheets
    app.state.basemaps = {each.id: each for each in basemaps}
    app.state.metrics = Metrics(published, settings, reads.answered)
    _add_states(app, settings, store, bundle)
    app.include_router(pages_router)
    app.include_router(printing_router)
    app.include_router(api_router)
    app.include_router(studio_router)
    app.include_router(operation_router)
    assets.mount(app)
    install_problem_handlers(app)
    _add_middleware(
        app, rate, settings.embedded_by, [each for one in basemaps for each in one.origins]
    )
    app.add_middleware(Observe, metrics=app.state.metrics)
    _resolve_routes(app)
    return app


def _add_states(app: FastAPI, settings: Settings, store: Store, bundle: Bundle) -> None:
    """Lay ready what routes ask for by name, beside what is published; see `app.dependencies`."""
    app.state.settings = settings
    app.state.downloads = Downloads(settings.home / "downloads")
    app.state.desk = Desk(settings)
    app.state.provider = Provider.of(settings, IDENTIFIED)
    app.state.uploads = Uploads(settings.home / "uploads", store, bundle)
    app.state.draft_checks = DraftChecks(store, bundle)
    app.state.templates = Templates(
        app.state.assets,
        review_number=settings.review_number,
        opinions=settings.opinions,
        documents=settings.has_docs,
    )


def _add_middleware(app: FastAPI, rate: Rate | None, embedded_by: str, pictures: list[str]) -> None:
    """Put around the application what every answer passes through; the last is the outermost."""
    app.add_middleware(Compress, minimum_size=_SMALLEST_COMPRESSED)
    if rate is not None:
        app.add_middleware(RateLimit, rate=rate)
    app.add_middleware(SecurityHeaders, embedded_by=embedded_by, pictures=pictures)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=SENT_BY_SCRIPTS,
        expose_headers=READ_BY_SCRIPTS,
    )


def _resolve_routes(app: FastAPI) -> None:
    """Have every route look up what it needs now; the first visitor would wait 0.1 s for it."""
    nowhere = {"type": "http", "method": "GET", "path": "/api/.", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches(nowhere)


def _listening(
    published: Published, reads: Reads, sheets: Sheets, rate: Rate | None, contact_days: int
) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, object]]]:
    """Return what keeps the published state listening while the application runs.

    It gives the server what it answers reads with, and by what it counts them.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
        scheduler = Scheduler(published, contact_days=contact_days)
        published.start()
        scheduler.start()
        try:
            yield {"reads": reads, "rate": rate}
        finally:
            scheduler.stop()
            published.stop()
            sheets.close()

    return lifespan
