"""Reading what a service answers over plain HTTP: a stream of events, or one body.

Owns the form of server-sent events, for providers without an SDK. Invariant: a line ends where the form says so and nowhere else
(U+2028 within a text is no end), an event that the end of the stream cuts short counts, and nothing grows without bound. Leaves
out what the events hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator

MOST = 4_000_000  # bytes of one event or body
_LINE = re.compile(rb"\r\n|\n|\r(?!\Z)")  # a last \r may be half of an end


async def events(pieces: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
    """The data of each event. Comments and other fields are left out, but an error that is told as a field is data too."""
    rest, data, over = b"", list[bytes](), False
    while not over:
        piece = await anext(pieces, None)
        over = piece is None
        *lines, rest = _LINE.split(rest + (b"\n\n" if piece is None else piece))
        for line in lines:
            name, _, value = line.partition(b":")
            if name == b"data":
                data.append(value.removeprefix(b" "))
            elif name == b"error":
                data.append(b'{"error":' + value + b"}")
            elif not line and data:
                yield b"\n".join(data).decode("utf-8", "replace")
                data = []
        if len(rest) + sum(map(len, data)) > MOST:
            raise ValueError(f"Expected an event of at most {MOST} bytes, got more")


async def body(pieces: AsyncIterator[bytes]) -> object:
    """A body that is JSON; an empty object where it is none."""
    read = b""
    async for piece in pieces:
        read += piece
        if len(read) > MOST:
            return {}
    try:
        return json.loads(read)
    except ValueError:
        return {}
