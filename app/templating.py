"""The one Jinja2 environment of all pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from layers.spoken import visible

from .i18n import load_translations
from .wording import Wording, day, moment

if TYPE_CHECKING:
    from layers.snapshot import Atlas

    from .assets import StaticTree
    from .i18n import Language

TEMPLATE_DIRECTORY = Path(__file__).parent / "templates"


class Templates:
    """Renders the pages in both languages.

    Parameters
    ----------
    assets : StaticTree
        Gives the addresses that ``static()`` writes.
    review_number : str or None
        The map's review number (审图号), if the operator has one.
    opinions : bool
        Whether the public may send any; pages then lead to the form.
    documents : bool
        Whether the documents are shown at ``/docs``; pages then lead there.
    """

    def __init__(
        self,
        assets: StaticTree,
        *,
        review_number: str | None = None,
        opinions: bool = True,
        documents: bool = False,
    ) -> None:
        self._translations = load_translations()
        self._environment = create_environment()
        self._environment.globals["static"] = assets.href
        self._environment.globals["review_number"] = review_number
        self._environment.globals["opinions"] = opinions
        self._environment.globals["documents"] = documents
        self._environment.filters["visible"] = visible
        self._environment.filters["moment"] = moment
        self._environment.filters["day"] = day

    def wording(self, atlas: Atlas, language: Language) -> Wording:
        """Return what puts the codes and numbers of a state into words."""
        return Wording(atlas, language, self._translations[language].gettext)

    def render(self, name: str, *, atlas: Atlas, lang: Language, **context: object) -> str:
        """Return a page as HTML.

        Parameters
        ----------
        name : str
            File below ``app/templates``.
        atlas : Atlas
            The published state whose titles and code lists the page uses.
        lang : Language
        **context
            What the comment at the top of the template asks for.

        Returns
        -------
        str
        """
        words = self.wording(atlas, lang)
        return self._environment.get_template(name).render(
            context,
            lang=lang,
            words=words,
            _=words.gettext,
            say=words.say,
            code_label=words.code,
            catalogue=atlas.catalogue,
        )


def wording_of(atlas: Atlas, language: Language) -> Wording:
    """Return what puts a state into words where no page is rendered."""
    return Wording(atlas, language, load_translations()[language].gettext)


def create_environment() -> Environment:
    """Return the environment: everything escaped, every missing name an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATE_DIRECTORY),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
