"""Signals, things shown, and exports by id: the file names in their folders.

Owns the look-up. Invariant: a new one is a new file, with no list to add it to. Leaves out what they do.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import cast

from interviews.errors import BadInput
from rubrics import exports as exports_package
from rubrics import shown as shown_package
from rubrics import signals as signals_package
from rubrics.base import Export, Shown, Signal


def signal_ids() -> list[str]:
    """Ids of the signals found, sorted."""
    return _ids(signals_package)


def shown_ids() -> list[str]:
    """Ids of the things shown beside a score, sorted."""
    return _ids(shown_package)


def export_ids() -> list[str]:
    """Ids of the exports found, sorted."""
    return _ids(exports_package)


def signal(id_: str) -> Signal:
    """The signal of that id. Raises ``BadInput`` for an unknown one."""
    if id_ not in signal_ids():
        raise BadInput("Expected one of the signals %(names)s, got %(got)s", names=", ".join(signal_ids()), got=id_)
    return cast(Signal, importlib.import_module(f"{signals_package.__name__}.{id_}").signal)


def shown(id_: str) -> Shown:
    """The thing shown of that id. Raises ``BadInput`` for an unknown one."""
    if id_ not in shown_ids():
        raise BadInput("Expected one of %(names)s, got %(got)s", names=", ".join(shown_ids()), got=id_)
    return cast(Shown, importlib.import_module(f"{shown_package.__name__}.{id_}").shown)


def export(id_: str) -> Export:
    """The export of that id. Raises ``BadInput`` for an unknown one."""
    if id_ not in export_ids():
        raise BadInput("Expected one of the exports %(names)s, got %(got)s", names=", ".join(export_ids()), got=id_)
    return cast(Export, importlib.import_module(f"{exports_package.__name__}.{id_}").export)


def _ids(package: ModuleType) -> list[str]:
    return list(_found(package))


@cache
def _found(package: ModuleType) -> list[str]:
    # Folders do not change while a process runs, and each score asks some twenty times.
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__) if not found.name.startswith("_"))
