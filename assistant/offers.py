"""What a prepared answer changes: proposals against the files as they are now, or code to be copied.

Owns putting an answer's pieces into the files of an ask. Invariant: only files that the ask shows are changed; ``drafts`` are those
files with every proposal taken. Leaves out what is said (``lines``) and how a text is cut into hunks (``patches``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from assistant.base import Ask, Proposal
from assistant.lines import Script, Talk
from assistant.patches import Draft, Rendered, find, hunks
from assistant.patches import change as changed
from assistant.sayings import Change
from assistant.templates import lines_of, render
from interviews.events import Hunk, HunkNote


@dataclass
class Offer:
    """Proposals that change something, what must be said beside them, and the files with all of them taken.

    ``unseen``: files that would have been changed but were not shown.
    """

    proposals: list[Proposal] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    drafts: dict[str, str] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)


def offer(script: Script, ask: Ask, changes: Sequence[Change], talk: Talk, past: Sequence[Talk]) -> Offer:
    """What ``changes`` come to after ``talk``; ``past`` are the moments before it."""
    found, every = Offer(), dict[str, list[Rendered]]()
    says, workspace = script.spec.says, ask.exercise.workspace
    for change in changes:
        pieces, full = script.rendered(change, talk, past), script.rendered(change, talk, past, full=True)
        name = f"{ask.turn}-s{len(found.proposals) + 1}"
        ids = (f"{name}-h{number}" for number in count(1))
        parts: list[tuple[Hunk, HunkNote]] = []
        for path in dict.fromkeys(piece.path for piece in pieces):
            start, known = ask.files.get(path, ""), path in ask.files
            if not known and not ask.tree and path in workspace:
                found.unseen += [path] if path not in found.unseen else []
                continue
            text = start if known else workspace.get(path, "")
            here, whole = ([piece for piece in some if piece.path == path] for some in (pieces, full))
            draft = changed(text, here)
            every.setdefault(path, []).extend(here)
            new = hunks(path, ask.versions.get(path, 0), start, draft.lines, changed(text, whole).lines, ids)
            if not new:
                continue
            parts += new
            found.notices += [render(says.lost_name, {"name": lost, "path": path}) for lost in draft.lost]
            if not known and path in workspace:
                found.notices.append(render(says.lost_file, {"path": path}))
        if parts and ask.mode != "chat":
            proposal = Proposal(name, change.title, tuple(hunk for hunk, _ in parts), tuple(note for _, note in parts))
            found.proposals.append(proposal)
    code: list[str] = []
    for path, some in every.items():
        start = ask.files.get(path, workspace.get(path, ""))
        draft = changed(start, some)
        if draft.text != ask.files.get(path):
            found.drafts[path] = draft.text
            code += _shown(path, start, draft, some, ask.exercise.spec.language)
    if found.unseen and found.drafts:
        found.notices.append(render(says.unseen, {"paths": found.unseen}).strip())
    if ask.mode == "chat" and code:
        found.notices += [says.cannot_change.strip(), *code]
    return found


def _shown(path: str, start: str, draft: Draft, pieces: Sequence[Rendered], language: str) -> list[str]:
    """The definitions that differ, as they shall be, in one block of code that names its file."""
    texts = []
    imports = sorted({line for piece in pieces for line in piece.imports if line not in start})
    for piece in pieces:
        old, new = (_definition(text, piece.name) for text in (start, draft.text))
        if new != old:
            texts.append(new.rstrip("\n"))
    body = "\n\n\n".join(["\n".join(imports), *dict.fromkeys(texts)] if imports else dict.fromkeys(texts))
    return [f"`{path}`:", f"```{language}\n{body}\n```"] if body else []


def _definition(text: str, name: str) -> str:
    if not name:
        return text
    span = find(text, name)
    return "".join(lines_of(text)[span[0] : span[1]]) if span else ""
