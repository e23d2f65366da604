"""What Claude's service need not read twice: the loopback server plays its prompt cache and tells what it found there."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from assistant.base import Ask, Attachment, Finished, Turn
from interviews.events import Hunk, Usage
from tests.loopback.cache import LEAST, MARKS, Cache, marks
from tests.loopback.script import Answer, Body, Use, When
from tests.loopback.server import Loopback
from tests.unit.claude import FILES, asking, playing, reply, rules, text

LONG = "".join(f"{number} is a number of this file\n" for number in range(300))
HELLO = rules(Answer(say="Fine."), counts=True)


def usage(ask: Ask) -> Usage:
    last = reply(ask)[-1]
    assert isinstance(last, Finished)
    return last.usage


def size(body: Body) -> int:
    """Tokens of a request, as the loopback server counts them."""
    counted = Cache().count(body)
    return counted.fresh + counted.written


def sent(loopback: Loopback) -> Body:
    return loopback.requests[-1].body


def conversation(number: int) -> tuple[Turn, ...]:
    return tuple(
        Turn(f"prompt {n} " + "why " * 300, f"reply {n} " + "so " * 300) for number in [number] for n in range(number)
    )


def test_the_next_turn_reads_the_history_whatever_changed_beside_it() -> None:
    with playing(HELLO) as loopback:
        first = usage(asking("prompt 3", history=conversation(3), attachments=(Attachment("long", LONG),)))
        before = sent(loopback)
        # Files came and went, another thing is attached, and the last proposal was decided about.
        hunk = Hunk(hunk="h", path="a.py", base_version=1, line=1, before="x = 1\n", after="x = 2\n")
        history = (*conversation(3), Turn("prompt 3", "Fine.", accepted=(hunk,), attachments=("long",)))
        files = {"new.py": "y = 1\n", **FILES, "a.py": "x = 2\n"}
        second = usage(asking("prompt 4", history=history, files=files, versions=dict.fromkeys(files, 4)))
    assert first.cache_read_tokens == 0 and first.cache_write_tokens > LEAST
    prefix = {**before, "messages": before["messages"][:-1]}
    assert second.cache_read_tokens == size(prefix) > 2 * LEAST
    assert second.input_tokens + second.cache_read_tokens + second.cache_write_tokens == size(sent(loopback))


def test_the_next_round_reads_the_prompt_and_the_round_before() -> None:
    look, read = Use(tool="list_files"), Use(tool="read_file", input={"path": "b.py"})
    script = rules(
        Answer(when=When(rounds=0), say="Let me see.", use=(read,)), Answer(when=When(rounds=1), use=(read, look)),
        Answer(when=When(rounds=2), think="Hm", use=(look,)), Answer(say="That is all."), counts=True,
    )  # fmt: skip
    counted = []
    with playing(script) as loopback:
        spent = usage(asking("prompt 2", history=conversation(2), attachments=(Attachment("long", LONG),)))
        cache = Cache()
        for request in loopback.requests:
            counted.append(cache.count(request.body))
    sizes = [size(request.body) for request in loopback.requests]
    assert len(sizes) == 4
    # Every round reads all of the one before, and only what is new is written.
    assert [count.read for count in counted] == [0, *sizes[:-1]]
    assert [count.written for count in counted[1:]] == [b - a for a, b in pairwise(sizes)]
    assert spent.cache_read_tokens == sum(sizes[:-1]) and spent.input_tokens == 0


def test_a_round_of_many_calls_is_found_again() -> None:
    many = tuple(Use(tool="read_file", input={"path": "a.py", "start_line": 1}) for _ in range(15))
    script = rules(
        Answer(when=When(rounds=0), use=many), Answer(when=When(rounds=1), use=many), Answer(when=When(rounds=2), use=many),
        Answer(say="That is all."), counts=True,
    )  # fmt: skip
    with playing(script) as loopback:
        reply(asking("hello", attachments=(Attachment("long", LONG),)))
    cache = Cache()
    counted = [cache.count(request.body) for request in loopback.requests]
    sizes = [size(request.body) for request in loopback.requests]
    assert [count.read for count in counted[1:]] == sizes[:-1]


def test_tools_and_task_are_the_same_bytes_in_every_turn_of_a_mode() -> None:
    with playing(HELLO) as loopback:
        for mode in ("chat", "edit", "agent"):
            for number in range(3):
                files = {f"file{n}.py": "" for n in range(number)}
                past, versions = conversation(number), dict.fromkeys(files, number)
                reply(asking(f"prompt {number}", mode=mode, history=past, files=files, versions=versions))
    beginnings = [(request.body.get("tools"), request.body["system"]) for request in loopback.requests]
    assert beginnings[0] == beginnings[1] == beginnings[2] and beginnings[6] == beginnings[7] == beginnings[8]
    assert beginnings[0] != beginnings[3] != beginnings[6]


def test_there_are_never_more_marks_than_the_service_takes() -> None:
    read = Use(tool="read_file", input={"path": "b.py"})
    with playing(rules(Answer(when=When(tools=True), use=(read,)), Answer(say="Done."), counts=True)) as loopback:
        assert text(reply(asking("hello", history=conversation(4)))) == "Done."
        assert text(reply(asking("hello"))) == "Done."
    found = [marks(request.body) for request in loopback.requests]
    assert max(found) == MARKS and min(found) == 2


def test_an_interview_of_ten_turns_pays_for_little_twice() -> None:
    """What caching is for: of all that is sent, most is read from the cache."""
    read = Use(tool="read_file", input={"path": "b.py"})
    script = rules(Answer(when=When(rounds=0), use=(read,)), Answer(say="It is " + "long " * 100), counts=True)
    history: tuple[Turn, ...] = ()
    total = Usage()
    with playing(script):
        for number in range(10):
            ask = asking(f"prompt {number} " + "words " * 60, turn=f"a{number + 1}", history=history)
            spent = usage(replace(ask, attachments=(Attachment("b.py", FILES["b.py"]),)))
            total = Usage(
                input_tokens=total.input_tokens + spent.input_tokens,
                cache_read_tokens=total.cache_read_tokens + spent.cache_read_tokens,
                cache_write_tokens=total.cache_write_tokens + spent.cache_write_tokens,
            )
            history = (*history, Turn(ask.prompt, "It is " + "long " * 100, attachments=("b.py",)))
    everything = total.input_tokens + total.cache_read_tokens + total.cache_write_tokens
    assert total.cache_read_tokens > 0.6 * everything
