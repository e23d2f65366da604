"""Collects the visible strings into the message catalogues.

Owns ``translations/``: the template that lists every string, and one catalogue for each language there. Invariant: the
output depends on the sources alone (no dates, no line numbers), so ``--check`` tells drift from a plain comparison. Leaves out
compiling, which set-up does, and translating, which people do: ``--add LOCALE`` begins a language.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from babel.core import UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from interviews import errors
from rubrics import rubric

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "translations"
TEMPLATE = FOLDER / "messages.pot"

SOURCES = [
    *((file, "python") for file in ("app.py", "wiring.py")),
    *(
        (f"{package}/**.py", "python")
        for package in ("assistant", "commands", "interviews", "rubrics", "sandbox", "validation", "web")
    ),
    ("templates/**.html", "jinja2"),
    ("frontend/**.ts", "javascript"),
    ("frontend/**.tsx", "javascript"),
]

OPTIONS = {pattern: {"parse_template_string": "true"} for pattern, method in SOURCES if method == "javascript"}

# Beside gettext's own names: errors carry their sentence untranslated (interviews/errors.py).
ERRORS = [
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.PairsightError)
]
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),  # type: ignore[dict-item] # babel's form for "the first argument is the context"
    "N_": None,
    "t": None,
    "around": None,
    "tn": (1, 2),
    **dict.fromkeys(ERRORS),
}


def extract() -> Catalog:
    """The template from the sources; files are named, lines are not."""
    catalog = Catalog(project="Pairsight", charset="utf-8")
    found = extract_from_dir(
        ROOT, SOURCES, OPTIONS, keywords=KEYWORDS, comment_tags=("Translators:",), directory_filter=keep_folder
    )
    for path, _line, message, comments, context in found:
        catalog.add(message, locations=[(Path(path).as_posix(), 0)], auto_comments=comments, context=context)
    for name in rubric.names():
        for text in rubric.load(name).messages():
            catalog.add(text, locations=[(f"rubrics/{name}.yaml", 0)])
    return catalog


def keep_folder(path: str) -> bool:
    """Whether to look below a folder: hidden, installed and built ones are nobody's strings."""
    name = Path(path).name
    return not name.startswith(".") and name not in {"node_modules", "build", "var", "artefacts", "exercises", "tests"}


def text_of(catalog: Catalog) -> str:
    out = io.BytesIO()
    write_po(out, catalog, width=100, sort_by_file=False, sort_output=True, omit_header=True, include_lineno=False)
    return out.getvalue().decode()


def catalogues() -> dict[Path, Catalog]:
    """Every language's catalogue, by file."""
    found = {}
    for path in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po")):
        with path.open("rb") as file:
            found[path] = read_po(file, locale=path.parent.parent.name)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="make messages", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a catalogue would change")
    parser.add_argument(
        "--compile", action="store_true", help="only write the binary catalogues that the product reads"
    )
    parser.add_argument("--add", metavar="LOCALE", help="begin a language, for example `de`")
    arguments = parser.parse_args()

    languages = catalogues()
    if arguments.compile:
        for path, catalog in languages.items():
            with path.with_suffix(".mo").open("wb") as out:
                write_mo(out, catalog)
        return 0
    if arguments.add:
        try:
            path = FOLDER / arguments.add / "LC_MESSAGES" / "messages.po"
            languages.setdefault(path, Catalog(locale=arguments.add))
        except (UnknownLocaleError, ValueError):
            parser.error(f"expected a locale such as `de` or `pt_BR`, got {arguments.add!r}")

    template = extract()
    wanted = {TEMPLATE: text_of(template)}
    for path, catalog in languages.items():
        catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
        catalog.obsolete.clear()
        wanted[path] = text_of(catalog)

    stale = {path: text for path, text in wanted.items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        name = path.relative_to(ROOT)
        if arguments.check:
            print(f"{name}: expected the strings of the sources, got others", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(name)
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
