"""What a candidate is told of the assistant before they agree, by the interview's settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import create_app
from assistant.registry import get
from interviews.errors import BadInput
from interviews.events import InterviewSettings
from interviews.settings import Settings, read_settings
from web.consent import choices, sections, text_hash
from wiring import interview_settings


def told(tmp_path: Path, provider: str = "anthropic", review: bool = False, **settings: object) -> str:
    with create_app(Settings(data=tmp_path)).test_request_context():
        parts = sections(InterviewSettings.model_validate(settings), get(provider), review)
    return " ".join(line for _, lines in parts for line in lines)


@pytest.mark.parametrize(
    ("mode", "said", "unsaid"),
    [
        ("chat", "proposes no changes to your files and runs nothing", "unless you accept it"),
        ("edit", "runs nothing: no tests, no commands", "in a copy of them"),
        ("agent", "runs tests and commands, in a copy of them", "runs nothing"),
    ],
)
def test_what_the_assistant_may_do(tmp_path: Path, mode: str, said: str, unsaid: str) -> None:
    text = told(tmp_path, mode=mode)
    assert said in text and unsaid not in text


def test_what_it_knows_by_itself_and_who_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    little = told(tmp_path, tree_shared=False)
    assert "does not have the brief" in little and "those that you attach" in little
    assert (
        "What you write to it and what you attach are sent to the service that runs it: Anthropic (api.anthropic.com)."
        in little
    )
    much = told(tmp_path, brief_shared=True)
    assert "It has the brief" in much and "all files of your workspace" in much and "exercise's files are sent" in much
    monkeypatch.setenv("OPENAI_BASE_URL", "https://models.example.com/v1")
    assert "that runs it: models.example.com." in told(tmp_path, "openai_compatible")
    assert "goes nowhere else" in told(tmp_path, "scripted") and "sent to the service" not in told(tmp_path, "scripted")


@pytest.mark.parametrize(("mode", "planted"), [("chat", False), ("edit", True), ("agent", True)])
def test_mistakes_are_placed_only_where_something_is_proposed(tmp_path: Path, mode: str, planted: bool) -> None:
    words = told(tmp_path, "scripted", mode=mode)
    assert ("hold mistakes placed on purpose" in words) == planted
    assert ("none of its mistakes are placed on purpose" in words) == (not planted)


def test_its_bounds(tmp_path: Path) -> None:
    assert "bounded" not in told(tmp_path) and "You choose who answers" not in told(tmp_path, models=("a",), model="a")
    assert "bounded" in told(tmp_path, budget_cents=100) and "bounded" in told(tmp_path, budget_tokens=100)
    assert "among: a, b." in told(tmp_path, models=("a", "b"), model="a")


def test_a_judge_is_told_of_where_one_may_be_asked_and_only_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    assert "language model may be asked" not in told(tmp_path)
    words = told(tmp_path, "scripted", judge="anthropic")
    assert "what it makes of what you wrote" in words and "decides nothing" in words
    assert "while you work, what you write to it goes nowhere else" in words
    assert "are sent to the service that runs it: Anthropic (api.anthropic.com)." in words
    assert interview_settings(read_settings({"PAIRSIGHT_JUDGE": "anthropic"})).judge == "anthropic"
    assert interview_settings(read_settings({})).judge == ""
    with pytest.raises(BadInput, match="Expected one of the judges anthropic, got oracle"):
        interview_settings(read_settings({"PAIRSIGHT_JUDGE": "oracle"}))


def formats(tmp_path: Path, provider: str, review: bool, **settings: object) -> list[str]:
    with create_app(Settings(data=tmp_path)).test_request_context():
        return [one.value for one in choices(InterviewSettings.model_validate(settings), get(provider), review)]


def test_there_are_two_formats_where_mistakes_are_placed_on_purpose_and_only_there(tmp_path: Path) -> None:
    assert formats(tmp_path, "scripted", False) == formats(tmp_path, "anthropic", True) == ["yes", "no"]
    assert formats(tmp_path, "anthropic", False) == formats(tmp_path, "scripted", False, mode="chat") == []


def test_the_review_and_its_mistakes_are_told(tmp_path: Path) -> None:
    words = told(tmp_path, review=True, review_minutes=15, minutes=28)
    for promise in (
        "28 minutes of open work, then 15 minutes of review", "not held against you", "alike for everyone", "many is not told",
        "within seven days", "without a reason", "Before you leave you see each planted mistake", "equivalent format without them",
        "none of those are placed on purpose", "never deceive",
    ):  # fmt: skip
        assert promise in words
    assert "Some of the assistant's proposals" not in words
    assert "Some of the assistant's proposals" in told(tmp_path, "scripted", review=True, review_minutes=15)
    assert "review" not in told(tmp_path, "scripted")


def test_handing_work_over_is_told_where_it_can_be_done(tmp_path: Path) -> None:
    assert "you write a ticket" in told(tmp_path, delegation=True) and "ticket" not in told(tmp_path)


def test_the_hash_covers_the_formats(tmp_path: Path) -> None:
    with create_app(Settings(data=tmp_path)).test_request_context():
        agreed = InterviewSettings(), get("scripted"), False
        assert text_hash(sections(*agreed), choices(*agreed)) != text_hash(sections(*agreed))
