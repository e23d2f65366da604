"""``pairsight baseline``: an assistant alone with an exercise, in a real sandbox, and an interview compared with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from interviews import events as e
from interviews.exercises import load
from interviews.settings import read_settings
from tests import product as products
from tests.integration.test_command import pairsight, refused
from tests.loopback.server import Loopback
from tests.product import Browser, wait
from tests.support import secrets, told
from tests.unit.test_lift import alone
from wiring import load as load_log
from wiring import open_baselines

pytestmark = pytest.mark.sandbox

EXERCISE = load("prompted-playlists")
HERE = {"PAIRSIGHT_SANDBOX": "bubblewrap", "PAIRSIGHT_PACE": "0"}
MENDED = "hidden_tests/test_words.py::test_decades_are_never_lengths"


def baseline(data: Path, *arguments: str, **environ: str) -> list[dict[str, Any]]:
    done = pairsight("baseline", EXERCISE.spec.id, *arguments, "--json", data=data, **HERE, **environ)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_scripted_assistant_tries_alone_and_attempts_add_up(tmp_path: Path) -> None:
    (first,) = baseline(tmp_path, "--runs", "1")
    assert (first["provider"], first["model"], first["runs"], first["sha256"]) == ("scripted", "", 1, EXERCISE.sha256)
    assert 0 < first["rate"] < 1 and first["interval"][0] <= first["rate"] <= first["interval"][1]
    planted = {test.rpartition("::")[2] for defect in EXERCISE.spec.defects for test in defect.tests}
    assert first["tests"] and not {test.rpartition("::")[2] for test in first["tests"]} & planted
    (both,) = baseline(tmp_path, "--runs", "1")
    assert both["runs"] == 2 and both["rate"] == first["rate"], "the scripted assistant is the same for everyone"
    assert baseline(tmp_path, "--list") == [both]
    listed = pairsight("baseline", EXERCISE.spec.id, "--list", data=tmp_path)
    assert "of the hidden tests" in listed.stdout and "from 2 runs" in listed.stdout


def test_the_list_of_exercises_says_which_have_decayed(tmp_path: Path) -> None:
    known = pairsight("exercise", "list", "--json", data=tmp_path)
    assert json.loads(known.stdout)[0]["baselines"] == [] and not (tmp_path / "pairsight.db").exists()
    kept = open_baselines(read_settings({}, data=tmp_path))
    for sha256, rate in ((load("prompted-playlists").sha256, 0.9), ("0" * 64, 0.5)):
        kept.add(alone(rate).model_copy(update={"exercise": EXERCISE.spec.id, "sha256": sha256}))
    (row,) = [
        one for one in json.loads(pairsight("exercise", "list", "--json", data=tmp_path).stdout) if one["baselines"]
    ]
    assert [(one["rate"], one["decayed"]) for one in row["baselines"]] == [(0.9, True)]
    assert (
        "alone: 90% of the hidden tests, from 1 runs — decayed" in pairsight("exercise", "list", data=tmp_path).stdout
    )


def test_claude_tries_alone_and_is_given_the_brief_and_nothing_else(tmp_path: Path) -> None:
    with Loopback("baseline") as loopback:
        (found,) = baseline(
            tmp_path, "--runs", "1", "--provider", "anthropic", ANTHROPIC_BASE_URL=loopback.address, ANTHROPIC_API_KEY="test"
        )  # fmt: skip
        bodies = [received.body for received in loopback.requests]
    assert found["provider"] == "anthropic" and found["model"] and found["tests"][MENDED] == 1.0
    assert 0 < found["rate"] < 0.9 and not found["decayed"]
    assert found["tokens"] > 1_500 and found["cost_microusd"] > 0
    assert json.dumps(EXERCISE.brief)[1:-1] in json.dumps(bodies[0]["messages"])
    assert "Run the visible tests; go on until they pass." in json.dumps(bodies[-1]["messages"])
    in_brief = [secret for secret in secrets(EXERCISE) if secret in EXERCISE.brief]
    assert told([secret for secret in secrets(EXERCISE) if secret not in in_brief], bodies) == []


def test_a_service_that_fails_is_no_attempt(tmp_path: Path) -> None:
    done = pairsight(
        "baseline", EXERCISE.spec.id, "--provider", "anthropic", "--runs", "1", data=tmp_path, **HERE,
        ANTHROPIC_BASE_URL="http://127.0.0.1:9", ANTHROPIC_API_KEY="wrong", PAIRSIGHT_FIRST_TOKEN_S="1",
    )  # fmt: skip
    assert done.returncode == 1 and "The assistant did not answer" in done.stderr
    assert "Traceback" not in done.stderr
    assert baseline(tmp_path, "--list") == []


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    assert "Example: pairsight baseline" in pairsight("baseline", "--help", data=tmp_path).stdout
    refused(pairsight("baseline", "nope", data=tmp_path), "prompted-playlists", "nope")
    refused(pairsight("baseline", EXERCISE.spec.id, "--provider", "nobody", data=tmp_path), "scripted", "nobody")
    done = pairsight("baseline", EXERCISE.spec.id, "--provider", "anthropic", data=tmp_path, **HERE)
    assert done.returncode == 1 and "ANTHROPIC_API_KEY" in done.stderr


def test_an_interview_is_compared_with_it_and_a_later_attempt_changes_no_score(tmp_path: Path) -> None:
    data = tmp_path / "data"
    product = products.start(data, PAIRSIGHT_SANDBOX="bubblewrap", PAIRSIGHT_PACE="0")
    try:
        with products.opened_log(product) as log:
            pin = log.interviews()[0].exercise
        kept = open_baselines(product.settings)
        tried = alone(*[0.95] * 5).model_copy(update={"exercise": pin.id, "version": pin.version, "sha256": pin.sha256})
        kept.add(tried)
        candidate = Browser(product, "candidate")
        assert candidate.consent().status_code == 200
        candidate.connect()
        assert candidate.send("submit")["ok"]
        wait(lambda: candidate.state["status"] == "finished", 120)
        candidate.socket.disconnect()
        interviewer = Browser(product, "interviewer", "watcher")
        interviewer.reveal()
        page = interviewer.http.get(f"{product.address}/interviews/{candidate.interview}/scorecard", timeout=20).text
        card = interviewer.get("scorecard")
        assert "analysis.recorded" not in candidate.types()
    finally:
        product.stop()
    outcome = card["outcome"]
    assert outcome["baseline"] == 0.95 and outcome["decayed"] and outcome["lift"] < 0
    assert outcome["explanation"] in page.replace("&#39;", "'") and "decayed exercise" in page
    kept.add(tried.model_copy(update={"attempts": alone(0.0).attempts}))
    copy = tmp_path / "copy.ndjson"
    exported = pairsight("export", candidate.interview, "--format", "log", "--out", str(copy), data=data)
    assert exported.returncode == 0, exported.stderr
    shutil.rmtree(data)
    scored = pairsight("score", str(copy), data=tmp_path / "none")
    assert outcome["explanation"] in scored.stdout
    analyses = [
        record.payload for record in load_log(str(copy))[1] if record.type == "analysis.recorded" and record.payload
    ]
    results: list[e.Json] = [one["result"] for one in analyses if one["kind"] == "baseline"]
    assert [result["runs"] for result in results] == [5]
