"""What a command prints of words that came from elsewhere."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from app import main
from commands.saying import plain


def test_no_sign_gives_a_terminal_orders() -> None:
    assert plain("Zoë \x1b[2J 名\n\x9b1m\u202egone") == "Zoë \\x1b[2J 名\\n\\x9b1m\\u202egone"


def test_an_error_repeats_what_came_without_its_orders(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["score", str(tmp_path / "\x1b[31mred")])
    assert told.exit_code == 1 and "\x1b" not in told.output and "\\x1b[31mred" in told.output


def test_groups_are_named_without_their_orders(tmp_path: Path) -> None:
    groups, scores = tmp_path / "groups.csv", tmp_path / "scores.csv"
    groups.write_text("interview,group\n" + "".join(f"i{n},\x1b[3{n % 2}m\n" for n in range(8)), "utf-8")
    scores.write_text(
        "interview,dimension,score\n" + "".join(f"i{n},prompt,0.{n}\n" for n in range(1, 8)) + "i0,prompt,1e-99\n",
        "utf-8",
    )
    told = CliRunner().invoke(main, ["adverse-impact", "--groups", str(groups), "--scores", str(scores)])
    assert told.exit_code == 0, told.output
    assert "\x1b" not in told.output and "\\x1b[30m" in told.output


def test_a_number_of_millions_of_digits_is_refused_at_once(tmp_path: Path) -> None:
    groups, scores = tmp_path / "groups.csv", tmp_path / "scores.csv"
    groups.write_text("interview,group\na,x\nb,y\n", "utf-8")
    scores.write_text("interview,dimension,score\na,prompt,1e-99999999\nb,prompt,0.5\n", "utf-8")
    told = CliRunner().invoke(main, ["adverse-impact", "--groups", str(groups), "--scores", str(scores)])
    assert told.exit_code == 1 and "Line 2" in told.output and "from 0 to 1" in told.output
