"""Mappings that name classes by text, so that a class is imported when it is used and not when the table is read.

A program that only sends messages never imports the classes of the other actions, their replies and the notices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, TypeVar

V = TypeVar("V")


class ClassTable(Mapping[type[Any], V]):
    """A mapping from classes to values, given as ``{module: {class name: value}}``.

    Looking up a class imports nothing, because a class knows its module and its name. Iterating imports all modules.
    """

    def __init__(self, modules: Mapping[str, Mapping[str, V]]) -> None:
        self._modules = modules
        self._values = {(module, name): value for module, values in modules.items() for name, value in values.items()}

    def __getitem__(self, kind: type[Any]) -> V:
        return self._values[kind.__module__, kind.__qualname__]

    def __iter__(self) -> Iterator[type[Any]]:
        for module, values in self._modules.items():
            for name in values:
                yield getattr(import_module(module), name)

    def __len__(self) -> int:
        return len(self._values)


class ClassesByPath(Mapping[str, type[Any]]):
    """A mapping from paths of fields to classes, given as ``{path: (module, class name)}``. Looking up a class imports it."""

    def __init__(self, classes: Mapping[str, tuple[str, str]]) -> None:
        self._classes = classes

    def __getitem__(self, path: str) -> type[Any]:
        module, name = self._classes[path]
        found: type[Any] = getattr(import_module(module), name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)
