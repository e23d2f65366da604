"""What the anthropic provider needs to answer: a key, and the loopback Messages API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.loopback.server import Loopback


@contextmanager
def prepare_anthropic() -> Iterator[None]:
    """Serve on loopback as long as the block lasts."""
    with Loopback("conformance") as loopback, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_API_KEY", "test")
        patch.setenv("ANTHROPIC_BASE_URL", loopback.address)
        patch.delenv("ANTHROPIC_API_KEY_FILE", raising=False)
        yield
