"""What a server does before it serves."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import cast

from flask import Flask

from web.serve import Server, bind


def test_collections_of_garbage_pass_over_what_is_there_from_the_start() -> None:
    held, begun = [[number] for number in range(1_000)], list[int]()
    interviews = SimpleNamespace(start=lambda: begun.append(gc.get_freeze_count()))

    def make() -> Flask:
        return cast(Flask, SimpleNamespace(extensions={"interviews": interviews, "held": held}))

    with bind("127.0.0.1", 0) as listener:
        try:
            Server(listener, 1, make).load()
        finally:
            gc.unfreeze()
    # Before what is under way is begun again: that ends one day.
    assert begun and begun[0] > len(held)
