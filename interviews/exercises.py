"""Exercises: what is worked on, read from ``exercises/<slug>/``.

Owns the form of ``exercise.yaml`` and ``review.yaml`` and the hash that pins an exercise's content in a log. Invariant: an
exercise is read whole and checked when it is loaded; its sha256 covers every file below its folder. Leaves out the assistant's
lines (``assistant``) and what a review's seed chooses (``reviews``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from interviews.errors import BadInput, NotFound
from interviews.events import Check, Defect, Difficulty, ExercisePin, Requirement, Value

ROOT = Path(__file__).resolve().parent.parent / "exercises"
REVIEW = "review"

Kind = Literal[
    "off-by-one", "wrong boundary", "swallowed error", "invented API", "silent regression", "insecure shortcut", "scope creep",
    "weakened test",
]  # fmt: skip


class RunSpec(Value):
    """How tests run: ``argv`` in the workspace; ``report`` is where it leaves JUnit XML, relative to the workspace."""

    argv: tuple[str, ...]
    report: str
    timeout_s: float = 60


class Grading(Value):
    """How long hidden tests may take, in seconds: the candidate's program in all, and a call that names no time of its own."""

    timeout_s: float = Field(default=120, gt=0, le=1800)
    call_s: float = Field(default=10, gt=0, le=120)


# The exercise's own part beside the candidate's program; it holds no expected values.
DRIVERS = {"python": "drive.py", "typescript": "drive.ts"}


class DeclaredDefect(Defect):
    """A planted mistake as an exercise declares it: of one of the kinds that there are, made by ``patch``."""

    kind: Kind

    def logged(self) -> Defect:
        """As a log has it."""
        return Defect.model_validate(self.model_dump(include=set(Defect.model_fields)))


class ReviewDefect(DeclaredDefect):
    """A planted mistake of a review. Of each ``difficulty`` every interview gets the same number."""

    difficulty: Difficulty


class ReviewYaml(Value):
    """The content of ``review/review.yaml``: a change request, and the pool of defects that it may hold.

    ``title`` and ``description`` are what its author says of it; ``folder`` is where the reviewed program lies in the workspace,
    ``run`` how its visible tests run in the workspace. ``checks`` are true of every choice. ``picks``: how many defects of each
    difficulty are chosen.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    description: str
    folder: str = Field(default=REVIEW, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    run: RunSpec
    checks: tuple[Check, ...] = ()
    picks: dict[Difficulty, Annotated[int, Field(ge=0)]]
    defects: tuple[ReviewDefect, ...]

    @model_validator(mode="after")
    def _enough(self) -> ReviewYaml:
        for difficulty, count in self.picks.items():
            have = sum(defect.difficulty == difficulty for defect in self.defects)
            if have < count:
                raise ValueError(f"expected at least {count} defects that are {difficulty}, got {have}")
        if unmade := [defect.id for defect in self.defects if not defect.patch]:
            raise ValueError(f"expected a patch for each defect, got none for {', '.join(unmade)}")
        return self


class ExerciseYaml(Value):
    """The content of ``exercise.yaml``. ``minutes`` are those of open work, ``review_minutes`` of the review, if any."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    title: str
    summary: str
    language: Literal["python", "typescript"]
    minutes: float = Field(gt=0)
    review_minutes: float = Field(default=15, gt=0)
    open_first: tuple[str, ...]
    run: RunSpec
    grading: Grading = Grading()
    requirements: tuple[Requirement, ...]
    defects: tuple[DeclaredDefect, ...]


class Review(Value):
    """A loaded review: ``base`` is the program before with its visible tests, ``sound`` what a good change replaces or adds."""

    spec: ReviewYaml
    base: dict[str, str]
    sound: dict[str, str]
    hidden_tests: dict[str, str]


class Exercise(Value):
    """A loaded exercise. ``brief`` is Markdown; ``starter``, ``tests``, ``hidden_tests`` and ``solution`` map paths to texts.

    ``starter`` and ``tests`` make up the candidate's workspace (tests below ``tests/``); ``hidden_tests`` and ``solution`` never
    enter it. ``assistant_lines`` is the parsed ``assistant.yaml``. ``patches`` are all patches by their paths below the
    exercise's folder.
    """

    spec: ExerciseYaml
    sha256: str
    brief: str
    starter: dict[str, str]
    tests: dict[str, str]
    hidden_tests: dict[str, str]
    solution: dict[str, str]
    assistant_lines: dict[str, object]
    review: Review | None = None
    patches: dict[str, str] = Field(default_factory=dict)

    @property
    def driver(self) -> str | None:
        """What of the hidden tests runs in the candidate's program's own process: ``drive.py`` or ``drive.ts``."""
        return self.hidden_tests.get(DRIVERS[self.spec.language])

    @property
    def workspace(self) -> dict[str, str]:
        """The files the candidate begins with, by path."""
        return {**self.starter, **{f"tests/{path}": text for path, text in self.tests.items()}}

    def pin(self, seed: int) -> ExercisePin:
        """What the log's header says of this exercise."""
        return ExercisePin(
            id=self.spec.id, version=self.spec.version, sha256=self.sha256, seed=seed, title=self.spec.title
        )


def expresses(patterns: Iterable[str], text: str) -> bool:
    """Whether a text says what the patterns stand for: case does not matter, and ``snake_case`` reads as words too."""
    both = f"{text}\n{text.replace('_', ' ')}" if "_" in text else text
    return any(re.search(pattern, both, re.IGNORECASE) for pattern in patterns)


def names(root: Path = ROOT) -> list[str]:
    """Ids of the exercises found, sorted."""
    return sorted(path.parent.name for path in root.glob("*/exercise.yaml"))


@cache
def load(slug: str, root: Path = ROOT) -> Exercise:
    """Read an exercise. Raises ``NotFound`` for an unknown one and ``BadInput`` when its files do not fit the form."""
    if slug not in names(root):
        raise NotFound("Expected one of the exercises %(names)s, got %(got)s", names=", ".join(names(root)), got=slug)
    folder = root / slug
    spec = _read(ExerciseYaml, folder / "exercise.yaml", slug)
    lines = _parsed(folder / "assistant.yaml", slug)
    hidden_tests = _texts(folder / "hidden_tests")
    review = _review(folder / REVIEW, slug)
    for language, driver in DRIVERS.items():
        if driver in {*hidden_tests, *(review.hidden_tests if review else ())} and language != spec.language:
            raise BadInput(
                "%(slug)s: expected hidden_tests/%(wanted)s for an exercise in %(language)s, got %(driver)s",
                slug=slug, wanted=DRIVERS[spec.language], language=spec.language, driver=driver,
            )  # fmt: skip
    patches = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in _files(folder)
        if path.suffix == ".patch"
    }
    for defect in (*spec.defects, *(review.spec.defects if review else ())):
        for path in filter(None, (defect.patch, defect.mutant)):
            if path not in patches:
                raise BadInput(
                    "%(slug)s: expected the patch of %(defect)s at %(path)s, there is none",
                    slug=slug,
                    defect=defect.id,
                    path=path,
                )
    return Exercise(
        spec=spec, sha256=_tree_hash(folder), brief=(folder / "brief.md").read_text("utf-8"), starter=_texts(folder / "starter"),
        tests=_texts(folder / "tests"), hidden_tests=hidden_tests, solution=_texts(folder / "solution"),
        assistant_lines=lines, review=review, patches=patches,
    )  # fmt: skip


def _review(folder: Path, slug: str) -> Review | None:
    if not (folder / "review.yaml").is_file():
        return None
    return Review(
        spec=_read(ReviewYaml, folder / "review.yaml", slug), base=_texts(folder / "base"), sound=_texts(folder / "sound"),
        hidden_tests=_texts(folder / "hidden_tests"),
    )  # fmt: skip


T = TypeVar("T", bound=Value)


def _read(form: type[T], path: Path, slug: str) -> T:
    try:
        return form.model_validate(_parsed(path, slug))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "all"
        raise BadInput(
            "%(file)s of %(slug)s%(line)s: %(where)s: %(why)s",
            file=path.name, slug=slug, line=_line_of(path, first["loc"]), where=where, why=first["msg"],
        ) from None  # fmt: skip


def _parsed(path: Path, slug: str) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise BadInput("A YAML file of %(slug)s cannot be read: %(why)s", slug=slug, why=str(error)) from None


def _line_of(path: Path, where: tuple[int | str, ...]) -> str:
    """``, line 12`` of the deepest part of ``where`` that is there."""
    node = yaml.compose(path.read_text("utf-8"))
    line = 1
    for part in where:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            key, node = next(((key, value) for key, value in node.value if key.value == part), (None, None))
            if key is None:
                break
            line = key.start_mark.line + 1
        else:
            break
        if node is not None and isinstance(part, int):
            line = node.start_mark.line + 1
    return f", line {line}"


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not any(part.startswith(".") for part in path.parts[-1:])
    )


def _texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in _files(folder)}


def _tree_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in _files(folder):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
