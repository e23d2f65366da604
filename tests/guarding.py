"""What must never leave for a language model's service, and what stands in the frames that nothing can close."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from interviews.exercises import Exercise
from tests.loopback.script import Body
from tests.loopback.server import Received

_FRAME = re.compile(r"(?ms)^(~{6,})\n.*?\n\1$")


def withheld(exercise: Exercise, *, brief: bool = True) -> list[str]:
    """Everything of an exercise that an assistant may not know, less what its workspace says itself: hidden tests, solution,
    planted mistakes, scoring key; and the brief."""
    known = "\n".join(exercise.workspace.values())
    secrets = ["hidden_test", "requirement"]
    for defect in exercise.spec.defects:
        secrets += [defect.title, defect.explanation, defect.fix, *defect.patterns, *defect.tests]
    for requirement in exercise.spec.requirements:
        secrets += [requirement.text, *requirement.patterns, *requirement.tests]
    hidden = [*exercise.hidden_tests.values(), *exercise.solution.values(), *([exercise.brief] if brief else [])]
    secrets += [line.strip() for text in hidden for line in text.splitlines() if len(line.strip()) > 30]
    return [secret for secret in secrets if secret not in known]


def leaked(requests: Sequence[Received], secrets: Sequence[str]) -> list[str]:
    """Those of the secrets that are in any byte of the requests: paths, heads and bodies, as they are and as JSON writes them."""
    raw = b"\n".join(
        b"\n".join([one.path.encode(), *(f"{k}: {v}".encode() for k, v in one.headers.items()), one.raw])
        for one in requests
    ).decode("utf-8", "replace")
    read = "\n".join(part for one in requests for part in strings(one.body))
    return [secret for secret in secrets if secret in read or secret in raw or json.dumps(secret)[1:-1] in raw]


def strings(value: object) -> list[str]:
    """Every string in JSON, names of fields too."""
    if isinstance(value, dict):
        return [part for name, item in value.items() for part in (name, *strings(item))]
    if isinstance(value, list):
        return [part for item in value for part in strings(item)]
    return [value] if isinstance(value, str) else []


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
