"""What every event log does, in memory or in a database."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from interviews import events as e
from interviews.chain import sha256_hex, verify
from interviews.erasure import with_dependants
from interviews.errors import BadInput, LeaseHeld, LeaseLost, NotFound
from interviews.fold import fold
from interviews.log import ClientKey, Draft, EventLog
from tests.conformance.conftest import Store
from tests.support import header

STARTED = Draft("system", e.InterviewStarted())
SECRET = "a-secret-typed-by-mistake-7f3a"


@pytest.fixture
def log(store: Store) -> EventLog:
    return store.make()


def prompt(text: str) -> Draft:
    return Draft("candidate", e.PromptSent(turn="a1", text=text))


def together(*works: Callable[[], object]) -> None:
    """Run all at once and wait for them."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_records_come_back_as_they_were_appended(log: EventLog) -> None:
    text = "emoji 😀, combining é, control \x00"
    drafts = [STARTED, Draft("candidate", e.PromptSent(turn="a1", text=text), follows=True)]
    appended = log.append("i1", drafts)
    assert log.read("i1") == appended
    assert [record.seq for record in appended] == [1, 2]
    assert appended[1].cause == 1
    assert e.understand(appended[1]).data == e.PromptSent(turn="a1", text=text)


def test_any_json_comes_back_equal(log: EventLog) -> None:
    result = {"10": 1.5, "9": [-0.25, 1e300, None, True], "ü": {"😀": "\u2028", "\ufb33": 2**53 - 1}}
    appended = log.append("i1", [Draft("system", e.AnalysisRecorded(kind="any", result=result))])
    assert log.read("i1") == appended
    assert e.understand(log.read("i1")[0]).data == e.AnalysisRecorded(kind="any", result=result)
    assert verify(log.header("i1"), log.read("i1"))[0] == 1


def test_half_a_character_is_refused_and_nothing_recorded(log: EventLog) -> None:
    with pytest.raises(BadInput, match="whole Unicode"):
        log.append("i1", [STARTED, prompt("half \ud83d")])
    assert log.read("i1") == []


def test_reading_after_a_seq_gives_the_rest(log: EventLog) -> None:
    log.append("i1", [STARTED] * 5)
    assert [record.seq for record in log.read("i1", after=3)] == [4, 5]
    assert log.read("i1", after=5) == []


def test_a_repeated_client_key_appends_nothing(log: EventLog) -> None:
    key = ClientKey("tab-1", 7)
    log.append("i1", [STARTED])
    first = log.append("i1", [STARTED, STARTED], key)
    log.append("i1", [STARTED])
    assert log.append("i1", [STARTED], key) == first
    assert log.find("i1", key) == first == log.read("i1")[1:3]
    assert log.find("i1", ClientKey("tab-2", 7)) == []
    assert len(log.read("i1")) == 4


def test_a_client_key_may_record_nothing_and_is_known_all_the_same(log: EventLog) -> None:
    key = ClientKey("tab-1", 0)
    assert log.append("i1", [], key) == []
    assert log.append("i1", [STARTED], key) == []
    assert log.read("i1") == []


def test_one_message_sent_by_many_at_once_is_recorded_once(log: EventLog) -> None:
    got: list[list[e.Record]] = []
    together(*[lambda: got.append(log.append("i1", [STARTED, STARTED], ClientKey("tab-1", 1)))] * 8)
    assert got == [log.read("i1")] * 8
    assert len(got[0]) == 2


@pytest.mark.parametrize(
    ("name", "number"), [("", 1), ("x" * 201, 1), ("a\x00b", 1), ("\ud83d", 1), ("a", -1), ("a", 2**53)]
)
def test_a_client_key_that_no_page_sends_is_refused(name: str, number: int) -> None:
    with pytest.raises(BadInput, match="Expected a client's"):
        ClientKey(name, number)


def test_time_never_runs_backwards_in_a_log(store: Store) -> None:
    times = iter([2_000, 1_000, 3_000])
    log = store.make(clock=lambda: next(times))
    for _ in range(3):
        log.append("i1", [STARTED])
    assert [record.at_ms for record in log.read("i1")] == [2_000, 2_000, 3_000]


def test_writers_at_once_leave_one_gapless_chain_and_each_gets_its_own(log: EventLog) -> None:
    got: list[list[e.Record]] = []

    def write() -> None:
        for _ in range(20):
            got.append(log.append("i1", [STARTED, STARTED]))

    together(*[write] * 5)
    records = log.read("i1")
    assert verify(log.header("i1"), records)[0] == 200
    assert sorted(record.seq for pair in got for record in pair) == list(range(1, 201))
    assert all(pair == records[pair[0].seq - 1 : pair[1].seq] for pair in got)


def test_logs_of_many_interviews_do_not_mix(log: EventLog) -> None:
    names = ["i1", "i2", "i3"]
    for name in names[1:]:
        log.create(header(name))

    def write(name: str) -> Callable[[], None]:
        def work() -> None:
            for _ in range(10):
                log.append(name, [prompt(name)])

        return work

    together(*map(write, names * 2))
    for name in names:
        records = log.read(name)
        assert verify(log.header(name), records)[0] == 20
        assert {(record.payload or {})["text"] for record in records} == {name}


def test_unknown_and_doubled_interviews_are_told(log: EventLog) -> None:
    with pytest.raises(NotFound, match="nobody"):
        log.read("nobody")
    with pytest.raises(NotFound, match="nobody"):
        log.append("nobody", [STARTED])
    with pytest.raises(NotFound, match="nobody"):
        log.erase("nobody", [1], "interviewer:ada", "why")
    with pytest.raises(NotFound, match="nobody"):
        log.acquire("nobody", "here", 10)
    with pytest.raises(BadInput, match="i1"):
        log.create(header("i1"))


def test_interviews_are_listed_newest_first(log: EventLog) -> None:
    log.create(header("i2").model_copy(update={"created_at_ms": 1_800_000_000_000}))
    assert [found.id for found in log.interviews()] == ["i2", "i1"]


# Leases


def test_one_owner_at_a_time_and_each_change_of_hands_counts_on(log: EventLog) -> None:
    first = log.acquire("i1", "here", 10)
    log.append("i1", [STARTED], lease=first)
    with pytest.raises(LeaseHeld, match="here"):
        log.acquire("i1", "there", 10)
    log.release(first)
    second = log.acquire("i1", "there", 10)
    assert second.epoch > first.epoch
    log.append("i1", [STARTED], lease=second)
    assert len(log.read("i1")) == 2


def test_a_former_owner_records_nothing(log: EventLog) -> None:
    former = log.acquire("i1", "here", 10)
    log.append("i1", [prompt("kept")], ClientKey("tab-1", 1), former)
    log.release(former)
    lease = log.acquire("i1", "there", 10)
    with pytest.raises(LeaseLost, match="i1"):
        log.append("i1", [STARTED], lease=former)
    with pytest.raises(LeaseLost):
        log.append("i1", [STARTED], ClientKey("tab-1", 2), former)
    with pytest.raises(LeaseLost):
        log.erase("i1", [1], "interviewer:ada", "why", lease=former)
    assert log.renew([former, lease]) == [former]
    log.release(former)
    assert [e.understand(record).data for record in log.read("i1")] == [e.PromptSent(turn="a1", text="kept")]
    assert log.find("i1", ClientKey("tab-1", 2)) == []
    # Nor did it take anything from the one after it.
    assert log.renew([lease]) == []
    log.append("i1", [STARTED], lease=lease)


def test_an_owner_that_comes_back_under_its_name_has_lost_its_older_lease(log: EventLog) -> None:
    older = log.acquire("i1", "here", 10)
    newer = log.acquire("i1", "here", 10)
    log.append("i1", [STARTED], lease=newer)
    with pytest.raises(LeaseLost):
        log.append("i1", [STARTED], lease=older)


def test_a_lease_is_taken_over_only_after_a_term_without_renewal_whatever_the_clock_says(store: Store) -> None:
    seconds, wall_ms = [1_000.0], [1_700_000_000_000]
    log = store.make(clock=lambda: wall_ms[0], monotonic=lambda: seconds[0])
    lease = log.acquire("i1", "here", 10)

    def refused() -> None:
        with pytest.raises(LeaseHeld):
            log.acquire("i1", "there", 10)

    refused()
    wall_ms[0] += 86_400_000
    seconds[0] += 9
    refused()
    assert log.renew([lease]) == []
    seconds[0] += 9
    refused()  # and sees the renewal
    wall_ms[0] -= 2 * 86_400_000
    seconds[0] += 9
    log.append("i1", [STARTED], lease=lease)
    refused()
    seconds[0] += 1
    taken = log.acquire("i1", "there", 10)
    assert taken.epoch > lease.epoch
    with pytest.raises(LeaseLost):
        log.append("i1", [STARTED], lease=lease)
    log.append("i1", [STARTED], lease=taken)
    at = [record.at_ms for record in log.read("i1")]
    assert at == sorted(at) and len(at) == 2


def test_the_lease_of_an_owner_that_has_ended_is_taken_at_once(store: Store) -> None:
    gone: set[str] = set()
    log = store.make(ended=gone.__contains__)
    lease = log.acquire("i1", "here", 10)
    with pytest.raises(LeaseHeld):
        log.acquire("i1", "there", 10)
    gone.add("here")
    taken = log.acquire("i1", "there", 10)
    with pytest.raises(LeaseLost):
        log.append("i1", [STARTED], lease=lease)
    assert log.renew([lease, taken]) == [lease]


def test_an_interview_is_under_way_from_its_first_event_until_it_is_over(log: EventLog) -> None:
    assert log.under_way() == []
    log.create(header("i2"))
    log.append("i2", [STARTED])
    log.append("i1", [STARTED])
    assert set(log.under_way()) == {"i1", "i2"}
    log.append("i1", [Draft("system", e.DebriefShown(items=()))])
    assert log.under_way() == ["i2"]
    assert log.unscored(0) == ["i1"]
    assert log.unscored(1 << 60) == []
    log.append("i1", [Draft("system", e.ScoreRecorded(scorecard={}, author="rubric"))])
    assert log.unscored(0) == []


# Content


def test_content_is_kept_by_its_hash_until_it_is_wanted_no_more(log: EventLog) -> None:
    first, second = bytes(range(256)), b"\xff" * 100_000
    log.create(header("i2"))
    log.keep("i1", first, [])
    log.keep("i1", first, [])
    log.keep("i1", second, [sha256_hex(first)])
    assert log.content("i1", sha256_hex(first)) == first
    assert log.content("i1", sha256_hex(second)) == second
    assert log.content("i2", sha256_hex(first)) is None
    log.keep("i1", b"third", [sha256_hex(second)])
    assert [log.content("i1", sha256_hex(one)) for one in (first, second, b"third")] == [None, second, b"third"]
    with pytest.raises(NotFound):
        log.keep("nobody", first, [])


def test_content_is_erased_with_its_event(log: EventLog) -> None:
    for data in (b"\xffa", b"\xffb"):
        log.keep("i1", data, [sha256_hex(b"\xffa")])
        whole = e.FileSnapshotted(
            path="a.bin", version=1, text=None, size=2, sha256=sha256_hex(data), origin="terminal"
        )
        log.append("i1", [Draft("terminal", whole)])
    log.erase("i1", [1], "interviewer:ada", "why")
    assert (log.content("i1", sha256_hex(b"\xffa")), log.content("i1", sha256_hex(b"\xffb"))) == (None, b"\xffb")


# Erasure


def test_what_is_erased_is_gone_and_the_chain_verifies_and_tells_of_it(log: EventLog) -> None:
    before = log.append("i1", [STARTED, prompt(SECRET), prompt("more")], ClientKey("tab-1", 1))
    (told,) = log.erase("i1", [2], "interviewer:ada", "A password")
    records = log.read("i1")
    assert [record.payload is None for record in records] == [False, True, False, False]
    assert records[1] == before[1].model_copy(update={"payload": None, "salt": None})
    assert records[3] == told
    assert (told.actor, e.understand(told).data) == ("interviewer:ada", e.PayloadErased(seqs=(2,), reason="A password"))
    assert verify(log.header("i1"), records) == (4, told.hash, 1)
    assert log.find("i1", ClientKey("tab-1", 1)) == records[:3]
    assert log.erase("i1", [2, 3], "interviewer:ada", "Again")[0].seq == 5
    assert verify(log.header("i1"), log.read("i1"))[2] == 2


@pytest.mark.parametrize(
    "seqs", [[], [4], [0], [1, 99], [3]], ids=["none", "later", "zero", "some", "the erasure itself"]
)
def test_nothing_is_erased_unless_all_of_it_can_be(log: EventLog, seqs: list[int]) -> None:
    log.append("i1", [prompt("gone"), STARTED])
    log.erase("i1", [1], "interviewer:ada", "why")
    before = log.read("i1")
    with pytest.raises((BadInput, NotFound)):
        log.erase("i1", seqs, "interviewer:ada", "why")
    assert log.read("i1") == before


def test_what_is_left_after_an_erasure_folds_and_work_goes_on(log: EventLog) -> None:
    def whole(text: str, version: int) -> Draft:
        return Draft("system", e.FileSnapshotted(
            path="a.py", version=version, text=text, size=len(text), sha256="0" * 64, origin="rebuild"
        ))  # fmt: skip

    def edit(version: int, *changes: object) -> Draft:
        data = e.FileEdited(path="a.py", version=version, changes=list(changes), origin="typed", client="c")
        return Draft("candidate", data)

    def events() -> list[e.Event]:
        return [e.understand(record) for record in log.read("i1")]

    log.append("i1", [whole("", 0), edit(1, [0, "key="]), edit(2, 4, [0, SECRET]), edit(3, 4, [len(SECRET)])])
    gone, unknown = with_dependants(events(), [3])
    assert (gone, unknown) == ({3, 4}, {"a.py"})
    told = log.erase("i1", gone, "interviewer:ada", "A password", then=[whole("key=", 3)])
    assert [record.type for record in told] == ["payload.erased", "file.snapshotted"]
    log.append("i1", [edit(4, 4, [0, "getenv()"])])
    assert fold(events()).files["a.py"].text == "key=getenv()"
    assert fold(events()[:4]).files["a.py"].text == "key="
    assert SECRET not in str(log.read("i1"))
    # The text stands whole again before anything else hangs on the erased edit.
    assert with_dependants(events(), [2]) == ({2}, set())
    assert with_dependants(events(), [6]) == ({6, 7}, {"a.py"})
