"""Grounding against prompts of real programmers: none of them knew our workspace, so hardly any may seem to name a part
of it.

The data is read in place from the folder that PAIRSIGHT_SHARED names (default: ``shared`` beside the checkout), and
never copied.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from interviews.exercises import load
from rubrics.reading.naming import grounded
from rubrics.reading.told import Prompt, Scene
from rubrics.reading.workspace import File

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PAIRSIGHT_SHARED", ROOT.parent / "shared")) / "data" / "realhumaneval_chat.jsonl"


@pytest.mark.skipif(
    not DATA.exists(), reason=f"the shared data is not there: expected {DATA.name} below PAIRSIGHT_SHARED"
)
def test_prompts_about_other_code_are_not_grounded_by_accident() -> None:
    workspace = load("prompted-playlists").workspace
    files = {path: File(text, bytes(len(text.encode("utf-16-le")) // 2)) for path, text in workspace.items()}
    scene = Scene(files, {}, frozenset(), "", ())
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    prompts = [row["messages"][-1]["content"] for row in rows if row["messages"]]
    assert len(prompts) > 400
    accidents = [text for text in prompts if grounded(Prompt(1, "a1", text, (), scene))]
    assert len(accidents) <= len(prompts) * 0.02, accidents[:5]
    assert all(grounded(Prompt(1, "a1", f"{text}\nsee make_playlist", (), scene)) for text in prompts[:50])
