"""Which assistants there are.

Owns finding providers: a file in ``assistant/providers/`` is one, its name is its id. Invariant: nothing is imported but the
provider asked for, so that one whose SDK is missing hides no other. Leaves out whether it can be used (``Provider.check``).
"""

from __future__ import annotations

import importlib
from pathlib import Path

from assistant.base import Provider
from interviews.errors import BadInput

FOLDER = Path(__file__).parent / "providers"


def names() -> list[str]:
    """Ids of the providers found, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def get(name: str) -> Provider:
    """The provider of that name. Raises ``BadInput`` for an unknown one."""
    if name not in names():
        raise BadInput("Expected one of the assistants %(names)s, got %(got)s", names=", ".join(names()), got=name)
    provider: Provider = importlib.import_module(f"assistant.providers.{name}").provider
    return provider
