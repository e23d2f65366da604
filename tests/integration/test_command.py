"""The ``pairsight`` command: what it prints, and how it refuses."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.product import ROOT

GOLDEN = ROOT / "tests/golden/v1.ndjson"


def pairsight(*arguments: str, data: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    return subprocess.run(
        [sys.executable, "-c", "from app import main; main()", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=90,
        env={"PATH": "/usr/bin:/bin", "PAIRSIGHT_DATA": str(data), **environ}, check=False,
    )  # fmt: skip


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Non-zero, one line on stderr that holds the words, nothing on stdout, no stack trace."""
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["run", "doctor", "score", "rescore", "adverse-impact", "verify", "redact", "export"])
def test_help_shows_an_example(name: str, tmp_path: Path) -> None:
    done = pairsight(name, "--help", data=tmp_path)
    assert done.returncode == 0 and f"Example: pairsight {name}" in done.stdout


def test_doctor_says_what_is_there_in_words_and_as_json(tmp_path: Path) -> None:
    done = pairsight("doctor", "--json", data=tmp_path)
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["ok"] is True
    checks = {check["what"]: check for check in report["checks"]}
    assert (
        checks["sandbox bubblewrap"]["ok"]
        and checks["exercise prompted-playlists"]["ok"]
        and checks["assistant scripted"]["ok"]
    )
    assert "sandbox bubblewrap" in pairsight("doctor", data=tmp_path).stdout


def test_doctor_says_what_interviews_would_be_made_and_why_none_could(tmp_path: Path) -> None:
    bounds = {"PAIRSIGHT_BUDGET_USD": "2.5", "PAIRSIGHT_MODE": "chat"}
    rows = {
        row["what"]: row for row in json.loads(pairsight("doctor", "--json", data=tmp_path, **bounds).stdout)["checks"]
    }
    assert "mode chat" in rows["new interviews"]["detail"] and "2.50 US dollars" in rows["new interviews"]["detail"]
    done = pairsight("doctor", "--json", data=tmp_path, **bounds, PAIRSIGHT_MODEL="own")
    rows = {row["what"]: row for row in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1 and "price is known" in rows["new interviews"]["detail"]


def test_doctor_fails_where_no_sandbox_can_be_used(tmp_path: Path) -> None:
    nowhere = {"PATH": "/nonexistent", "DOCKER_HOST": "unix:///nonexistent.sock"}
    done = pairsight("doctor", "--json", data=tmp_path, **nowhere)
    assert done.returncode == 1
    missing = [check for check in json.loads(done.stdout)["checks"] if not check["ok"] and check["needed"]]
    assert any("bubblewrap" in check["how"] for check in missing)


def test_a_log_is_verified_scored_and_exported(tmp_path: Path) -> None:
    done = pairsight("verify", str(GOLDEN), data=tmp_path)
    assert done.returncode == 0 and "follow from one another" in done.stdout
    card = json.loads(pairsight("score", str(GOLDEN), "--json", data=tmp_path).stdout)
    assert {"rubric", "log", "dimensions", "outcome", "flags", "calibration", "shown", "ratings", "final"} == set(card)
    out = tmp_path / "card.csv"
    assert pairsight("export", str(GOLDEN), "--format", "csv", "--out", str(out), data=tmp_path).returncode == 0
    assert out.read_text("utf-8").count("\n") > 4
    assert "prompt" in pairsight("score", str(GOLDEN), data=tmp_path).stdout


def test_a_changed_log_is_refused_and_its_event_named(tmp_path: Path) -> None:
    lines = GOLDEN.read_text("utf-8").splitlines(keepends=True)
    event = json.loads(lines[4])
    event["at_ms"] += 1
    lines[4] = json.dumps(event) + "\n"
    changed = tmp_path / "changed.ndjson"
    changed.write_text("".join(lines), "utf-8")
    refused(pairsight("verify", str(changed), data=tmp_path), "Event 4")
    refused(pairsight("score", str(changed), data=tmp_path), "Event 4")


def test_verifying_says_what_is_empty_and_why_and_which_event_is_broken(tmp_path: Path) -> None:
    lines = GOLDEN.read_text("utf-8").splitlines(keepends=True)
    event = json.loads(lines[9])
    changed = tmp_path / "changed.ndjson"
    changed.write_text("".join([*lines[:9], json.dumps({**event, "payload": None, "salt": None}) + "\n", *lines[10:]]))
    done = pairsight("verify", str(changed), data=tmp_path)
    assert done.returncode == 0 and "no erasure tells why, the first is event 9" in done.stdout
    report = json.loads(pairsight("verify", str(changed), "--json", data=tmp_path).stdout)
    assert report["ok"] and report["tombstones"]["unexplained"] == [9]
    refused(pairsight("verify", str(changed), "--strict", data=tmp_path), "event 9")
    cut = tmp_path / "cut.ndjson"
    cut.write_text("".join(lines[:-1]))
    assert pairsight("verify", str(cut), data=tmp_path).returncode == 0
    refused(pairsight("verify", str(cut), "--head", report["head"], data=tmp_path), "missing or replaced")
    broken = tmp_path / "broken.ndjson"
    broken.write_text("".join([*lines[:9], json.dumps({**event, "at_ms": 1}) + "\n", *lines[10:]]))
    done = pairsight("verify", str(broken), "--json", data=tmp_path)
    assert done.returncode == 1 and json.loads(done.stdout)["seq"] == 9 and "Event 9" in done.stderr


@pytest.mark.parametrize("content", [b"", b"not a log\n", b"\xff\xfe\x00", b'{"format": "other"}\n', b"{" * 5000])
def test_a_file_that_is_no_log_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.ndjson"
    path.write_bytes(content)
    refused(pairsight("verify", str(path), data=tmp_path), "xpected a log")


def test_an_unknown_interview_is_told(tmp_path: Path) -> None:
    refused(pairsight("verify", "nowhere", data=tmp_path), "nowhere")
    refused(pairsight("export", "nowhere", "--format", "log", "--out", str(tmp_path / "x"), data=tmp_path), "nowhere")


def test_an_unknown_export_form_is_told(tmp_path: Path) -> None:
    refused(
        pairsight("export", str(GOLDEN), "--format", "xls", "--out", str(tmp_path / "x"), data=tmp_path),
        "csv, json, log",
        "xls",
    )


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    out = tmp_path / "no" / "folder" / "x"
    refused(pairsight("export", str(GOLDEN), "--format", "csv", "--out", str(out), data=tmp_path), str(out))


def test_one_terminal_of_a_log_is_exported_and_which_one_is_asked(tmp_path: Path) -> None:
    out = tmp_path / "t1.cast"
    arguments = ("export", str(GOLDEN), "--format", "asciicast", "--out", str(out))
    refused(pairsight(*arguments, data=tmp_path), "t1, t2")
    refused(pairsight(*arguments, "--terminal", "t9", data=tmp_path), "t1, t2", "t9")
    assert not out.exists()
    done = pairsight(*arguments, "--terminal", "t1", data=tmp_path)
    assert done.returncode == 0 and json.loads(out.read_text("utf-8").partition("\n")[0])["version"] == 3


def test_an_unknown_exercise_or_sandbox_is_told(tmp_path: Path) -> None:
    refused(pairsight("run", "--exercise", "chess", data=tmp_path), "prompted-playlists", "chess")
    refused(pairsight("run", "--sandbox", "jail", data=tmp_path), "bubblewrap", "jail")


def test_an_interview_that_could_not_be_held_is_refused_before_anything_starts(tmp_path: Path) -> None:
    refused(pairsight("run", "--demo", "--mode", "autopilot", data=tmp_path), "PAIRSIGHT_MODE", "chat", "'autopilot'")
    refused(
        pairsight("run", "--demo", "--models", "a,b", "--model", "c", data=tmp_path), "PAIRSIGHT_MODELS", "c", "'a,b'"
    )
    refused(pairsight("run", "--demo", "--budget-usd", "1", "--models", "own", data=tmp_path), "price is known", "own")
    refused(
        pairsight("run", "--demo", data=tmp_path, PAIRSIGHT_BUDGET_TOKENS="some"), "PAIRSIGHT_BUDGET_TOKENS", "some"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(pairsight("run", "--port", str(port), data=tmp_path), str(port), "in use", "--port")


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "eighty"), ("GRACE_S", "-1"), ("MINUTES", "0"), ("PORT", "70000")]
)
def test_a_bad_setting_is_told_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    refused(pairsight("run", data=tmp_path, **{f"PAIRSIGHT_{name}": value}), f"PAIRSIGHT_{name}", value)


def test_a_database_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "pairsight.db").write_bytes(b"not a database" * 100)
    refused(pairsight("verify", "x", data=tmp_path), "database")
