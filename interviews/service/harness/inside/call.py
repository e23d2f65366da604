"""Calls functions of the program under test and answers on descriptor 3, so that what it prints does no harm.

Asked on standard input: ``{"driver": source or null, "calls": [["module:function", [argument, …]], …]}``. Says a line of
JSON a call, in order: ``{"value": …}`` or ``{"error": "ClassName"}``. Handed in as ``python3 -P -c`` at every call: nothing
of it is on a disk that the program could write. The program may do with it what it likes, for it holds no secrets.
"""

import importlib
import json
import os
import sys
import types
from collections.abc import Callable
from typing import Any


def main() -> None:
    asked = json.load(sys.stdin)
    os.set_inheritable(3, False)
    answers = os.fdopen(3, "w", encoding="ascii")
    # Only now: a file of the workspace must not stand in for the modules above.
    sys.path.insert(0, os.getcwd())
    sys.argv = ["call"]
    drivers: dict[str, types.ModuleType] = {}

    def found(name: str) -> Callable[..., Any]:
        name, _, function = name.partition(":")
        called: Callable[..., Any] = getattr(module(name), function)
        return called

    def module(name: str) -> types.ModuleType:
        if name != "drive" or asked["driver"] is None:
            return importlib.import_module(name)
        if "drive" not in drivers:
            driver = types.ModuleType("drive")
            exec(compile(asked["driver"], "drive.py", "exec"), driver.__dict__)
            drivers["drive"] = driver
        return drivers["drive"]

    for name, arguments in asked["calls"]:
        try:
            line = json.dumps({"value": found(name)(*arguments)}, allow_nan=False)
        except BaseException as error:
            line = json.dumps({"error": type(error).__name__})
        answers.write(line + "\n")
        answers.flush()
    # Threads that are still at work and functions to be called at the end have nothing to add.
    os._exit(0)


main()
