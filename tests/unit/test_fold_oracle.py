"""The browser's fold and the server's give the same view of the same log."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from interviews import events as e
from interviews.fold import fold
from interviews.ndjson import read_log
from interviews.visibility import may_see, wire
from tests.product import ROOT, understand

GOLDEN = ROOT / "tests/golden/v1.ndjson"
LOGS = sorted((ROOT / "tests/golden").glob("*.ndjson"))


def in_browser(events: list[dict[str, object]]) -> e.Json:
    """The state as ``frontend/core/fold.ts`` makes it, run by Node."""
    node, bundle = shutil.which("node"), ROOT / ".build/fold.mjs"
    if node is None or not bundle.is_file():
        pytest.skip("Expected node and .build/fold.mjs (make setup), found one missing")
    lines = "".join(json.dumps(event) + "\n" for event in events)
    done = subprocess.run([node, str(bundle)], input=lines, capture_output=True, text=True, timeout=30, check=True)
    return json.loads(done.stdout)


def golden(path: Path = GOLDEN) -> list[e.Record]:
    with path.open(encoding="utf-8") as lines:
        return read_log(lines)[1]


def test_every_event_type_is_folded_alike_by_both_for_both_roles() -> None:
    assert {record.type for path in LOGS for record in golden(path)} == set(e.event_types())
    chance = random.Random(4)
    for path in LOGS:
        records = golden(path)
        for upto in [len(records), *chance.sample(range(1, len(records)), min(12, len(records) - 1))]:
            for role in get_args(e.Role):
                events = [wire(role, record) for record in records[:upto]]
                assert in_browser(events) == fold(understand(event) for event in events).to_json(), (path, upto, role)


def test_erased_payloads_are_folded_alike() -> None:
    records = golden()
    erased = [
        record if may_see("candidate", record.type) else record.model_copy(update={"payload": None, "salt": None})
        for record in records
    ]
    events = [wire("interviewer", record) for record in erased]
    assert in_browser(events) == fold(map(e.understand, erased)).to_json()


def test_a_round_without_a_change_is_folded_alike_and_leaves_the_one_before() -> None:
    hunk = e.Hunk(hunk="h", path="a.py", base_version=0, line=1, before="", after="x\n")
    back = e.TicketReturned(ticket="t1", turn="t1.1", title="X", description="x is there", suggestion="s")
    again = e.TicketRevised(ticket="t1", turn="t1.2", text="Is it?", files={})
    told: list[e.AnyPayload] = [
        e.TicketOpened(ticket="t1", turn="t1.1", title="X", text="please", files={}),
        e.SuggestionOffered(suggestion="s", turn="t1.1", title="X", hunks=(hunk,)),
        back,
        again,
        back.model_copy(update={"turn": "t1.2", "description": "It is.", "suggestion": None}),
        again.model_copy(update={"turn": "t1.3"}),
    ]
    states = []
    for upto in range(1, len(told) + 1):
        events: list[dict[str, object]] = [
            {
                "seq": seq,
                "at_ms": seq,
                "actor": "assistant",
                "type": data.type,
                "v": data.v,
                "cause": None,
                "payload": e.dump_payload(data),
            }
            for seq, data in enumerate(told[:upto], 1)
        ]
        states.append(fold(understand(event) for event in events).to_json())
        assert in_browser(events) == states[-1], told[upto - 1].type
    answered, working = (state["tickets"]["t1"] for state in states[-2:])
    assert (answered["change"]["suggestion"], answered["answer"]["description"]) == ("s", "It is.")
    assert (working["change"]["suggestion"], working["answer"]) == ("s", None)


def test_what_is_left_of_a_ticket_or_a_review_is_folded_alike() -> None:
    records = golden(ROOT / "tests/golden/v1-reviewed.ndjson")
    families = ("ticket", "comment", "review", "hunk", "suggestion", "reply", "tool", "phase", "debrief")
    gone = {record.type for record in records if record.type.partition(".")[0] in families}
    assert len(gone) > len(families)
    for type_ in sorted(gone):
        erased = [
            record.model_copy(update={"payload": None, "salt": None}) if record.type == type_ else record
            for record in records
        ]
        events = [wire("interviewer", record) for record in erased]
        assert in_browser(events) == fold(map(e.understand, erased)).to_json(), type_
