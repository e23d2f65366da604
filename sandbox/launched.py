"""Sandboxes by way of the launcher, for a web process that has no way to Docker's socket.

Owns the asking side of the wire that ``sandbox.launcher`` describes. Invariant: every question is answered in its time or fails;
with the launcher gone, nothing is taken for ended. Leaves out what the launcher does.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from interviews.errors import PlatformFailure
from sandbox.base import Probe, SandboxSpec
from sandbox.launcher import answer, line_from
from sandbox.multiplex import MultiplexedStream
from sandbox.owners import PLACE

SETTING = "PAIRSIGHT_LAUNCHER"
PROBE_SECONDS = 20.0
STOP_SECONDS = 15.0


class Launched:
    """What ``sandbox.backends.docker`` does itself where it may, asked of the launcher at the socket ``path``."""

    def __init__(self, path: str) -> None:
        self._path = path

    def examine(self) -> Probe:
        """What the launcher found. Never raises ``PlatformFailure``."""
        try:
            found, sock, _ = self.ask({"op": "probe"}, PROBE_SECONDS)
        except PlatformFailure as failure:
            return Probe(False, str(failure), install="pairsight launcher (see docs/operating.md)")
        sock.close()
        return Probe(bool(found["ok"]), str(found["reason"]), str(found["install"]), tuple(map(str, found["weaker"])))

    def launch(self, spec: SandboxSpec, deadline: float) -> MultiplexedStream:
        """A new sandbox's stream. Raises ``PlatformFailure``."""
        request: dict[str, object] = {"op": "start", "interview": spec.interview, "limits": asdict(spec.limits)}
        if spec.yields:
            request["yields"] = True
        return self._stream(*self.ask(request, max(0.1, deadline - time.monotonic())))

    def take_over(self, spec: SandboxSpec, place: str, deadline: float) -> MultiplexedStream | None:
        """The same in a container that is still there; None when there is none for ``spec``. Raises ``PlatformFailure``."""
        if not PLACE.fullmatch(place):
            return None
        request = {"op": "adopt", "interview": spec.interview, "limits": asdict(spec.limits), "place": place}
        made, sock, first = self.ask(request, max(0.1, deadline - time.monotonic()))
        if not made:
            sock.close()
            return None
        return self._stream(made, sock, first)

    def clear(self, wanted: Collection[str]) -> list[str]:
        """Have removed what nobody wants; nothing when the launcher does not answer."""
        places = sorted(place for place in wanted if PLACE.fullmatch(place))
        try:
            done, sock, _ = self.ask({"op": "reap", "wanted": places}, STOP_SECONDS)
        except PlatformFailure:
            return []
        sock.close()
        return [str(place) for place in done["removed"]]

    def ask(self, request: Mapping[str, object], seconds: float) -> tuple[dict[str, Any], socket.socket, bytes]:
        """The answer's fields, the open connection and what came after the answer. Raises ``PlatformFailure``."""
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(seconds)
            sock.connect(self._path)
            answer(sock, request)
            line, rest = line_from(sock)
            reply = json.loads(line)
            sock.settimeout(None)
        except (OSError, ValueError) as error:
            sock.close()
            reason = str(getattr(error, "strerror", None) or error)
            raise PlatformFailure(
                "The sandboxes' launcher at %(path)s does not answer: %(reason)s", path=self._path, reason=reason
            ) from error
        if "ok" not in reply:
            sock.close()
            raise PlatformFailure(str(reply.get("error", "")), **dict(reply.get("params") or {}))
        return reply["ok"], sock, rest

    def _stream(self, made: Mapping[str, Any], sock: socket.socket, first: bytes) -> MultiplexedStream:
        """Let go and ended by asking; with the launcher gone, its next life sees to what is left."""
        which = {"place": str(made["place"]), "id": str(made["id"])}

        def tell(op: str) -> str:
            try:
                done, connection, _ = self.ask({"op": op, **which}, STOP_SECONDS)
            except PlatformFailure as failure:
                return str(failure)
            connection.close()
            return str(done["words"])

        return MultiplexedStream(sock, first, which["place"], lambda: tell("leave"), lambda: tell("stop"))
