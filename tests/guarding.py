"""What must never leave for a language model's service, and what stands in the frames that nothing can close."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from tests.loopback.script import Body
from tests.loopback.server import Received
from tests.support import told

_FRAME = re.compile(r"(?ms)^(~{6,})\n(?:.*?\n)?\1~*$")  # as in Markdown: a line as long or longer ends it


def leaked(requests: Sequence[Received], secrets: Sequence[str]) -> list[str]:
    """Those of the secrets that are in any byte of the requests: paths, heads and bodies, as they are and as JSON writes them."""
    raw = b"\n".join(
        b"\n".join([one.path.encode(), *(f"{k}: {v}".encode() for k, v in one.headers.items()), one.raw])
        for one in requests
    ).decode("utf-8", "replace")
    return [secret for secret in secrets if secret in raw or json.dumps(secret)[1:-1] in raw] + told(
        list(secrets), [one.body for one in requests]
    )


def unframed(text: str) -> str:
    """What of a text stands outside of frames, and so counts as said."""
    return _FRAME.sub("", text)


def said(body: Body) -> list[str]:
    """What a request says outside of frames, by block: the task, texts of the person, results of tools."""
    texts = [block["text"] for block in body["system"]]
    for message in body["messages"]:
        for block in message["content"] if message["role"] == "user" else []:
            texts.append(block["text"] if block["type"] == "text" else block["content"])
    return [unframed(text) for text in texts]
