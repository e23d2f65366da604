"""The catalogue and its tests are the same list, so that a table made from the one tells the truth about the other."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

from tests import sandboxes
from tests.attacks import catalogue

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("group", catalogue.GROUPS, ids=lambda group: group.file)
def test_every_attack_has_its_test_and_every_test_its_attack(group: catalogue.Group) -> None:
    for attack in group.attacks:
        file, _, name = group.test(attack).partition("::")
        function, _, case = name.removesuffix("]").partition("[")
        assert function in names_in(file), attack.id
        assert case in (ROOT / file).read_text("utf-8"), attack.id
    own = {f"test_{attack.id}" for attack in group.attacks if not attack.test}
    if own:
        assert own == names_in(f"tests/attacks/{group.file}")


def test_each_attack_is_there_once_and_names_known_places() -> None:
    ids = [attack.id for attack in catalogue.ATTACKS]
    assert len(ids) == len(set(ids)) >= 60
    assert set(catalogue.PLACES) == set(sandboxes.NAMES)
    for attack in catalogue.ATTACKS:
        assert set(attack.weaker) <= set(catalogue.PLACES), attack.id
        assert all(attack.weaker.values()), attack.id
