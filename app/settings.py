"""The only reader of the environment."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import typer
from limits import parse
from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_RATE = "60000/minute"

_ORIGIN = r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?"
"""A host as Content-Security-Policy has it (CSP3, section 2.3.1); nothing else may get into it."""


class Settings(BaseSettings):
    """How this atlas runs; each field is an environment variable with the prefix ``ATLAS_``.

    Attributes
    ----------
    home : Path
        Folder of the store and of everything else that the atlas keeps.
    store : str or None
        Address of a PostgreSQL database, ``postgresql://…``; None for a file in `home`.
    data : Path or None
        Folder of published data (``geojson/catalog.json`` and so on); None for the shipped one.
    docs : Path or None
        Folder of the built documents, which are shown at ``/docs``; None for `home`/docs, where
        ``make docs`` puts them.
    host, port
        Where `atlas serve` listens.
    review_number : str or None
        The map review number (审图号) that public maps must carry, if there is one.
    largest_packed : int
        Features beyond which a layer of a PostgreSQL store is served from the database; 0 for
        never.
    basemaps : Path or None
        File that names the basemaps that the map may be drawn upon; without one no other host is
        ever asked.
    most_drawn : int
        Features of a layer up to which the map page lists and draws each; a larger one is shown as
        vector tiles.
    public_url : str or None
        Scheme and host under which clients know the atlas, as in ``https://atlas.example``; without
        it links repeat what each request says.
    embed_hosts : str
        Whose pages may show the maps in a frame, as in ``https://www.example.cn https://*.gov.cn``;
        ``*`` for everybody's, empty for nobody's but our own. The studio is never shown in one.
    review_number_expires : date or None
        The last day of the review number, as in ``2027-06-30``; the studio reminds of it in time.
    old_draft_days : int
        After so many days the studio reminds of a draft that waits.
    metrics_token : SecretStr or None
        What ``/metrics`` asks for as a Bearer token; without one it answers this machine only.
    idle_minutes : int
        After so many minutes without a request, whoever is logged in has to do it again.
    oidc_issuer : str or None
        OpenID provider through which people may log in; ``https`` but on this machine. It wants
        `public_url` and `oidc_client_id` too.
    oidc_client_id, oidc_client_secret
        What the atlas is called there, and what it proves it by.
    oidc_claim : str
        Claim of the ID token that is the name of an account, which must be there already.
    rate_limit : str or None
        What one client may ask of a worker, as in ``12000/minute``; empty for no limit. None for
        `DEFAULT_RATE`, and none for what is answered at once and costs next to nothing.
    opinions : bool
        Whether the public may report problems and give opinions.
    opinions_from, opinions_until : date or None
        First and last day (of China) on which opinions are taken; reports of problems always are.
    opinion_pins : bool
        Whether an opinion may be about a free place on the map.
    opinion_rate : str
        What one client may send a worker of them.
    contact_key : SecretStr or None
        What contacts are encrypted with; None for a file in `home`, which is made when needed.
    contact_days : int
        So many days after an opinion is closed its contact is erased.
    old_opinion_days : int
        After so many days the studio reminds of an opinion that nobody has answered.
    """

    model_config = SettingsConfigDict(env_prefix="ATLAS_", frozen=True, extra="forbid")

    home: Path = Field(default_factory=lambda: Path(typer.get_app_dir("shizhong-atlas")))
    store: str | None = None
    data: Path | None = None
    docs: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    review_number: str | None = None
    embed_hosts: str = Field(default="*", pattern=rf"^(\*|({_ORIGIN}( {_ORIGIN})*)?)$")
    review_number_expires: date | None = None
    old_draft_days: int = Field(default=30, ge=1, le=3650)
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    largest_packed: int = Field(default=3_000_000, ge=0)
    basemaps: Path | None = None
    most_drawn: int = Field(default=5_000, ge=0)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^/?#]+$")
    idle_minutes: int = Field(default=30, ge=1, le=720)
    rate_limit: str | None = None
    oidc_client_id: str | None = Field(default=None, min_length=1)
    oidc_client_secret: SecretStr | None = Field(default=None, min_length=1)
    oidc_claim: str = Field(default="preferred_username", min_length=1)
    # Below what it is tested with.
    oidc_issuer: str | None = Field(
        default=None,
        pattern=r"^(https://[^/?#@]+|http://(127\.0\.0\.1|localhost)(:\d+)?)(/[^?#]*)?$",
    )
    opinions: bool = True
    opinions_from: date | None = None
    opinions_until: date | None = None
    opinion_pins: bool = False
    opinion_rate: str = "20/hour"
    contact_key: SecretStr | None = Field(default=None, min_length=32)
    contact_days: int = Field(default=180, ge=1, le=3650)
    old_opinion_days: int = Field(default=14, ge=1, le=3650)

    @field_validator("rate_limit", "opinion_rate")
    @classmethod
    def _is_rate(cls, text: str | None) -> str | None:
        if text:
            parse(text)
        return text

    @field_validator("oidc_issuer")
    @classmethod
    def _is_known_there(cls, issuer: str | None, info: ValidationInfo) -> str | None:
        if issuer and not (info.data.get("public_url") and info.data.get("oidc_client_id")):
            raise ValueError("set ATLAS_PUBLIC_URL and ATLAS_OIDC_CLIENT_ID too")
        return issuer

    @property
    def embedded_by(self) -> str:
        """Who may show the maps in a frame: everybody, or our own pages and those that are set."""
        return self.embed_hosts if self.embed_hosts == "*" else f"'self' {self.embed_hosts}".strip()

    @property
    def snapshots(self) -> Path:
        """Where large layers are kept ready to be read; it may be removed at any time."""
        return self.home / "snapshots"

    @property
    def docs_folder(self) -> Path:
        """Where the built documents are, if they are."""
        return self.docs or self.home / "docs"

    @property
    def has_docs(self) -> bool:
        """Tell whether there are any."""
        return (self.docs_folder / "index.html").is_file()

    @property
    def store_address(self) -> Path | str:
        """Where the store is: a file, or the address of a database."""
        return self.store or self.home / "atlas.sqlite"
