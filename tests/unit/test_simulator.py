"""Interviews that nobody gave are logs like any other, and what is known of them stands beside."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import main
from interviews import events as e
from interviews.chain import verify
from interviews.errors import BadInput
from interviews.exercises import expresses
from interviews.fold import fold
from interviews.ndjson import read_log
from simulator import lockers, returns, says
from simulator.chance import D_MEAN, SKILLS, SPREAD, Sight, Skills, anybody, parse, step_chance
from simulator.course import Request, Simulated, simulate
from simulator.tricks import TRICKS, play
from simulator.voice import VARIANTS
from simulator.work import STYLES


def kinds(made: Simulated) -> list[str]:
    return [record.type for record in made.records]


def payloads(made: Simulated, type_: str) -> list[dict[str, e.Json]]:
    return [record.payload or {} for record in made.records if record.type == type_]


@pytest.mark.parametrize("style", STYLES)
def test_log_of_each_style_verifies_and_folds_and_is_the_same_again(style: str) -> None:
    request = Request(5, anybody(5), next(one for one in STYLES if one == style))
    made = simulate(request)

    header, records = read_log(io.StringIO(made.text()))

    assert verify(header, records)[0] == len(records)
    state = fold(e.understand(record) for record in records)
    assert state.files
    assert simulate(request).text() == made.text()
    assert simulate(replace(request, seed=6)).text() != made.text()


def test_counts_are_those_of_a_real_session() -> None:
    made = [simulate(Request(seed, Skills())) for seed in range(8)]

    prompts = [len(payloads(one, "prompt.sent")) for one in made]
    assert sorted(prompts)[len(prompts) // 2] in range(7, 11)
    for one in made:
        judged, notes = payloads(one, "hunk.judged"), payloads(one, "review.annotated")[0]["hunks"]
        assert len(judged) == 16 and sum(note["defect"] is not None for note in notes) == 6
        assert sum(chance.kind == "follow_up" for chance in one.truth.chances) in (3, 4)
    kinds_of = {one["kind"] for one in payloads(made[0], "analysis.recorded")}
    assert {"hidden_tests", "accepted_coverage", "own_tests"} <= kinds_of


def test_delegators_hand_over_tickets_and_self_coders_ask_for_less() -> None:
    delegated, own = (simulate(Request(3, Skills(), style)) for style in ("delegator", "self-coder"))
    usual = simulate(Request(3, Skills()))

    assert kinds(delegated).count("ticket.opened") == 4 and "ticket.revised" in kinds(delegated)
    assert "prompt.sent" not in kinds(delegated)
    assert len(payloads(own, "prompt.sent")) < len(payloads(usual, "prompt.sent"))


@pytest.mark.parametrize("name", SKILLS)
def test_more_skill_takes_more_opportunities_with_the_same_luck(name: str) -> None:
    def taken(skills: Skills) -> tuple[int, int]:
        truth = simulate(Request(11, skills)).truth
        done = sum(one.done for one in truth.chances if one.skill == name)
        right = sum((one.step >= 2) == one.flawed for one in truth.sights)
        return done, right if name == "critique" else 0

    weak, strong = taken(Skills(**{name: -2.0})), taken(Skills(**{name: 2.0}))

    assert strong > weak


def test_style_changes_nothing_of_how_likely_an_opportunity_is_taken() -> None:
    known = {
        style: {(one.kind, one.name): one for one in simulate(Request(2, anybody(2), style)).truth.chances}
        for style in STYLES
    }
    for style in STYLES:
        shared = known[style].keys() & known["incremental"].keys()
        assert len(shared) > 10
        assert all(known[style][key] == known["incremental"][key] for key in shared)


def test_four_steps_of_a_verdict_are_all_that_can_happen() -> None:
    for flawed in (True, False):
        steps = [step_chance(Sight("v", flawed, 0.2 if flawed else 0.0, step), D_MEAN, 0.1) for step in range(4)]
        assert sum(steps) == pytest.approx(1) and min(steps) > 0
    caught = sum(step_chance(Sight("v", True, 0.0, step), 3.0, 0.0) for step in (2, 3))
    assert caught > 0.9


def test_likelihood_prefers_the_skill_that_the_interview_was_made_with() -> None:
    truths = [simulate(Request(seed, Skills(prompt=1.0, critique=1.0, refine=1.0))).truth for seed in range(6)]
    for name in SKILLS:
        ratio = 1.0
        for truth in truths:
            ratio *= truth.likelihood(name, 1.0) / truth.likelihood(name, -1.0)
        assert ratio > 1


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_other_words_say_the_same_of_the_same_acts(variant: str) -> None:
    plain = Request(9, anybody(9))
    other = replace(plain, variant=next(one for one in VARIANTS if one == variant))

    one, two = simulate(plain), simulate(other)

    assert one.truth == two.truth
    assert kinds(one) == kinds(two)
    changed = [a != b for a, b in zip(payloads(one, "prompt.sent"), payloads(two, "prompt.sent"), strict=True)]
    assert any(changed) or variant in ("british", "american")


def test_other_names_pace_and_an_outage_leave_what_was_done() -> None:
    plain = Request(4, anybody(4))
    made = simulate(plain)
    renamed, slower, outage = (
        simulate(one) for one in (replace(plain, renamed=True), replace(plain, slower=1.5), replace(plain, outage=True))
    )

    assert made.truth == renamed.truth == slower.truth == outage.truth
    paths = {one["path"] for one in payloads(renamed, "file.snapshotted")}
    assert "cabinet/prices.py" in paths and "lockers/fees.py" not in paths
    took = [one.records[-1].at_ms - one.records[0].at_ms for one in (made, slower)]
    assert 1.4 < took[1] / took[0] < 1.6
    assert "reply.failed" in kinds(outage) and "sandbox.lost" in kinds(outage)
    for one in (renamed, slower, outage):
        assert verify(one.header, one.records)


def test_an_exercise_recognises_its_own_requirements_and_every_plain_way_to_say_them() -> None:
    for atom in lockers.ATOMS:
        for text in (atom.text, *says.ATOMS[atom.id].plain, *says.ATOMS[atom.id].other):
            assert expresses(atom.patterns, text), text
    for defect in (*returns.DEFECTS, *lockers.DEFECTS):
        for text in (*says.FAULTS[defect.id].plain, *says.FAULTS[defect.id].other):
            assert expresses(defect.patterns, text), text


def test_paraphrases_share_no_sentence() -> None:
    pools = [one for one in vars(says).values() if isinstance(one, says.Say)]
    pools += [
        each
        for one in vars(says).values()
        if isinstance(one, dict)
        for each in one.values()
        if isinstance(each, says.Say)
    ]
    assert len(pools) > 40
    assert all(not (set(one.plain) & set(one.other)) - {""} for one in pools)


@pytest.mark.parametrize("trick", TRICKS)
def test_who_plays_a_trick_is_weak_and_leaves_a_sound_log(trick: str) -> None:
    made = play(next(one for one in TRICKS if one == trick), 1)

    assert verify(made.header, made.records)
    assert all(made.truth.skills.of(name) == -SPREAD[name] for name in SKILLS)
    verdicts = {one["verdict"] for one in payloads(made, "hunk.judged")}
    assert verdicts == {"reject-all": {"block"}, "fake-critic": {"block"}, "accept-all": {"merge"}}.get(trick, verdicts)
    assert len(payloads(made, "hunk.judged")) == 16 - (trick == "one-left-open")


@pytest.mark.parametrize("bad", ["prompt", "prompt=x", "prompt=9", "sense=1", "prompt=1,prompt=2"])
def test_skills_that_do_not_fit_are_refused(bad: str) -> None:
    with pytest.raises(BadInput, match="Expected skills"):
        parse(bad)


def test_command_writes_a_log_that_verifies_and_what_is_known_beside_it(tmp_path: Path) -> None:
    out, truth = tmp_path / "s.ndjson", tmp_path / "t.json"
    asked = ["simulate", "--skill", "prompt=0.4,critique=-0.6", "--style", "delegator", "--seed", "7"]

    made = CliRunner().invoke(main, [*asked, "--out", str(out), "--truth", str(truth)])

    assert made.exit_code == 0, made.output
    assert CliRunner().invoke(main, ["verify", str(out)]).exit_code == 0
    known = json.loads(truth.read_text("utf-8"))
    assert known["skills"]["prompt"] == 0.4 and known["chances"] and known["verdicts"]
    assert "difficulty" not in out.read_text("utf-8").replace('"difficulty": "', "")
    again = CliRunner().invoke(main, [*asked, "--out", str(tmp_path / "again")])
    assert again.exit_code == 0 and (tmp_path / "again").read_bytes() == out.read_bytes()
    assert CliRunner().invoke(main, ["simulate", "--seed", "1", "--out", str(tmp_path)]).exit_code != 0


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--slower", "nan", "nan is not a finite number"),
        ("--slower", "5", "not in the range 0.5<=x<=4"),
        ("--criterion", "nan", "nan is not a finite number"),
        ("--criterion", "inf", "not in the range -10<=x<=10"),
        ("--criterion", "-inf", "not in the range -10<=x<=10"),
        ("--seed", "9" * 23, "not in the range 0<=x<=9007199254740991"),
        ("--seed", "-1", "not in the range 0<=x<=9007199254740991"),
    ],
)
def test_a_number_that_is_none_is_told_with_its_option(tmp_path: Path, option: str, value: str, says: str) -> None:
    out, truth = tmp_path / "s.ndjson", tmp_path / "t.json"
    asked = ["simulate", "--seed", "1", "--out", str(out), "--truth", str(truth), f"{option}={value}"]
    told = CliRunner().invoke(main, asked)
    assert told.exit_code == 2 and isinstance(told.exception, SystemExit)
    assert f"'{option}'" in told.stderr and says in told.stderr
    assert not out.exists() and not truth.exists()


def test_the_largest_seed_gives_an_interview(tmp_path: Path) -> None:
    out = tmp_path / "s.ndjson"
    assert CliRunner().invoke(main, ["simulate", "--seed", str(2**53 - 1), "--out", str(out)]).exit_code == 0
    assert CliRunner().invoke(main, ["verify", str(out)]).exit_code == 0
