"""Two servers on one PostgreSQL behind a real router: an interview goes on with the other when one ends, stops or falls silent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests import postgres
from tests.faults.load import Load
from tests.faults.pages import Page, payloads
from tests.faults.wire import Wire
from tests.integration.test_proxy import free_port, listens
from tests.product import ROOT, Product, another_interview, opened_log, start, wait, with_candidate

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(300)]
# So long that nobody here can have waited for it.
NEVER_S = "600"
SILENCE_S = 3.0


def routing(folder: Path, port: int, behind: list[int]) -> str:
    """The router's settings as an operator reads them, for servers at other ports."""
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    block = next(block for block in text.split("```nginx\n")[1:] if "upstream" in block).split("```")[0]
    for given, own in (("127.0.0.1:8000", behind[0]), ("127.0.0.1:8001", behind[1])):
        assert given in block
        block = block.replace(given, f"127.0.0.1:{own}")
    assert "listen 80;" in block
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    served = block.replace("listen 80;", f"listen 127.0.0.1:{port};")
    main = f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}"
    return f"{main}\nhttp {{ access_log off; {temporary}\n{served}}}"


class Pair:
    """Two servers and what stands in front of them."""

    def __init__(self, folder: Path, database: str, lease_s: str, router: str) -> None:
        self.environ = {
            "PAIRSIGHT_DATABASE": database, "PAIRSIGHT_SECRET_FILE": str(folder / "secret"), "PAIRSIGHT_LEASE_S": lease_s,
            "PAIRSIGHT_PROXIES": "1", "PAIRSIGHT_PACE": "0.2",
        }  # fmt: skip
        self.folder, self.ports = folder, [free_port(), free_port()]
        self.servers = [self.start(0), self.start(1)]
        port = free_port()
        (folder / "nginx.conf").write_text(routing(folder, port, self.ports))
        self._nginx = subprocess.Popen([router, "-p", folder, "-c", folder / "nginx.conf"])
        wait(lambda: listens(port))
        address = f"http://127.0.0.1:{port}"
        self.routed: Product = replace(self.servers[0], links={"candidate": f"{address}/"})

    def start(self, number: int) -> Product:
        data = self.folder / f"data{number}"
        return start(data, "--sandbox", "bubblewrap", port=self.ports[number], **self.environ)  # type: ignore[arg-type]  # no option is among them

    def leads(self, number: int, page: Page) -> bool:
        """Whether that server leads the page's interview; asking the one that does not changes nothing."""
        url = f"{self.servers[number].address}/api/interviews/{page.interview}/{page.role}/events?since=999999999"
        return page.http.get(url, timeout=10).status_code == 200

    def close(self) -> None:
        self._nginx.terminate()
        self._nginx.wait(10)
        for server in self.servers:
            if server.process.poll() is None:
                os.killpg(server.process.pid, signal.SIGCONT)
            server.stop()


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    router = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if router is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    if postgres.programs() is None:
        pytest.skip(postgres.HOW)
    with postgres.cluster() as cluster:
        made = Pair(tmp_path, cluster.database(), request.param, router)
        try:
            yield made
        finally:
            made.close()


def at_work(pair: Pair) -> Load:
    load = Load(pair.routed, [another_interview(pair.routed) for _ in range(3)], seed=3)
    for worker in load.workers:
        worker.page.silence_s = SILENCE_S
    load.start()
    load.more(40)
    return load


def whole(pair: Pair, load: Load) -> None:
    load.more(40)
    load.stop()
    told = load.check(pair.routed)
    assert told["word"] and told["note"] and told["prompt"] + told["run"], told


@pytest.mark.parametrize("pair", [NEVER_S], indirect=True)
@pytest.mark.parametrize("by", ["SIGKILL", "SIGTERM"])
def test_when_one_ends_the_other_goes_on_at_once(pair: Pair, by: str) -> None:
    load = at_work(pair)
    try:
        for ending in (0, 1, 0):
            server = pair.servers[ending]
            if by == "SIGKILL":
                server.kill()
            else:
                server.process.send_signal(signal.SIGTERM)
                assert server.process.wait(30) == 0
            load.more(30)
            assert all(pair.leads(1 - ending, worker.page) for worker in load.workers)
            pair.servers[ending] = pair.start(ending)
        whole(pair, load)
    finally:
        load.close()


@pytest.mark.parametrize("pair", ["1"], indirect=True)
def test_a_former_owner_that_wakes_up_writes_nothing_and_hangs_up(pair: Pair) -> None:
    load = at_work(pair)
    asleep = pair.servers[0]
    try:
        # One that the sleeper leads, with a line to it that no router moves elsewhere.
        interview = another_interview(pair.routed)
        direct = Page(with_candidate(asleep, interview), "interviewer", "direct")
        candidate = Page(with_candidate(pair.routed, interview), "candidate", "waiting")
        candidate.silence_s = SILENCE_S
        assert pair.leads(0, direct)
        assert candidate.consent().status_code == 200
        assert candidate.act("create", path="before.txt")["ok"]
        with Wire(direct, "direct") as line:
            hello = line.send("hello", since=0)
            assert line.answers(hello)[hello]["ok"]
            os.killpg(asleep.process.pid, signal.SIGSTOP)
            said = line.send("note", text="from the past", about_seq=1, client_seq=1)
            # Everybody's page notices, and finds the other server.
            load.more(40)
            assert candidate.act("create", path="meanwhile.txt")["ok"]
            assert pair.leads(1, candidate)
            os.killpg(asleep.process.pid, signal.SIGCONT)
            answered = line.answers(said)
            assert not answered.get(said, {"ok": False})["ok"]
            line.answers(-1)
            assert line.closed is not None
        wait(lambda: not pair.leads(0, direct))
        assert candidate.act("create", path="after.txt")["ok"]
        with opened_log(pair.routed) as log:
            records = log.read(interview)
        made = [payload["path"] for payload in payloads(records, "file.snapshotted") if payload["origin"] == "typed"]
        assert made == ["before.txt", "meanwhile.txt", "after.txt"]
        assert payloads(records, "note.added") == []
        candidate.close()
        whole(pair, load)
    finally:
        load.close()
