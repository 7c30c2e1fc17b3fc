"""Words in two languages: the messages are Chinese, the English ones come from a gettext file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

if TYPE_CHECKING:
    from collections.abc import Mapping

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
LOCALE_DIRECTORY = Path(__file__).parent / "locale"


def parse_language(value: str | None) -> Language:
    """Return the language a visitor asked for; Chinese for anything unknown."""
    return "en" if value == "en" else "zh"


def read_translations(path: Path) -> Translations:
    """Return the messages of a ``.po`` file, compiled in memory.

    Parameters
    ----------
    path : Path
        UTF-8 gettext file whose message ids are the Chinese texts.

    Returns
    -------
    Translations
        Ready for use; fuzzy entries are left out.
    """
    with path.open("rb") as file:
        catalog = read_po(file)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def load_translations(directory: Path = LOCALE_DIRECTORY) -> Mapping[Language, NullTranslations]:
    """Return the translations of every language; Chinese is the text itself."""
    return {"zh": NullTranslations(), "en": read_translations(directory / "en.po")}


def gettext_noop(message: str) -> str:
    """Return a message as it is, marked for translation where it is used later."""
    return message


def localised(properties: Mapping[str, Any], key: str, language: Language) -> str:
    """Return a property in a language; the Chinese text where no English one is given."""
    value = properties.get(f"{key}_en") if language == "en" else None
    return str(value or properties.get(key) or "")
