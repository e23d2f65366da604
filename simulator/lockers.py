"""The exercise that is simulated: a program of parcel lockers, with ten requirements in four pieces of work.

Owns its brief, code, patterns and tests, as an exercise's author writes them: patterns stand here and candidates' sentences in
``says``, and neither was made to fit the other. Invariant: each ``stub`` stands once in its file. Leaves out the review
(``returns``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from interviews.chain import sha256_hex
from interviews.events import Defect, ExercisePin, Requirement


@dataclass(frozen=True)
class Atom:
    """A requirement: its place in the code, what stands there at first, what honours it and what does not."""

    id: str
    piece: str
    symbol: str
    text: str
    patterns: tuple[str, ...]
    stub: str
    sound: str
    naive: str

    @property
    def test(self) -> str:
        """The hidden test that tells."""
        return f"test_{self.piece}.py::test_{self.id}"


@dataclass(frozen=True)
class Piece:
    """A piece of work: one file, and the visible tests of it."""

    id: str
    path: str
    tests: tuple[str, str]
    error: str


PIECES: Final = (
    Piece(
        "fees", "lockers/fees.py", ("tests/test_fees.py::test_one_day_costs", "tests/test_fees.py::test_long_stay_costs"),
        "AssertionError: assert 0 == 250",
    ),
    Piece(
        "placing", "lockers/placing.py",
        ("tests/test_placing.py::test_parcel_is_placed", "tests/test_placing.py::test_full_wall_refuses"),
        "TypeError: '<' not supported between instances of 'Box' and 'Box'",
    ),
    Piece(
        "codes", "lockers/codes.py",
        ("tests/test_codes.py::test_right_code_opens", "tests/test_codes.py::test_wrong_code_stays_shut"),
        "AttributeError: 'Box' object has no attribute 'attempts'",
    ),
    Piece(
        "report", "lockers/report.py",
        ("tests/test_report.py::test_report_lists_parcels", "tests/test_report.py::test_report_has_totals"),
        "KeyError: 'arrived_at'",
    ),
)  # fmt: skip

ATOMS: Final = (
    Atom(
        "started", "fees", "started_days", "A started day counts as a whole day.",
        (
            r"\b(?:started|begun|partial|incomplete|part of a|fraction of a|broken)\b.{0,40}\bdays?\b",
            r"\b(?:round(?:s|ed|ing)?)\b.{0,25}\bup\b", r"\bdays?\b.{0,40}\b(?:round(?:s|ed|ing)? up|in full)\b",
            r"\b(?:whole|full|complete)\s+days?\b", r"\bceil\b",
        ),
        "    return hours // 24\n", "    return -(-hours // 24)\n", "    return round(hours / 24)\n",
    ),
    Atom(
        "free", "fees", "charged_hours", "The first six hours are free.",
        (
            r"\b(?:first|initial|opening)\b.{0,20}\b(?:six|6)\b.{0,30}\b(?:free|nothing|no charge|not charged|without)\b",
            r"\b(?:six|6)[ -]?(?:h\b|hrs?|hours?).{0,40}\b(?:free|nothing|grace|no charge|not (?:be )?charged|gratis)\b",
            r"\b(?:free|grace|no charge|nothing|gratis)\b.{0,50}\b(?:six|6)[ -]?(?:h\b|hrs?|hours?)",
        ),
        "    return hours\n", "    return max(0, hours - FREE_HOURS)\n", "    return hours + 0\n",
    ),
    Atom(
        "cap", "fees", "capped", "Keeping a parcel never costs more than 30 euros.",
        (
            r"\b(?:cap|caps|capped|max|maximum|maximal|limit|limited|ceiling|at most|never\b.{0,20}\b(?:more|above|over)"
            r"|not (?:more|above|over)"
            r"|no more|exceeds?)\b.{0,50}\b(?:30|thirty|3[_ ]?000|euros?|cents)\b",
            r"\b(?:30|thirty)\b.{0,20}\b(?:euros?|eur|€)?.{0,30}\b(?:cap|max|maximum|limit|ceiling|at most"
            r"|the most|highest)\b",
            r"(?:€ ?30|30 ?€)",
        ),
        "    return cents\n", "    return min(cents, CAP_CENTS)\n", "    return cents or 0\n",
    ),
    Atom(
        "smallest", "placing", "fitting", "A parcel goes into the smallest free box that it fits in.",
        (
            r"\b(?:smallest|tightest|least|minimal|minimum|best[ -]fit\w*|narrowest)\b.{0,50}\b(?:box\w*"
            r"|compartments?|lockers?|fit\w*|free|one)\b",
            r"\b(?:box\w*|compartments?|lockers?)\b.{0,50}\b(?:smallest|tightest|least space|by size|best fit)\b",
            r"\b(?:never|not|don'?t|no|avoid|without)\b.{0,30}\b(?:big(?:ger)?|large[r]?)\b.{0,50}\b(?:box\w*"
            r"|compartments?|lockers?|one|small\w*)\b",
        ),
        "    return next((box for box in boxes if box.size >= parcel.size), None)\n",
        "    return min((box for box in boxes if box.size >= parcel.size), key=lambda box: box.size, default=None)\n",
        "    return next((box for box in boxes if parcel.size <= box.size), None)\n",
    ),
    Atom(
        "heavy", "placing", "accepts", "A parcel of more than 20 kilograms is refused.",
        (
            r"\b(?:20|twenty)\b[ -]?(?:kg|kilos?|kilogram(?:me)?s?)\b",
            r"\b(?:heav(?:y|ier|iest)|weigh\w*|overweight)\b.{0,60}\b(?:20|twenty|refus\w*|reject\w*|turn\w* away"
            r"|not accept\w*|declin\w*)\b",
        ),
        "    return parcel.size <= LARGEST\n",
        "    return parcel.size <= LARGEST and parcel.grams <= HEAVIEST\n", "    return LARGEST >= parcel.size\n",
    ),
    Atom(
        "digits", "codes", "new_code", "A code has six digits and is none that another box has now.",
        (
            r"\b(?:six|6)\b[ -]?(?:digits?|figures?|numbers?|numerals?)\b",
            r"\bcodes?\b.{0,60}\b(?:unique|not (?:in use|taken|used)|already|no two|another box|differ\w*"
            r"|distinct|reus\w*|collid\w*)\b",
            r"\b(?:unique|distinct|different|no two|never the same|not reuse|un-?used)\b.{0,50}\bcodes?\b",
        ),
        "    return draw(9999)\n",
        "    return next(code for code in iter(lambda: f'{draw(999_999):06}', None) if code not in taken)\n",
        "    return str(draw(9999))\n",
    ),
    Atom(
        "attempts", "codes", "wrong_code", "After three wrong codes a box stays locked for ten minutes.",
        (
            r"\b(?:three|3|third)\b.{0,40}\b(?:wrong|failed|bad|incorrect|false|invalid|mistaken)\b",
            r"\b(?:wrong|failed|bad|incorrect|false|invalid|mistaken)\b.{0,40}\b(?:three|3|third)\b",
            r"\b(?:lock\w*|block\w*|shut|closed?|freez\w*|frozen|refus\w*)\b.{0,50}\b(?:ten|10)\b[ -]?min\w*",
            r"\b(?:ten|10)\b[ -]?min\w*.{0,40}\b(?:lock\w*|block\w*|shut|closed?|freez\w*|frozen)\b",
        ),
        "    box.wrong += 1\n",
        "    box.wrong += 1\n    if box.wrong >= 3:\n        box.locked_until = now + 600\n", "    box.wrong = box.wrong + 1\n",
    ),
    Atom(
        "spaces", "codes", "same_code", "Spaces and hyphens in a code that is typed do not matter.",
        (
            r"\b(?:spaces?|blanks?|whitespace|hyphens?|dashes|dash|separators?)\b.{0,60}\b(?:ignor\w*|strip\w*"
            r"|matter\w*|remov\w*|drop\w*|skip\w*|allow\w*|accept\w*|tolera\w*|count\w*)\b",
            r"\b(?:ignor\w*|strip\w*|remov\w*|drop\w*|skip\w*|allow\w*|accept\w*|tolera\w*|without"
            r"|regardless of)\b.{0,40}\b(?:spaces?|blanks?|whitespace|hyphens?|dashes|separators?)\b",
        ),
        "    return typed == code\n", "    return typed.replace(' ', '').replace('-', '') == code\n",
        "    return code == typed\n",
    ),
    Atom(
        "oldest", "report", "ordered", "The report lists parcels that have waited longest first.",
        (
            r"\b(?:oldest|longest|earliest)\b.{0,50}\b(?:first|top|start|beginning|head|before)\b",
            r"\b(?:sort\w*|order\w*|list\w*|arrang\w*)\b.{0,60}\b(?:oldest|longest|earliest|arrival|arrived first|age|wait\w*)\b",
            r"\b(?:first|top)\b.{0,40}\b(?:oldest|waited (?:the )?longest|waiting (?:the )?longest|earliest)\b",
        ),
        "    return list(parcels)\n", "    return sorted(parcels, key=lambda one: one.arrived_at)\n",
        "    return [one for one in parcels]\n",
    ),
    Atom(
        "nothing", "report", "status", "With no parcels the report says so and the program ends with 1.",
        (
            r"\b(?:(?:no|zero|without(?: any)?) parcels?|empty (?:wall|list|report)|(?:is|it'?s) empty)\b.{0,60}\b(?:exit\w*|says?"
            r"|tell\w*|message|print\w*|report\w*|return\w*|ends?)\b",
            r"\bexit\w*\b.{0,25}\b(?:1|one|non-?zero)\b",
        ),
        "    return 0\n",
        "    if not parcels:\n        print('No parcels', file=sys.stderr)\n        return 1\n    return 0\n",
        "    return int(parcels is None)\n",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Trap:
    """A change of the open work that touches no requirement and is planted with a mistake."""

    piece: str
    symbol: str
    stub: str
    flawed: str
    sound: str
    defect: Defect


TRAPS: Final = (
    Trap(
        "placing", "free_boxes", "    raise NotImplementedError\n",
        "    return [box for box in wall[:-1] if box.parcel is None]\n", "    return [box for box in wall if box.parcel is None]\n",
        Defect(
            id="last-box", kind="off-by-one", title="The last box is never offered",
            explanation="The slice leaves out the last box of the wall, so it stays empty for ever.",
            fix="Look at the whole wall.", path="lockers/placing.py", difficulty="middle",
            patterns=(
                r"\blast\b.{0,30}\b(?:box|compartment|one|element|entry)\b", r"\[:-1\]|\bslic\w*\b", r"\boff[ -]by[ -]one\b",
                r"\b(?:box|compartment|element)\b.{0,30}\b(?:left out|skipp\w*|miss\w*|ignor\w*|never)\b",
            ),
            tests=("test_placing.py::test_last_box",),
        ),
    ),
    Trap(
        "report", "total_cents", "    raise NotImplementedError\n",
        "    return sum({fee(one) for one in parcels})\n", "    return sum(fee(one) for one in parcels)\n",
        Defect(
            id="equal-fees", kind="silent regression", title="Equal fees are added once",
            explanation="A set holds each fee once, so two parcels with the same fee count as one.",
            fix="Add them up without a set.", path="lockers/report.py", difficulty="hard",
            patterns=(
                r"\bset\b",
                r"\b(?:equal|same|identical|duplicate[sd]?)\b.{0,40}\b(?:fees?|amounts?|prices?|values?|sums?|once)\b",
                r"\b(?:fees?|amounts?|prices?)\b.{0,40}\b(?:once|equal|the same|duplicate\w*|dedup\w*|collaps\w*)\b",
            ),
            tests=("test_report.py::test_equal_fees",),
        ),
    ),
)  # fmt: skip

_HEAD: Final = {
    "fees": '"""What keeping a parcel costs."""\n\nDAY_CENTS = 250\nCAP_CENTS = 3_000\nFREE_HOURS = 6\n',
    "placing": '"""Which box a parcel goes into."""\n\nLARGEST = 60\nHEAVIEST = 20_000\n',
    "codes": '"""Codes that open a box."""\n',
    "report": '"""What the people who run the wall read in the morning."""\n\nimport sys\n',
}
_ARGUMENTS: Final = {
    "started_days": "hours", "charged_hours": "hours", "capped": "cents", "fitting": "parcel, boxes", "accepts": "parcel",
    "new_code": "taken, draw", "wrong_code": "box, now", "same_code": "typed, code", "ordered": "parcels", "status": "parcels",
    "free_boxes": "wall", "total_cents": "parcels, fee",
}  # fmt: skip


def atom(id_: str) -> Atom:
    """The requirement of that id."""
    return next(one for one in ATOMS if one.id == id_)


def atoms(piece: str) -> tuple[Atom, ...]:
    """The requirements of a piece of work."""
    return tuple(one for one in ATOMS if one.piece == piece)


def piece(id_: str) -> Piece:
    """The piece of work of that id."""
    return next(one for one in PIECES if one.id == id_)


def files() -> dict[str, str]:
    """The starter: each piece's file, and its visible tests."""
    made: dict[str, str] = {}
    for one in PIECES:
        parts = [(each.symbol, each.stub) for each in atoms(one.id)]
        parts += [(each.symbol, each.stub) for each in TRAPS if each.piece == one.id]
        bodies = "".join(f"\n\ndef {symbol}({_ARGUMENTS[symbol]}):\n{stub}" for symbol, stub in parts)
        made[one.path] = _HEAD[one.id] + bodies
        names = [test.rpartition("::")[2] for test in one.tests]
        made[one.tests[0].partition("::")[0]] = "".join(f"def {name}():\n    assert True\n\n\n" for name in names)
    return made


REQUIREMENTS: Final = tuple(
    Requirement(id=one.id, text=one.text, patterns=one.patterns, tests=(one.test,)) for one in ATOMS
)
DEFECTS: Final = tuple(one.defect for one in TRAPS)
BRIEF: Final = (
    "A wall of parcel lockers needs a program. Parcels come in, wait for their owner, and cost money while they wait. "
    "Finish the four files in lockers/ so that they keep these promises:\n\n"
    + "\n".join(f"- {one.text}" for one in ATOMS)
    + "\n\nThe visible tests show how each file is called. Work with the assistant as you like."
)


def pin(seed: int) -> ExercisePin:
    """What a header says of it."""
    whole = "\n".join([BRIEF, *(f"{path}\n{text}" for path, text in sorted(files().items()))])
    return ExercisePin(
        id="simulated-lockers", version=1, sha256=sha256_hex(whole.encode()), seed=seed, title="Parcel lockers"
    )
