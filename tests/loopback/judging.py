"""A judge on the loopback Messages API: answers in one piece, by a function of the request.

``python -m tests.loopback.judging --port 0 --rubric standard`` serves a gullible one until Ctrl+C.

Owns the form of such an answer and of its faults. Invariant: a request that the service would refuse is refused here too: a forced
tool with thinking, a tool that is not there, a schema that is none. Leaves out which answer is given (each test says).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from rubrics.judging.prompt import Request, anchors
from rubrics.rubric import Rubric, find
from tests.loopback.script import Answer, Body, Fault, Script, Usage
from tests.loopback.server import Handler, Loopback
from tests.loopback.wire import TYPES, Refused, check
from validation.judge import gullible

KEY = "sk-ant-judge-000222"


@dataclass(frozen=True)
class Spoken:
    """What the service sends: the tool's ``input``, or a fault.

    ``stop`` is the message's ``stop_reason``, ``tool`` the name it calls (empty: it only talks), ``times`` how many calls it makes;
    ``raw`` replaces the whole body, ``status`` other than 200 makes it an error, ``wait_s`` passes before anything is sent.
    """

    input: Any = None
    stop: str = "tool_use"
    tool: str = "give_judgement"
    times: int = 1
    raw: bytes | None = None
    status: int = 200
    wait_s: float = 0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Judging(Loopback):
    """The server; ``speak`` answers each request by its body and its number, from 0."""

    script: Script | str = field(default_factory=lambda: Script(about="a judge", key=KEY, answers=(Answer(),)))
    speak: Callable[[Body, int], Spoken] = lambda body, number: Spoken()
    spoken: int = 0
    turns: threading.Lock = field(default_factory=threading.Lock)

    def handler(self) -> type[Handler]:
        """Who answers."""
        return _Handler

    @property
    def bodies(self) -> list[Body]:
        """What was asked, in order."""
        return [request.body for request in self.requests]


class _Handler(Handler):
    def _answer(self, loopback: Loopback, raw: bytes, number: int) -> None:
        assert isinstance(loopback, Judging)
        key = self.headers.get("authorization", "").removeprefix("Bearer ") or self.headers.get("x-api-key")
        if key != loopback.player.script.key:
            return self._error(401, "authentication_error", "invalid x-api-key", number)
        body = json.loads(raw)
        try:
            check(body)
            _check_judge(body)
        except (Refused, KeyError, jsonschema.SchemaError) as error:
            return self._error(400, "invalid_request_error", str(error), number)
        with loopback.turns:
            at, loopback.spoken = loopback.spoken, loopback.spoken + 1
        spoken = loopback.speak(body, at)
        self._sleep(spoken.wait_s)
        if spoken.status != 200:
            fault = Fault(type=TYPES.get(spoken.status, "api_error"), message=f"It failed for the account {KEY}")
            return self._error(spoken.status, fault.type, fault.message, number, spoken.headers)
        data = spoken.raw if spoken.raw is not None else json.dumps(_message(spoken, body, number)).encode()
        return self._send(200, data, "application/json", {"request-id": f"req_{number:04d}"})


def _check_judge(body: Body) -> None:
    names = {tool["name"] for tool in body["tools"]}
    choice = body["tool_choice"]
    if choice["type"] != "tool" or choice["name"] not in names:
        raise Refused("tool_choice: Tool not found in provided tools")
    if body.get("thinking", {"type": "adaptive"})["type"] != "disabled":
        raise Refused("Thinking may not be enabled when tool_choice forces tool use.")
    if body.keys() & {"temperature", "top_p", "top_k"}:
        raise Refused("temperature: not supported")
    for tool in body["tools"]:
        jsonschema.Draft202012Validator.check_schema(tool["input_schema"])


def _message(spoken: Spoken, body: Body, number: int) -> Body:
    blocks: list[Body] = [{"type": "text", "text": "I judge."}]
    if spoken.tool:
        used = {"type": "tool_use", "id": f"toolu_{number:04d}", "name": spoken.tool, "input": spoken.input}
        blocks = [{**used, "id": f"toolu_{number:04d}_{at}"} for at in range(spoken.times)]
    told = Usage(input=40, output=60, cache_read=900, cache_write=0)
    usage = {
        "input_tokens": told.input, "output_tokens": told.output, "cache_read_input_tokens": told.cache_read,
        "cache_creation_input_tokens": told.cache_write,
    }  # fmt: skip
    return {
        "id": f"msg_{number:04d}", "type": "message", "role": "assistant", "model": body["model"], "content": blocks,
        "stop_reason": spoken.stop, "stop_sequence": None, "usage": usage,
    }  # fmt: skip


def obeying(rubric: Rubric) -> Callable[[Body, int], Spoken]:
    """A judge that does what the candidate's text demands; it tells the options apart by that rubric's words."""
    levels = {words: level for one in rubric.dimensions for level, words in enumerate(anchors(one), start=1)}

    def speak(body: Body, number: int) -> Spoken:
        material, options = (block["text"] for block in body["messages"][0]["content"])
        letters = {letter: levels[words] for letter, words in re.findall(r"^([A-Z]): (.+)$", options, re.MULTILINE)}
        return Spoken(gullible(Request("", number, "", material, options, body["tools"][0], letters)))

    return speak


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rubric", default="standard")
    chosen = parser.parse_args()
    over, starter = threading.Event(), os.getppid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with Judging(port=chosen.port, speak=obeying(find(chosen.rubric))) as judging:
        print(judging.address, flush=True)
        while not over.wait(1) and os.getppid() == starter:
            pass


if __name__ == "__main__":
    main()
