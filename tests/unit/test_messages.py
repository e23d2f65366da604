"""No visible string of the front end escapes the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.messages import extract

FRONTEND = Path(__file__).resolve().parent.parent.parent / "frontend"

# A second, cruder reader than Babel's, which loses its place in some TypeScript.
CALL = re.compile(r'\b(?:t|tn|around)\(\s*"((?:[^"\\]|\\.)+)"\s*[,)]')


@pytest.fixture(scope="module")
def collected() -> set[str]:
    return {message.id if isinstance(message.id, str) else message.id[0] for message in extract()}


@pytest.mark.parametrize(
    "path", sorted(FRONTEND.rglob("*.ts*")), ids=lambda path: path.relative_to(FRONTEND).as_posix()
)
def test_every_string_is_collected(path: Path, collected: set[str]) -> None:
    said = {text.replace('\\"', '"') for text in CALL.findall(path.read_text())}
    assert said <= collected


def test_errors_are_collected_too(collected: set[str]) -> None:
    assert "Expected one of the exercises %(names)s, got %(got)s" in collected
