"""What the assistant is given and may spend, whether it answers a prompt or works on a ticket.

Owns the request. Invariant: it is a function of the log and the interview's settings; what replies that are under way have used
counts for all of them, so that several at once keep within the budget that one would. Leaves out whose words are sent when
(``pairing``, ``delegation``) and what may be attached (``mentions``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from assistant.base import Ask, Bench, Limits, Mode, Turn
from interviews import events as e
from interviews.budget import total, used, used_up
from interviews.errors import BadInput, Conflict
from interviews.events import Usage
from interviews.service.interview import Interview
from interviews.service.mentions import attached, names, paths
from interviews.service.reply import DECLINED
from interviews.service.terms import cost_of
from interviews.state import TurnView

# Why a reply ended that had not come to its end.
CUT_SHORT = ("stopped", "cut off")
# How many times longer a service may take to begin where nobody waits for it.
PATIENCE = 3
_using: WeakKeyDictionary[Interview, dict[str, tuple[int, int]]] = WeakKeyDictionary()


def require_budget(interview: Interview) -> None:
    """Raise ``Conflict`` where no further reply may begin."""
    if used_up(interview.header.settings, interview.state):
        raise Conflict(
            "The assistant's budget for this interview is used up. Only the interviewer can give it more, and only in "
            "another interview; your work goes on without the assistant."
        )


def model_of(interview: Interview, chosen: object) -> str:
    """The model to answer: that chosen, or the interview's own. Raises ``BadInput`` for one that may not be chosen."""
    settings = interview.header.settings
    allowed = settings.models or (settings.model,)
    if chosen is None or chosen == "":
        return settings.model or allowed[0]
    if not isinstance(chosen, str) or chosen not in allowed:
        raise BadInput(
            "Expected one of the models %(models)s, got %(got)s", models=", ".join(allowed), got=repr(chosen)[:80]
        )
    return chosen


def texts_of(interview: Interview) -> dict[str, str]:
    """The workspace's texts by path, as they are now."""
    return {path: view.text for path, view in interview.state.files.items() if view.text is not None}


def versions_of(interview: Interview) -> dict[str, int]:
    """How often each file was edited."""
    return {path: view.version for path, view in interview.state.files.items()}


def request(
    interview: Interview,
    turn: str,
    prompt: str,
    brought: Sequence[e.Mention],
    history: Iterable[Turn],
    model: str,
    mode: Mode,
    bench: Bench | None,
    cancelled: Callable[[], bool],
    *,
    texts: Mapping[str, str],
    versions: Mapping[str, int],
    delegated: bool = False,
    beside: Iterable[Turn] = (),
) -> Ask:
    """The request that a prompt makes, of files with these ``texts`` in these ``versions``.

    Of a prompt that is asked again, what was attached is sent as it was then.
    """
    state, settings, exercise = interview.state, interview.header.settings, interview.exercise
    then = {
        mention.name: text
        for mention in brought
        if mention.kind == "file" and (text := interview.history.text_at(mention.name, mention.version)) is not None
    }
    rounds = [view for ticket in state.tickets.values() for view in ticket.rounds]
    seen = texts.keys() if settings.tree_shared else texts.keys() & paths([*state.turns, *rounds])
    return Ask(
        turn=turn, prompt=prompt, attachments=tuple(attached(mention, {**texts, **then}) for mention in brought),
        history=tuple(history), files={path: text for path, text in texts.items() if path in seen},
        versions={path: versions[path] for path in texts if path in seen}, exercise=exercise,
        brief=exercise.brief if settings.brief_shared else "", model=model, seed=interview.header.exercise.seed, bench=bench,
        mode=mode, tree=settings.tree_shared, afford=_afford(interview, turn, model), cancelled=cancelled,
        limits=_patient(interview.tools.limits) if delegated else interview.tools.limits, delegated=delegated,
        plants=state.plants, closed=_closed(interview), beside=tuple(beside),
    )  # fmt: skip


def _closed(interview: Interview) -> int | None:
    """An event behind open work, None while that goes on: what is placed after it would be told of nowhere."""
    review = interview.state.review
    return None if review is None else review.seq


def _patient(limits: Limits) -> Limits:
    return replace(limits, first_token_s=PATIENCE * limits.first_token_s)


def _afford(interview: Interview, turn: str, asked: str) -> Callable[[Usage, str], bool]:
    """Whether another request may be made once a reply has used so much beside what others used, those under way included."""
    settings, state = interview.header.settings, interview.state
    using = _using.setdefault(interview, {})

    def afford(usage: Usage, model: str) -> bool:
        price = cost_of(interview, asked, model, usage)
        if price is None and settings.budget_cents:
            # What is bounded in money goes on only where it is known what it costs.
            return False
        view = state.turn(turn)
        # Once it has ended, the log says what it used.
        logged = (view.tokens, view.cost_microusd or 0) if view is not None else (0, 0)
        if view is not None and view.status in ("waiting", "streaming"):
            using[turn] = total(usage), price or 0
        others = [spent for name, spent in using.items() if name != turn]
        tokens = state.spent_tokens - logged[0] + total(usage) + sum(tokens for tokens, _ in others)
        microusd = state.spent_microusd - logged[1] + (price or 0) + sum(microusd for _, microusd in others)
        return used(settings, tokens, microusd) < 1

    return afford


def spent(interview: Interview, turn: str) -> None:
    """A reply is over: what it used is in the log, or lost with the process that left it."""
    _using.get(interview, {}).pop(turn, None)


def past(interview: Interview, turn: TurnView, texts: Mapping[str, str], prompt: str = "") -> Turn:
    """An earlier prompt, its reply and what became of its hunks; ``prompt`` where other words were sent than it holds."""
    decided: dict[str, list[e.Hunk]] = {"accepted": [], "rejected": [], "": []}
    for name in turn.suggestions:
        view = interview.state.suggestions[name]
        for hunk in view.hunks:
            went_in = view.kept.get(hunk["hunk"], hunk["after"])
            decision = view.decisions.get(hunk["hunk"], "")
            decided[decision].append(e.Hunk.model_validate({**hunk, "after": went_in}))
    return Turn(
        prompt=prompt or turn.prompt, reply=turn.reply, attachments=names(turn), accepted=tuple(decided["accepted"]),
        rejected=tuple(decided["rejected"]), undecided=tuple(decided[""]),
        cut=turn.status == "failed" or turn.stop_reason in CUT_SHORT,
        brought=tuple(attached(mention, texts) for mention in brought_by(turn)), said_at=turn.seq,
        came_at=came_at(interview, turn),
    )  # fmt: skip


def came_at(interview: Interview, turn: TurnView) -> int | None:
    """The event that brought what it proposed; None where nothing has come of it."""
    return min((interview.state.suggestions[name].seq for name in turn.suggestions), default=None)


def brought_by(turn: TurnView) -> tuple[e.Mention, ...]:
    """What was attached to an earlier prompt; logs of before mentions have names of files alone."""
    mentions = tuple(e.Mention.model_validate(mention) for mention in turn.mentions)
    return mentions or tuple(e.Mention(kind="file", name=path) for path in turn.attachments)


def was_said(turn: TurnView) -> bool:
    """Whether a turn is a part of the conversation: answered, or broken off after something had come.

    One that the model declined is not: were it told again, all that follows would be declined too.
    """
    if turn.stop_reason == DECLINED:
        return False
    return turn.status == "finished" or (turn.status == "failed" and bool(turn.reply or turn.suggestions))
