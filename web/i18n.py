"""Words in the reader's language.

Owns the choice of locale and the translation of errors and of the front end's strings. Invariant: an unknown string
or locale falls back to the English of the source.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, request
from flask_babel import Babel, get_locale, get_translations, gettext

from interviews.errors import PairsightError

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"


def locales() -> list[str]:
    """Locales there is a catalogue for, English first."""
    found = sorted(path.name for path in TRANSLATIONS.iterdir() if path.is_dir()) if TRANSLATIONS.is_dir() else []
    return ["en", *(name for name in found if name != "en")]


def install(app: Flask, fixed: str) -> None:
    """Choose the locale from the setting, else from what the browser asks for."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, locale_selector=lambda: fixed or request.accept_languages.best_match(locales()) or "en")


def tell(error: PairsightError) -> str:
    """The error in the reader's language."""
    message = str(gettext(error.message))
    return message % error.params if error.params else message


def locale() -> str:
    """The locale in force, such as ``en``."""
    return str(get_locale() or "en")


def catalogue() -> dict[str, str]:
    """Translations by English text, for the front end."""
    entries = getattr(get_translations(), "_catalog", {})
    return {key: value for key, value in entries.items() if isinstance(key, str) and key and value}
