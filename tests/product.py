"""The product as a user starts it, for tests that talk to it over loopback.

Owns starting and stopping ``pairsight run`` and a small client for pages and sockets. Invariant: every server ends
with its test.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import requests
import socketio

from app import invitation, make_interviews, open_log
from interviews import events as e
from interviews.fold import fold
from interviews.log import EventLog
from interviews.settings import Settings, read_settings
from interviews.store import SqlLog
from sandbox.owners import Owners, owners_folder

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(Candidate|Interviewer)\s+(http://\S+)")
Message = dict[str, Any]


@dataclass
class Product:
    """A running ``pairsight run --demo``: its links by role and its address."""

    process: subprocess.Popen[str]
    links: dict[str, str]
    data: Path
    output: list[str]
    reader: threading.Thread
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Its settings, as far as a test has chosen them."""
        return read_settings(self.environ, data=self.data)

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return "/".join(self.links["candidate"].split("/")[:3])

    def kill(self) -> None:
        """SIGKILL, the whole process group, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.reader.join(10)

    def stop(self, *, sweep: bool = True) -> int:
        """Ctrl+C; returns the exit code. The containers it leaves for its successor are removed, but for ``sweep`` false."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        self.reader.join(10)
        if sweep and (left := containers(self)):
            subprocess.run(["docker", "rm", "--force", *left], capture_output=True, check=False, timeout=60)
        return self.process.returncode


def start(
    data: Path, *arguments: str, port: int = 0, answering: bool = True, first: str = "", **environ: str
) -> Product:
    """Start the product over ``data`` and wait until it answers. No sandbox is started ahead, and no review follows open work,
    unless ``environ`` says so.

    ``answering`` false: return once it has its port and before it serves. ``first``: Python that its process runs before anything.
    """
    env = {**os.environ, "PYTHONUNBUFFERED": "1", "PAIRSIGHT_WARM": "0", "PAIRSIGHT_REVIEW_MINUTES": "0", **environ}
    command = [
        sys.executable,
        "-c",
        f"{first}\nfrom app import main; main()",
        "run",
        "--demo",
        "--port",
        str(port),
        "--data",
        str(data),
    ]
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    links: dict[str, str] = {}
    output: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        output.append(line)
        if found := LINK.search(line):
            links[found.group(1).lower()] = found.group(2)
        if "Stop with" in line:
            break
    if len(links) != 2:
        process.wait(10)
        raise AssertionError("the product did not start:\n" + "".join(output))
    reader = threading.Thread(target=_drain, args=(process.stdout, output), daemon=True)
    reader.start()
    product = Product(process, links, data, output, reader, environ)
    if answering:
        wait(lambda: _answers(product.address), 30)
    return product


def _drain(lines: IO[str], output: list[str]) -> None:
    with lines:
        output.extend(lines)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def wait(condition: Callable[[], object], seconds: float = 15) -> None:
    """Poll until the condition holds. Raises ``AssertionError`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.02)


def lose_sandbox(product: Product, interview: str) -> None:
    """End the sandbox of one interview from outside, as a crash of its container or process would."""
    ours = [product.process.pid]
    for pid in ours:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            ours += [int(child) for child in (thread / "children").read_text().split()]
    found = [pid for pid in ours if Path(f"/proc/{pid}/comm").read_text().strip() == "bwrap"]
    for pid in found[:1]:
        os.kill(pid, signal.SIGKILL)
    if not found:
        listed = ["docker", "ps", "--quiet", "--filter", f"label=pairsight.interview={interview}"]
        names = subprocess.run(listed, capture_output=True, text=True, check=True, timeout=20).stdout.split()
        assert len(names) == 1, names
        subprocess.run(["docker", "rm", "--force", *names], capture_output=True, check=True, timeout=20)


def containers(product: Product) -> set[str]:
    """Names of the containers that belong to this product's data folder; none where there is no Docker."""
    if shutil.which("docker") is None or not (owners_folder(product.data) / "installation").exists():
        return set()
    owner = Owners(owners_folder(product.data)).installation
    listed = ["docker", "ps", "--all", "--filter", f"label=pairsight.owner={owner}", "--format", "{{.Names}}"]
    return set(subprocess.run(listed, capture_output=True, text=True, check=True, timeout=20).stdout.split())


def another_interview(product: Product, *, co_edit: bool = False) -> str:
    """One more interview, made beside the running server; returns its id."""
    agreed = e.InterviewSettings(co_edit=co_edit)
    made = make_interviews(product.settings)
    with _let_go_of(made.log):
        return made.create("prompted-playlists", "Second candidate", agreed, 11)


@contextlib.contextmanager
def opened_log(product: Product) -> Iterator[EventLog]:
    """The product's log, as this process reads it beside the server."""
    with _let_go_of(open_log(product.settings)) as log:
        yield log


@contextlib.contextmanager
def _let_go_of(log: EventLog) -> Iterator[EventLog]:
    yield log
    assert isinstance(log, SqlLog)
    log._engine.dispose()


def link(product: Product, interview: str, role: e.Role) -> str:
    """The link into an interview of this product."""
    return invitation(product.settings, product.address, interview, role)


def with_candidate(product: Product, interview: str) -> Product:
    """The same product, seen by that interview's candidate and interviewer."""
    roles: tuple[e.Role, ...] = ("candidate", "interviewer")
    return replace(product, links={role: link(product, interview, role) for role in roles})


class Browser:
    """A page's network side: cookies, one socket, and the view folded from what the socket sent."""

    def __init__(self, product: Product, role: str, name: str = "") -> None:
        self.role, self.address = role, product.address
        self.http = requests.Session()
        landed = self.http.get(product.links[role], timeout=10)
        self.interview = landed.url.split("/interviews/")[1].split("/")[0]
        self.client = name or f"test-{role}"
        self.events: list[Message] = []
        self.superseded = False
        self._numbers = itertools.count(1)
        self.socket = socketio.Client(reconnection=False)
        self.socket.on("events", lambda message: self.events.extend(message["events"]))
        self.socket.on("superseded", lambda _message: setattr(self, "superseded", True))

    def consent(self, plants: bool = True) -> requests.Response:
        """Tick the box, choose the format and press Start.

        200 whether the candidate is in or in line; 503 when refused, with the reason.
        """
        chosen = {"agreed": "yes", "plants": "yes" if plants else "no"}
        return self.http.post(f"{self.address}/interviews/{self.interview}/consent", data=chosen, timeout=60)

    def connect(self, since: int = 0, greet: bool = True) -> Message:
        """Open the socket and say hello, unless that is left for later."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies)
        query = f"interview={self.interview}&role={self.role}&client={self.client}"
        self.socket.connect(
            f"{self.address}?{query}", headers={"Cookie": cookies}, transports=["websocket"], wait_timeout=10
        )
        return self.send("hello", since=since) if greet else {}

    def send(self, name: str, **message: object) -> Message:
        """Send and wait for the acknowledgement."""
        answer: Message = self.socket.call(name, {"client_seq": next(self._numbers), **message}, timeout=20)
        return answer

    def reveal(self) -> None:
        """See the score without rating first, as an interviewer may."""
        landed = self.http.post(f"{self.address}/interviews/{self.interview}/reveal", timeout=20)
        assert landed.status_code == 200 and landed.url.endswith("/scorecard"), landed.text

    def get(self, path: str, role: str = "") -> Any:
        """JSON of ``/api/interviews/<id>/<role>/<path>``."""
        url = f"{self.address}/api/interviews/{self.interview}/{role or self.role}/{path}"
        answer = self.http.get(url, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def state(self) -> Message:
        """The view folded from the socket's events."""
        return fold(understand(event) for event in list(self.events)).to_json()

    def types(self) -> list[str]:
        """Event types seen so far."""
        return [event["type"] for event in list(self.events)]


def understand(event: Message) -> e.Event:
    """A wire event as the fold wants it."""
    data = None if event["payload"] is None else e.load_payload(event["type"], 1, event["payload"])
    return e.Event(
        seq=event["seq"],
        at_ms=event["at_ms"],
        actor=event["actor"],
        type=event["type"],
        cause=event["cause"],
        data=data,
    )
