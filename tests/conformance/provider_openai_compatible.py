"""What the openai_compatible provider needs to answer: an address, a model, and the loopback Chat Completions API behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.loopback_chat.server import ChatLoopback


@contextmanager
def prepare_openai_compatible() -> Iterator[None]:
    """Serve on loopback as long as the block lasts."""
    with ChatLoopback("conformance") as loopback, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", loopback.base)
        patch.setenv("OPENAI_API_KEY", "test")
        patch.setenv("OPENAI_MODEL", "small")
        patch.delenv("OPENAI_API_KEY_FILE", raising=False)
        yield
