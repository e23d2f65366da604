"""The disk's own thread, watch and timers at work while a person types and a shell writes, each as fast as it can."""

from __future__ import annotations

import random
import threading

import pytest

from interviews import events as e
from interviews.errors import Conflict, NotFound
from interviews.log import Draft
from interviews.service import editing
from interviews.service.disk import Disk
from interviews.text import length, replace
from sandbox.base import Sandbox
from tests.support import TAB, bare_interview

pytestmark = pytest.mark.sandbox
PATHS = ("a.py", "b.py", "c.py")
TYPED, WRITTEN = 150, 40


@pytest.mark.parametrize("seed", range(3))
def test_who_types_and_who_writes_meet_in_one_text(sandbox: Sandbox, seed: int) -> None:
    sandbox.exec(["bash", "-c", "rm -rf .git; find . -mindepth 1 -delete"])
    interview = bare_interview()
    interview.record(
        *(Draft("system", editing.snapshot(path, 1, "one\ntwo\n", "starter")) for path in PATHS[:2]),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    disk = Disk(interview, sandbox)
    interview.subscribe(disk.touch)
    disk.begin()

    def write() -> None:
        chance = random.Random(seed)
        for number in range(WRITTEN):
            path, to = chance.sample(PATHS, 2)
            new = chr(0x5E00 + number)
            line = chance.choice(
                [
                    f"test -f {path} && echo {new} >> {path}",
                    f"test -f {path} && sed -i '1s/^/{new}/' {path}",
                    # Atomically: looking first would move it over what has come there meanwhile.
                    f"mv -n {path} {to}",
                ]
            )
            sandbox.exec(["bash", "-c", line])

    writer = threading.Thread(target=write)
    writer.start()
    chance = random.Random(seed)
    typed = ""
    while len(typed) < TYPED:
        path, new = chance.choice(PATHS), chr(0x4E00 + len(typed))
        if (view := interview.state.files.get(path)) is None:
            continue
        at = chance.randrange(length(view.text or "") + 1)
        update = editing.Update(clientID="tab", changes=replace(view.text or "", at, at, new))
        try:
            editing.push(interview, path, view.version, [update], TAB, None)
        except (Conflict, NotFound):
            continue
        typed += new
    writer.join()
    disk.rescan()
    disk.flush()
    disk.end()
    texts = {path: view.text or "" for path, view in interview.state.files.items()}
    assert {entry.path: sandbox.read(entry.path).decode() for entry in sandbox.list()} == texts
    assert all(any(one in text for text in texts.values()) for one in typed)
    assert all(text.count(one) <= 1 for text in texts.values() for one in set(text) & set(typed))
