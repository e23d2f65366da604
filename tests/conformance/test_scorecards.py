"""Scorecards under other rubrics, in each kind of database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from interviews import events as e
from interviews.errors import LogCorrupt, NotFound
from interviews.log import Draft
from interviews.scorecards import Kept
from interviews.store import Scorecards
from interviews.store import tables as t
from tests.conformance.conftest import Store
from tests.support import header

OVER = [Draft("system", e.InterviewStarted()), Draft("system", e.DebriefShown(items=()))]
SECRET = "a word that was said"


def card(events: int = 2, rubric: str = "a", head: str = "h", said: object = "größer 😀", at: int = 1) -> Kept:
    return Kept(
        interview="i1", rubric_sha256=rubric * 64, head_hash=head * 64, events=events, scored_at_ms=at,
        scorecard={"flags": [said], "rubric": {"id": rubric, "version": 1}},
    )  # fmt: skip


def test_they_stand_side_by_side_and_outlive_their_process(database: Store) -> None:
    database.make().append("i1", OVER)
    kept = Scorecards(database.engine())
    assert kept.of("i1") == [] and kept.add([]) == []
    assert kept.add([card(), card(rubric="b", at=2)]) == []
    # Of the same log by the same rubric the first one stays.
    assert kept.add([card(said="other")]) == []
    assert Scorecards(database.engine()).of("i1") == [card(), card(rubric="b", at=2)]
    # The log went on: what was is there still, what is shown is the newest.
    kept.add([card(events=3, head="i", at=3)])
    assert kept.of("i1") == [card(rubric="b", at=2), card(events=3, head="i", at=3)]
    with kept._engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(t.scorecards)).scalar_one() == 3


def test_who_is_not_over_is_not_among_the_finished(database: Store) -> None:
    log = database.make()
    log.create(header("i2"))
    log.append("i2", OVER[:1])
    log.append("i1", OVER)
    kept = Scorecards(database.engine())
    assert kept.finished() == ["i1"] and kept.header("i2") == header("i2")
    with pytest.raises(NotFound):
        kept.header("i3")


@pytest.mark.parametrize("how", ["erased", "withdrawn"])
def test_what_is_taken_out_of_a_log_is_in_no_scorecard_of_it(database: Store, how: str) -> None:
    log, kept = database.make(), Scorecards(database.engine())
    log.create(header("i2"))
    log.append("i2", OVER)
    log.append("i1", [*OVER, Draft("candidate", e.PromptSent(turn="a1", text=SECRET))])
    other = card(events=2).model_copy(update={"interview": "i2"})
    kept.add([card(events=3, said=SECRET), other])
    if how == "erased":
        log.erase("i1", [3], "system", "a test")
    else:
        log.append("i1", [Draft("candidate", e.ConsentWithdrawn(scope="planted-defects"))])
    assert kept.of("i1") == [] and kept.of("i2") == [other]
    # One that was under way when it was taken out comes too late.
    assert kept.add([card(events=3, said=SECRET), other]) == ["i1"]
    with kept._engine.connect() as connection:
        assert SECRET not in str(connection.execute(sa.select(t.scorecards)).all())
    assert kept.add([card(events=4)]) == [] and kept.of("i1") == [card(events=4)]


def test_a_log_is_read_as_it_was_written_and_as_far_as_its_chain_holds(database: Store) -> None:
    log, kept = database.make(), Scorecards(database.engine())
    log.append("i1", [*OVER, Draft("candidate", e.PromptSent(turn="a1", text="größer 😀")), *OVER])
    log.erase("i1", [3], "system", "a test")
    assert list(kept.records(kept.header("i1"))) == log.read("i1")
    for change in (
        {"payload": '{"a": 1'}, {"payload": "{}"}, {"salt": "zz"}, {"hash": "0" * 64}, {"actor": "candidate"}, {"payload": None}
    ):  # fmt: skip
        with kept._engine.connect() as connection:
            where = (t.events.c.interview == "i1", t.events.c.seq == 5)
            before = connection.execute(sa.select(t.events).where(*where)).one()
            connection.execute(t.events.update().where(*where).values(change))
            connection.commit()
            there = kept.records(kept.header("i1"))
            assert [next(there).seq for _ in range(4)] == [1, 2, 3, 4]
            with pytest.raises(LogCorrupt, match=r"\b[Ee]vent 5\b"):
                next(there)
            connection.execute(t.events.update().where(*where).values(before._asdict()))
            connection.commit()
    assert len(list(kept.records(kept.header("i1")))) == 6


def test_a_header_of_a_newer_version_is_told(database: Store) -> None:
    database.make().append("i1", OVER)
    engine = database.engine()
    with engine.begin() as connection:
        text = connection.execute(sa.select(t.interviews.c.header)).scalar_one()
        connection.execute(t.interviews.update().values(header=text.replace("{", '{"tomorrow":1,', 1)))
    with pytest.raises(LogCorrupt, match="header does not fit"):
        Scorecards(engine).header("i1")
