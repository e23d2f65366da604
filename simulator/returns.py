"""The review that is simulated: a change of sixteen hunks to how parcels are sent back, six of them planted.

Owns its code, its mistakes and the patterns that name them, as an exercise's author writes them. Invariant: everybody meets the
same sixteen. Leaves out what candidates say of them (``says``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from interviews import events as e

REVIEW: Final = "rv1"
FOLDER: Final = "review"


@dataclass(frozen=True)
class Change:
    """One hunk: a function whose body becomes ``after``; ``flaw`` where that is wrong."""

    id: str
    path: str
    symbol: str
    before: str
    after: str
    flaw: e.Defect | None = None
    lines: tuple[int, ...] = ()


def _flaw(
    id_: str, kind: str, path: str, difficulty: e.Difficulty, title: str, explanation: str, fix: str, *patterns: str
) -> e.Defect:
    return e.Defect(
        id=id_, kind=kind, title=title, explanation=explanation, fix=fix, path=path, patterns=patterns,
        tests=(f"test_returns.py::test_{id_.replace('-', '_')}",), difficulty=difficulty,
    )  # fmt: skip


_R, _L, _T = "returns/rules.py", "returns/ledger.py", "returns/texts.py"

CHANGES: Final = (
    Change(
        "v1", _R, "overdue", "    return False\n", "    return days > 7\n",
        _flaw(
            "seventh-day", "wrong boundary", _R, "hard", "The seventh day is not overdue",
            "After seven days a parcel goes back; with > it stays for an eighth.", "Use >=.",
            r"\b(?:seven|7|seventh|7th|eighth|8th|eight)\b", r">=", r"\b(?:boundar\w*|off[ -]by[ -]one|edge|inclusive|strict\w*)\b",
        ), (1,),
    ),
    Change("v2", _R, "reason", "    return ''\n", "    return 'not collected' if late else 'refused'\n"),
    Change("v3", _R, "route", "    return None\n", "    return depots.get(parcel.sender.region, depots['main'])\n"),
    Change(
        "v4", _R, "refund", "    return 0\n", "    return paid - fee\n",
        _flaw(
            "below-zero", "missed case", _R, "easy", "A refund can be below zero",
            "When the fee is higher than what was paid, the sender is refunded less than nothing.", "Never below zero.",
            r"\b(?:negative|below (?:zero|0|nothing)|less than (?:zero|0|nothing)|under (?:zero|0)|minus)\b", r"\bmax\b",
            r"\bfee\b.{0,40}\b(?:higher|larger|more|bigger|exceeds?|greater|above)\b",
        ), (1,),
    ),
    Change("v5", _R, "blocked", "    return True\n", "    return parcel.id in held or parcel.customs\n"),
    Change("v6", _L, "book", "    pass\n", "    rows.append((parcel.id, now, cents))\n"),
    Change(
        "v7", _L, "undo", "    pass\n", "    rows = [row for row in rows if row[0] != parcel.id]\n",
        _flaw(
            "own-copy", "silent regression", _L, "hard", "The ledger is not changed",
            "The name is bound to a new list; the caller's rows stay as they were.", "Change the list in place, or return it.",
            r"\b(?:rebinds?|rebound|reassign\w*|in[ -]place|local name|caller\w*|new list|shadow\w*|(?:has"
            r"|have|needs?) to return it)\b",
            r"\b(?:nothing|no effect|not changed|unchanged|never changed|stays? (?:as|the same))\b",
        ), (1,),
    ),
    Change("v8", _L, "balance", "    return 0\n", "    return sum(cents for _, _, cents in rows)\n"),
    Change("v9", _L, "since", "    return rows\n", "    return [row for row in rows if row[1] >= start]\n"),
    Change(
        "v10", _L, "latest", "    return None\n", "    return sorted(rows, key=lambda row: row[1])[0]\n",
        _flaw(
            "oldest-row", "wrong result", _L, "middle", "The oldest row is given, not the latest",
            "Sorted upwards, the first is the oldest.", "Take the last, or sort downwards.",
            r"\b(?:oldest|earliest|ascending|reverse\w*|descending|wrong end|first (?:row|one|entry|booking|element))\b",
            r"\[-1\]|\[0\]",
        ), (1,),
    ),
    Change("v11", _L, "owner", "    return ''\n", "    return names.get(parcel.id, 'unknown')\n"),
    Change("v12", _T, "label", "    return ''\n", "    return f'{parcel.id:08d} {parcel.sender.name}'\n"),
    Change(
        "v13", _T, "letter", "    return ''\n", "    return template.format(name=sender.name, days=days)\n    send(sender)\n",
        _flaw(
            "never-sent", "dead code", _T, "easy", "The letter is never sent", "What follows a return does not run.",
            "Send it before the return.",
            r"\b(?:unreachable|dead code|never (?:runs?|sent|called|executed|reached)|not (?:sent|reached|called))\b",
            r"\bafter (?:the |a )?return\b",
            r"\breturn\b.{0,12}\b(?:comes|stands|is)\b.{0,15}\b(?:before|above|first)\b",
            r"\bsend\b.{0,40}\b(?:never|not|before|after)\b",
        ), (1, 2),
    ),
    Change("v14", _T, "plural", "    return word\n", "    return word if count == 1 else word + 's'\n"),
    Change(
        "v15", _T, "short", "    return text\n", "    return text if len(text) <= most else text[:most] + '...'\n",
        _flaw(
            "too-long", "wrong boundary", _T, "middle", "A cut text is longer than allowed",
            "The dots come on top of the most that is allowed.", "Leave room for the dots.",
            r"\b(?:dots|ellipsis|three characters|3 characters)\b",
            r"\b(?:longer|exceeds?|too long|over)\b.{0,40}\b(?:most|limit|allowed|max\w*|than)\b",
            r"\bmost ?[-–] ?3\b",
        ), (1,),
    ),
    Change("v16", _T, "greeting", "    return ''\n", "    return f'Dear {sender.name or \"customer\"},'\n"),
)  # fmt: skip

_ARGUMENTS: Final = {
    "overdue": "days", "reason": "late", "route": "parcel, depots", "refund": "paid, fee", "blocked": "parcel, held",
    "book": "rows, parcel, now, cents", "undo": "rows, parcel", "balance": "rows", "since": "rows, start", "latest": "rows",
    "owner": "parcel, names", "label": "parcel", "letter": "sender, template, days, send", "plural": "word, count",
    "short": "text, most", "greeting": "sender",
}  # fmt: skip
DEFECTS: Final = tuple(one.flaw for one in CHANGES if one.flaw is not None)


def files() -> dict[str, str]:
    """The files as they were before the change, by path below the review's folder."""
    made: dict[str, str] = {}
    for one in CHANGES:
        made.setdefault(one.path, '"""Parcels that go back."""\n')
        made[one.path] += f"\n\ndef {one.symbol}({_ARGUMENTS[one.symbol]}):\n{one.before}"
    return made


def opened() -> tuple[e.ReviewOpened, e.ReviewAnnotated]:
    """What everybody is shown, and what the exercise knows of it."""
    texts, hunks = files(), []
    for one in CHANGES:
        head = f"def {one.symbol}({_ARGUMENTS[one.symbol]}):\n"
        line = texts[one.path][: texts[one.path].index(head)].count("\n") + 2
        hunks.append(
            e.Hunk(hunk=one.id, path=one.path, base_version=0, line=line, before=one.before, after=one.after, lead=head)
        )
    shown = e.ReviewOpened(
        review=REVIEW, title="Parcels go back", description="Sends parcels back that nobody collects, and books what that costs.",
        folder=FOLDER, hunks=tuple(hunks), checks=(e.Check(name="visible tests", ok=True, output="9 passed"),),
    )  # fmt: skip
    notes = tuple(e.HunkNote(hunk=one.id, defect=one.flaw.id if one.flaw else None, lines=one.lines) for one in CHANGES)
    return shown, e.ReviewAnnotated(review=REVIEW, hunks=notes, defects=DEFECTS)
