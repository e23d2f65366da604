"""The product's settings, read once from the environment.

Owns their names, defaults and checks. Invariant: a wrong value is named together with what was expected before
anything starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from interviews.errors import BadInput

PREFIX = "PAIRSIGHT_"
RUBRIC = f"{PREFIX}RUBRIC"
MOST_MODELS = 20


class Settings(BaseModel):
    """Every setting; its environment name is ``PAIRSIGHT_`` and the field's name in capitals.

    ``data`` holds database and secret key; ``database`` is a SQLAlchemy URL (default: SQLite in ``data``);
    ``minutes`` of open work and ``review_minutes`` of the review override the exercise's, 0 of the latter leaves it out;
    ``delegation``: tickets may be handed over; ``grace_s`` is the time for unsent edits after the end; ``pace`` scales
    the scripted assistant's pauses. ``model`` and ``effort`` are the assistant's (empty: its own choice), ``first_token_s``
    how long its answer may take to begin. Of interviews made from now on: ``mode`` is what the assistant may do; ``models`` are
    those that the candidate may choose among, the first by default, or ``model`` where that is one of them; the budgets bound what
    all replies of an interview use (0: no bound); ``share_brief`` and ``share_tree`` say whether it knows the brief, and looks at
    every file or at those attached. ``sandboxes`` interviews have one at a time, ``queue`` people wait at most, ``warm`` are
    started ahead. ``proxies`` in front are believed about what the browser saw. ``co_edit``: interviewers may edit in interviews
    made from now on; of the share ``second_rater`` of all a second person is asked to rate.
    Servers that share a database share a ``secret_file`` (default: a file in ``data``), and another leads an
    interview after ``lease_s`` seconds without a sign of life.
    ``rubric``, an id or a file, is what the pages score by and people rate under.
    ``judge`` names the service whose model may be asked for a judgement of interviews made from now on (empty: none is),
    ``judge_model`` the model (empty: its own choice), ``judge_calls`` how often it is asked of one interview at most.
    ``log`` is the form of what the server says on stderr, from ``log_level`` on; whoever bears ``metrics_token`` may read its
    figures (empty: whoever is on its machine).
    Keys are no settings: each assistant reads its own (``docs/assistant.md``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    data: Path = Path("var")
    database: str = ""
    sandbox: str = "auto"
    provider: str = "scripted"
    model: str = ""
    models: tuple[str, ...] = ()
    mode: Literal["chat", "edit", "agent"] = "edit"
    budget_tokens: int = Field(default=0, ge=0, le=10**12)
    budget_usd: Decimal = Field(default=Decimal(0), ge=0, le=10**6, decimal_places=2)
    share_brief: bool = False
    share_tree: bool = True
    effort: Literal["", "low", "medium", "high", "xhigh", "max"] = ""
    first_token_s: float = Field(default=20, gt=0, le=300)
    exercise: str = "prompted-playlists"
    minutes: float | None = Field(default=None, gt=0, le=480)
    review_minutes: float | None = Field(default=None, ge=0, le=480)
    delegation: bool = True
    grace_s: float = Field(default=60, ge=0, le=600)
    link_days: float = Field(default=14, gt=0)
    pace: float = Field(default=1.0, ge=0, le=10)
    locale: str = ""
    sandboxes: int = Field(default=50, ge=1, le=2000)
    queue: int = Field(default=100, ge=0, le=2000)
    warm: int = Field(default=1, ge=0, le=100)
    lease_s: float = Field(default=6, ge=0.5, le=600)
    secret_file: Path | None = None
    co_edit: bool = False
    second_rater: Decimal = Field(default=Decimal("0.2"), ge=0, le=1)
    threads: int = Field(default=256, ge=8, le=4096)
    proxies: int = Field(default=0, ge=0, le=10)
    rubric: str = "standard"
    judge: str = ""
    judge_model: str = ""
    judge_calls: int = Field(default=60, ge=1, le=1000)
    log: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics_token: str = ""

    @field_validator("models", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Names divided by commas."""
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("models")
    @classmethod
    def _fit(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        model = info.data.get("model", "")
        if len(value) > MOST_MODELS or len(set(value)) < len(value) or any(len(name.split()) != 1 for name in value):
            raise ValueError(f"Expected at most {MOST_MODELS} names of models divided by commas, each once")
        if value and model and model not in value:
            raise ValueError(f"Expected {model} among them, which is set as the model")
        return value

    @property
    def budget_cents(self) -> int:
        """The budget in money as an interview keeps it."""
        return int(self.budget_usd * 100)

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database or f"sqlite:///{self.data.absolute() / 'pairsight.db'}"


def read_settings(environ: Mapping[str, str], **overrides: object) -> Settings:
    """Settings from the environment; ``overrides`` that are not None win. Raises ``BadInput`` naming the setting."""
    # The short name is what the documentation of the sandbox speaks of.
    values: dict[str, object] = {"sandbox": environ["SANDBOX"]} if environ.get("SANDBOX") else {}
    for name in Settings.model_fields:
        if (text := environ.get(PREFIX + name.upper())) is not None:
            values[name] = text
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise BadInput(
            "Setting %(name)s: %(why)s, got %(got)s",
            name=PREFIX + name.upper(),
            why=first["msg"].removeprefix("Value error, "),
            got=repr(first["input"]),
        ) from None
