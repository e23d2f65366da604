"""Keys of services, from the environment or a file it names, and what may be told of their addresses.

Owns reading both. Invariant: read when it is needed and kept nowhere, so that a new key in the file needs no restart; an error
never holds any of it, nor an address that could. Leaves out what they are for.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from interviews.errors import PlatformFailure


def read_key(name: str) -> str:
    """The key that the variable ``name`` holds, or the file that ``name`` with ``_FILE`` behind it names, which comes first.

    Raises ``PlatformFailure`` where there is none, or it cannot be one.
    """
    if path := os.environ.get(f"{name}_FILE"):
        try:
            key = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise PlatformFailure(
                "The file that %(name)s_FILE names cannot be read: %(why)s", name=name, why=why
            ) from None
    else:
        key = os.environ.get(name, "").strip()
    if not key:
        raise PlatformFailure("There is no key: set %(name)s, or %(name)s_FILE to a file that holds it", name=name)
    if not key.isascii() or not key.isprintable() or " " in key:
        raise PlatformFailure("The key holds characters that no key has; expected one line of letters and digits")
    return key


def host(address: str) -> str:
    """The host of a service's address, for people to read; nothing else of it, which may hold what is secret."""
    try:
        return urlsplit(address).hostname or "?"
    except ValueError:
        return "?"
